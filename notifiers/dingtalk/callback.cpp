#include "notifiers/dingtalk/callback.hpp"

#include <spdlog/spdlog.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "notifiers/dingtalk/press_answer.hpp"
#include "notifiers/dingtalk/sign.hpp"
#include "notifiers/dingtalk/stream_frame.hpp"
#include "notifiers/http_outcome.hpp"

namespace klaw::notifiers::dingtalk {
namespace {

using net::ServerResponse;
using Json = nlohmann::ordered_json;

constexpr Duration kClockWindow = 5min;
constexpr Duration kRegisterAgain = 1min;
constexpr std::string_view kCardPath = "card/";

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
}

}  // namespace

Callback::Callback(Loop& loop, LoopClock& clock, std::shared_ptr<App> app, InboundHandler& handler, std::string address)
    : clock_(clock),
      app_(std::move(app)),
      handler_(handler),
      address_(std::move(address)),
      cardKey_(hexEncode(hmacSha256(app_->options().secret, "presses of cards")).substr(0, 32)),
      templates_(app_->options().cardTemplate),
      seen_(kClockWindow),
      tasks_(loop, reportFailure) {}

void Callback::start() {
    tasks_.spawn("card address of " + app_->options().name, keepRegistered());
}

Task<void> Callback::stop() {
    stopping_ = true;
    registered_ = false;
    co_await tasks_.stop();
}

Task<void> Callback::keepRegistered() {
    for (;;) {
        auto done = co_await registerCards();
        registered_ = done.has_value();
        lastError_ = done ? std::string() : done.error().describe();
        if (done) co_return;
        spdlog::warn("{}: presses do not come in: {}", app_->options().name, lastError_);
        ++counts_.reconnects[std::string(toString(done.error().code))];
        co_await clock_.sleepFor(kRegisterAgain);
    }
}

/// Tells the platform where presses are posted to.
Task<Result<void>> Callback::registerCards() {
    auto url = address_ + "/" + std::string(kCardPath) + cardKey_;
    Json body{{"callbackRouteKey", cardRoute}, {"callbackUrl", url}, {"forceUpdate", true}};
    auto text = body.dump();
    auto answer =
        co_await app_->call("card.callbacks.register", "POST", "/v1.0/card/callbacks/register", std::move(text));
    auto failure = !answer                               ? std::move(answer.error())
                   : answer->kind != Answer::Kind::Taken ? std::move(answer->error)
                                                         : Error();
    if (answer && answer->kind == Answer::Kind::Taken) co_return Result<void>();
    failure.message = withoutOwnSecrets(std::move(failure.message), url, cardKey_);
    co_return fail(std::move(failure));
}

ServerResponse Callback::refuse(const char* reason, int status) {
    ++counts_.dropped[reason];
    return refusal(status);
}

/// Nothing, or what is wrong with it.
const char* Callback::troubleWithSignature(const net::ServerRequest& request) {
    auto timestamp = request.headers.get("timestamp").value_or(""), given = request.headers.get("sign").value_or("");
    std::int64_t milliseconds = 0;
    auto read = std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), milliseconds);
    bool number = !timestamp.empty() && read.ec == std::errc() && read.ptr == timestamp.data() + timestamp.size();
    constexpr std::int64_t latest = 9'000'000'000'000;
    if (!number || milliseconds <= 0 || milliseconds > latest) return "bad signature";
    if (!equalInConstantTime(given, signature(app_->options().secret, milliseconds))) return "bad signature";
    auto at = fromUnixMillis(milliseconds), now = clock_.now();
    if (at + kClockWindow < now || at > now + kClockWindow) return "too old or too new";
    return seen_.isNew(sha256(std::string(timestamp) + request.body), now) ? nullptr : "replayed";
}

Task<ServerResponse> Callback::receive(net::ServerRequest request, std::string rest) {
    if (stopping_) co_return refuse("stopping", 503);
    if (request.method != "POST") co_return refuse("not a post to our address", 404);
    if (request.body.size() > longestBody) co_return refuse("too long", 413);
    if (rest.empty()) co_return takeMessage(request);
    bool forCards = rest.starts_with(kCardPath) && equalInConstantTime(rest.substr(kCardPath.size()), cardKey_);
    if (!forCards) co_return refuse("bad card address");
    co_return co_await takePress(std::move(request.body));
}

ServerResponse Callback::takeMessage(const net::ServerRequest& request) {
    if (const auto* trouble = troubleWithSignature(request)) return refuse(trouble);
    auto message = readChatMessage(request.body);
    if (!message) return refuse("malformed message", 400);
    lastHeardOf_ = clock_.now();
    ++counts_.frames["message"];
    app_->corporation().learn(message->botOrganisation);
    if (!app_->corporation().vouchFor(message->from)) ++counts_.dropped["identity of another organisation"];
    handler_.message(std::move(*message));
    return ServerResponse::json(200, "{}");
}

Task<ServerResponse> Callback::takePress(std::string body) {
    auto press = readCardPress(body);
    if (!press) co_return refuse("malformed press", 400);
    lastHeardOf_ = press->at = clock_.now();
    ++counts_.frames["press"];
    press->eventId = "http-" + std::to_string(toUnixMillis(press->at)) + "-" + std::to_string(++presses_);
    if (!app_->corporation().vouchForPresser(press->by)) ++counts_.dropped["identity of another organisation"];
    const auto& made = templates_.of(press->cardRef);
    auto said = co_await handler_.press(std::move(*press));
    co_return ServerResponse::json(200, answerToPress(made, std::move(said), pressUpdate));
}

}  // namespace klaw::notifiers::dingtalk
