#include "notifiers/feishu/bot.hpp"

#include <nlohmann/json.hpp>

#include "notifiers/account.hpp"
#include "notifiers/feishu/render.hpp"
#include "notifiers/feishu/sign.hpp"
#include "notifiers/http_outcome.hpp"
#include "notifiers/words.hpp"

namespace klaw::notifiers::feishu {
namespace {

using Json = nlohmann::ordered_json;

Notice keywordNotice(const std::vector<std::string>& keywords) {
    return {keywords.front(), {}, {}};
}

}  // namespace

Bot::Bot(net::HttpClient& client, const Clock& clock, Random& random, BotOptions options)
    : client_(client), clock_(clock), random_(random), options_(std::move(options)) {}

NotifierLimits Bot::limits() const {
    NotifierLimits limits;
    limits.budgets = {{4, 1s}, {90, 60s}};
    limits.account = options_.account;
    limits.maxBytes = options_.maxBytes;
    return limits;
}

FittedBody Bot::bodyFor(const SafeCard& card, const Attempt& attempt) const {
    auto seconds = std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch().count();
    auto render = [&](const SafeCard& fitted, const std::vector<Notice>& notices) {
        Json message = Json::object();
        if (!options_.secret.empty()) {
            message["timestamp"] = std::to_string(seconds);
            message["sign"] = signature(options_.secret, seconds);
        }
        message["msg_type"] = attempt.asText ? "text" : "interactive";
        if (attempt.asText)
            message["content"] = Json{{"text", renderText(fitted, notices, attempt.mentions)}};
        else
            message["card"] = renderCard(fitted, notices, attempt.mentions);
        return message.dump(-1, ' ', false, Json::error_handler_t::replace);
    };
    return fitBody(withDetail(card, attempt.detail), attempt.maxBytes, attempt.notices, render);
}

Task<Result<Receipt>> Bot::send(Card unsafeCard, SendContext context) {
    SafeCard card(std::move(unsafeCard));
    Attempt attempt;
    attempt.mentions = mentionable(context.mentions);
    attempt.maxBytes = options_.maxBytes;
    if (!options_.keywords.empty()) attempt.notices.push_back(keywordNotice(options_.keywords));
    if (context.mayRepeat) attempt.notices.push_back({std::string(wordsFor(card.language).mayBeRepeat), {}, {}});
    for (;;) {
        auto message = bodyFor(card, attempt);
        auto answer = co_await post(std::move(message.body));
        if (!answer) co_return fail(std::move(answer.error()));
        if (answer->kind == Answer::Kind::Taken) {
            if (message.shortened) attempt.done.push_back("shortened");
            co_return Receipt("", attempt.whatWasDone());
        }
        if (!attempt.improve(*answer, card)) co_return fail(std::move(answer->error));
    }
}

Task<Result<Answer>> Bot::post(std::string body) {
    net::HttpRequest request("POST", options_.url);
    request.headers.add("Content-Type", "application/json; charset=utf-8");
    request.body = std::move(body);
    if (options_.account) options_.account->count();
    auto response = co_await client_.send(std::move(request), options_.timeout);
    if (!response) co_return fail(sendError(std::move(response.error()), options_.name));
    response->body = withoutOwnSecrets(std::move(response->body), options_.url, options_.secret);
    co_return readAnswer(*response, options_.name, clock_.now(), random_);
}

}  // namespace klaw::notifiers::feishu
