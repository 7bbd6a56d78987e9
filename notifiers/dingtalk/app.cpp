#include "notifiers/dingtalk/app.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text/json_fields.hpp"
#include "notifiers/account.hpp"
#include "notifiers/http_outcome.hpp"

namespace klaw::notifiers::dingtalk {
namespace {

using Json = nlohmann::json;

constexpr Duration kRenewBefore = 5min;
constexpr auto kMainland = "https://oapi.dingtalk.com", kInternational = "https://oapi.dingtalk.io";

/// An address of the platform's, by the way that is configured: whoever has a base URL of his own reaches the platform
/// by that alone. Empty for any other.
std::string platformAddress(const std::string& url, const std::string& configured) {
    if (url.starts_with(configured + "/")) return url;
    bool direct = configured == kMainland || configured == kInternational;
    for (std::string host : {kMainland, kInternational})
        if (url.starts_with(host + "/")) return direct ? url : configured + url.substr(host.size());
    return {};
}

}  // namespace

Platform platformOf(const std::string& domain) {
    if (domain.empty() || domain == "dingtalk") return {};
    auto base = domain.ends_with('/') ? domain.substr(0, domain.size() - 1) : domain;
    if (domain == "international" || base == "https://api.dingtalk.io")
        return {"https://api.dingtalk.io", kInternational};
    if (base == "https://api.dingtalk.com") return {};
    return {base, base};
}

App::App(Loop& loop, net::HttpClient& client, const Clock& clock, AppOptions options)
    : client_(client),
      clock_(clock),
      options_(std::move(options)),
      corporation_(options_.corpId),
      tokens_(loop, clock, kRenewBefore, [this] { return fetchToken(); }),
      oldTokens_(loop, clock, kRenewBefore, [this] { return fetchOldToken(); }) {
    if (options_.robotCode.empty()) options_.robotCode = options_.id;
}

void App::count(std::string_view api) {
    if (counted_) counted_(api);
    if (options_.account) options_.account->count();
}

Task<Result<void>> App::checkCredentials() {
    auto token = co_await tokens_.get();
    if (!token) co_return fail(std::move(token.error()));
    co_return Result<void>();
}

Task<Result<TokenCache::Token>> App::fetchToken() {
    count("oauth2.accessToken");
    auto body = Json{{"appKey", options_.id}, {"appSecret", options_.secret}}.dump();
    auto url = options_.platform.api + "/v1.0/oauth2/accessToken";
    auto response = co_await request("POST", std::move(url), {}, std::move(body));
    if (!response) {
        // Whether this call came through does not matter: the message itself has not left.
        auto error = std::move(response.error());
        if (error.code == ErrorCode::OutcomeUnknown) error.code = ErrorCode::Unavailable;
        error.retry = Retry::later();
        co_return fail(std::move(error));
    }
    auto answer = readApiAnswer(*response, options_.name, clock_.now());
    if (answer.kind != Answer::Kind::Taken) {
        // Somebody may be correcting the credentials: no card is lost for them.
        if (answer.error.retry.kind == Retry::Kind::Never) answer.error.retry = Retry::afterAtLeast(1min);
        co_return fail(std::move(answer.error));
    }
    auto json = parsedJson(answer.body);
    auto token = textAt(json, "accessToken");
    if (token.empty())
        co_return fail(
            Error(ErrorCode::Unavailable, "the platform gave no token", options_.name).withRetry(Retry::later()));
    auto seconds = std::clamp<std::int64_t>(integerAt(json, "expireIn").value_or(0), 0, 24 * 3600);
    TokenCache::Token fresh{std::move(token), std::chrono::seconds(seconds)};
    co_return fresh;
}

Task<Result<Answer>> App::call(std::string api, std::string method, std::string path, std::string body) {
    for (bool again = false;; again = true) {
        auto token = co_await tokens_.get();
        if (!token) co_return fail(std::move(token.error()));
        count(api);
        auto response = co_await request(method, options_.platform.api + path, *token, body);
        if (!response) co_return fail(std::move(response.error()));
        auto answer = readApiAnswer(*response, options_.name, clock_.now());
        answer.error.message = withoutOwnSecrets(std::move(answer.error.message), {}, *token);
        if (answer.kind != Answer::Kind::BadToken || again) co_return answer;
        tokens_.drop(*token);
    }
}

/// Its addresses hold secrets: nothing of them goes into an Error.
Task<Result<TokenCache::Token>> App::fetchOldToken() {
    if (counted_) counted_("gettoken");
    auto url = options_.platform.old + "/gettoken?appkey=" + net::percentEncode(options_.id) +
               "&appsecret=" + net::percentEncode(options_.secret);
    auto response = co_await request("GET", std::move(url), {}, {});
    if (!response) co_return fail(std::move(response.error()));
    auto answer = readAnswer(*response, options_.name, clock_.now());
    if (answer.kind != Answer::Kind::Taken) co_return fail(std::move(answer.error));
    auto json = parsedJson(answer.body);
    auto token = textAt(json, "access_token");
    if (token.empty()) co_return fail(ErrorCode::Unavailable, "the platform gave no token", options_.name);
    auto seconds = std::clamp<std::int64_t>(integerAt(json, "expires_in").value_or(0), 0, 24 * 3600);
    TokenCache::Token fresh{std::move(token), std::chrono::seconds(seconds)};
    co_return fresh;
}

Task<Result<Answer>> App::callOld(std::string api, std::string path, std::string body) {
    for (bool again = false;; again = true) {
        auto token = co_await oldTokens_.get();
        if (!token) co_return fail(std::move(token.error()));
        if (counted_) counted_(api);
        auto url = options_.platform.old + path + "?access_token=" + net::percentEncode(*token);
        auto response = co_await request("POST", std::move(url), {}, body);
        if (!response) co_return fail(std::move(response.error()));
        auto answer = readAnswer(*response, options_.name, clock_.now());
        answer.error.message = withoutOwnSecrets(std::move(answer.error.message), {}, *token);
        if (answer.kind != Answer::Kind::BadToken || again) co_return answer;
        oldTokens_.drop(*token);
    }
}

Task<Result<Answer>> App::answerTo(std::string sessionWebhook, std::string body) {
    // The address came with a message: it must not lead anywhere else.
    auto address = platformAddress(sessionWebhook, options_.platform.old);
    if (address.empty())
        co_return fail(ErrorCode::PermissionDenied, "the address for answers is not the platform's", options_.name);
    count("robot.sendBySession");
    auto response = co_await request("POST", std::move(address), {}, std::move(body));
    if (!response) co_return fail(std::move(response.error()));
    auto answer = readAnswer(*response, options_.name, clock_.now());
    answer.error.message = withoutOwnSecrets(std::move(answer.error.message), sessionWebhook, {});
    co_return answer;
}

Task<Result<net::HttpResponse>> App::request(std::string method, std::string url, std::string token, std::string body) {
    net::HttpRequest request(std::move(method), std::move(url));
    request.headers.add("Content-Type", "application/json; charset=utf-8");
    request.headers.add("Accept", "application/json");
    if (!token.empty()) request.headers.add("x-acs-dingtalk-access-token", token);
    request.body = std::move(body);
    auto response = co_await client_.send(std::move(request), options_.timeout);
    if (!response) co_return fail(sendError(std::move(response.error()), options_.name));
    response->body = withoutOwnSecrets(std::move(response->body), {}, options_.secret);
    co_return response;
}

}  // namespace klaw::notifiers::dingtalk
