#include "notifiers/feishu/callback.hpp"

#include <spdlog/spdlog.h>

#include <charconv>

#include "base/digest.hpp"
#include "base/text/json_fields.hpp"
#include "notifiers/feishu/bot_info.hpp"
#include "notifiers/feishu/callback_seal.hpp"
#include "notifiers/feishu/events.hpp"

namespace klaw::notifiers::feishu {
namespace {

using net::ServerResponse;

constexpr Duration kClockWindow = 5min;
constexpr Duration kAskAgain = 1min;

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
}

bool isNear(std::string_view unixSeconds, TimePoint now) {
    std::int64_t seconds = 0;
    auto read = std::from_chars(unixSeconds.data(), unixSeconds.data() + unixSeconds.size(), seconds);
    constexpr std::int64_t latest = 9'000'000'000;
    if (read.ec != std::errc() || seconds <= 0 || seconds > latest) return false;
    auto at = fromUnixMillis(seconds * 1000);
    return at + kClockWindow >= now && at <= now + kClockWindow;
}

}  // namespace

/// One request as the platform wrote it before it was sealed.
struct Callback::Letter {
    std::string text;
    const char* trouble = nullptr;  ///< why it is not the platform's
    bool isSigned = false;
};

Callback::Callback(Loop& loop, LoopClock& clock, std::shared_ptr<App> app, InboundHandler& handler,
                   CallbackOptions options)
    : clock_(clock),
      app_(std::move(app)),
      handler_(handler),
      options_(std::move(options)),
      seen_(kClockWindow),
      tasks_(loop, reportFailure) {}

void Callback::start() {
    started_ = true;
    tasks_.spawn("bot of " + app_->options().name, learnBotId());
}

Task<void> Callback::stop() {
    stopping_ = true;
    started_ = false;
    co_await tasks_.stop();
}

/// Without it our mention is told by its kind.
Task<void> Callback::learnBotId() {
    for (;;) {
        auto bot = co_await askBot(app_);
        if (bot) botId_ = bot->id;
        lastError_ = bot ? std::string() : bot.error().describe();
        if (bot) co_return;
        co_await clock_.sleepFor(kAskAgain);
    }
}

ServerResponse Callback::refuse(const char* reason, int status) {
    ++counts_.dropped[reason];
    return refusal(status);
}

/// Nothing, or what is wrong with it.
const char* Callback::troubleWithSignature(const net::ServerRequest& request) {
    auto header = [&](const char* name) { return request.headers.get(name).value_or(""); };
    auto timestamp = header("X-Lark-Request-Timestamp"), given = header("X-Lark-Signature");
    auto wanted = callbackSignature(timestamp, header("X-Lark-Request-Nonce"), options_.encryptKey, request.body);
    if (!equalInConstantTime(given, wanted)) return "bad signature";
    if (!isNear(timestamp, clock_.now())) return "too old or too new";
    return seen_.isNew(std::move(wanted), clock_.now()) ? nullptr : "replayed";
}

Callback::Letter Callback::open(const net::ServerRequest& request) {
    Letter letter;
    if (options_.encryptKey.empty()) {
        letter.text = request.body;
        return letter;
    }
    letter.isSigned = request.headers.get("X-Lark-Signature").has_value();
    if (letter.isSigned) letter.trouble = troubleWithSignature(request);
    if (letter.trouble) return letter;
    auto opened = openSealed(textAt(parsedJson(request.body), "encrypt"), options_.encryptKey);
    // Another key may by chance leave a padding that looks right: that must not look different from outside.
    if (opened && parsedJson(*opened).is_object())
        letter.text = std::move(*opened);
    else
        letter.trouble = "not sealed with our key";
    return letter;
}

bool Callback::holdsToken(const std::string& token) const {
    return options_.verificationToken.empty() || equalInConstantTime(token, options_.verificationToken);
}

Task<ServerResponse> Callback::receive(net::ServerRequest request, std::string rest) {
    if (stopping_) co_return refuse("stopping", 503);
    if (request.method != "POST" || !rest.empty()) co_return refuse("not a post to our address", 404);
    if (request.body.size() > longestBody) co_return refuse("too long", 413);
    auto letter = open(request);
    if (letter.trouble) co_return refuse(letter.trouble);
    auto json = parsedJson(letter.text);
    if (textAt(json, "type") == "url_verification") {
        if (!holdsToken(textAt(json, "token"))) co_return refuse("bad token");
        ++counts_.frames["challenge"];
        auto answer = nlohmann::ordered_json{{"challenge", textAt(json, "challenge")}};
        co_return ServerResponse::json(200, answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    }
    if (!options_.encryptKey.empty() && !letter.isSigned) co_return refuse("no signature");
    co_return co_await take(std::move(letter.text));
}

Task<ServerResponse> Callback::take(std::string text) {
    auto event = readEvent(text, botId_);
    if (!event) co_return refuse("malformed event", options_.encryptKey.empty() ? 401 : 400);
    if (!holdsToken(event->token)) co_return refuse("bad token");
    if (event->appId != app_->options().id) co_return refuse("event of another application");
    lastHeardOf_ = clock_.now();
    ++counts_.frames["event"];
    if (event->press) {
        auto said = co_await handler_.press(std::move(*event->press));
        co_return ServerResponse::json(200, pressResponse(said));
    }
    if (event->message)
        handler_.message(std::move(*event->message));
    else
        ++counts_.dropped["unhandled event"];  // taken all the same, or the platform sends it for hours
    co_return ServerResponse::json(200, R"({"msg":"success"})");
}

}  // namespace klaw::notifiers::feishu
