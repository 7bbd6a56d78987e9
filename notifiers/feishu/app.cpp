#include "notifiers/feishu/app.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text/json_fields.hpp"
#include "notifiers/account.hpp"
#include "notifiers/http_outcome.hpp"

namespace klaw::notifiers::feishu {
namespace {

using Json = nlohmann::json;

/// Inside the half hour in which the platform gives a new token while the old one still serves.
constexpr Duration kRenewBefore = 20min;
constexpr auto kTokenPath = "/open-apis/auth/v3/tenant_access_token/internal";

}  // namespace

std::string openPlatformUrl(const std::string& domain) {
    if (domain.empty() || domain == "feishu") return "https://open.feishu.cn";
    if (domain == "lark") return "https://open.larksuite.com";
    return domain.ends_with('/') ? domain.substr(0, domain.size() - 1) : domain;
}

App::App(Loop& loop, net::HttpClient& client, const Clock& clock, Random& random, AppOptions options)
    : client_(client),
      clock_(clock),
      random_(random),
      options_(std::move(options)),
      tokens_(loop, clock, kRenewBefore, [this] { return fetchToken(); }) {}

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
    count("auth.token");
    auto body = Json{{"app_id", options_.id}, {"app_secret", options_.secret}}.dump();
    auto answer = co_await request("POST", kTokenPath, {}, std::move(body));
    if (!answer) {
        // Whether this call came through does not matter: the message itself has not left.
        auto error = std::move(answer.error());
        if (error.code == ErrorCode::OutcomeUnknown) error.code = ErrorCode::Unavailable;
        error.retry = Retry::later();
        co_return fail(std::move(error));
    }
    if (answer->kind != Answer::Kind::Taken) {
        // An unknown refusal of the credentials must not lose cards: somebody may be correcting them.
        auto error = std::move(answer->error);
        if (error.code == ErrorCode::Unavailable && error.remedy.empty())
            error.remedy = "check the application's id and secret";
        if (error.retry.kind == Retry::Kind::Never) error.retry = Retry::afterAtLeast(1min);
        co_return fail(std::move(error));
    }
    auto json = parsedJson(answer->body);
    auto token = textAt(json, "tenant_access_token");
    if (token.empty())
        co_return fail(
            Error(ErrorCode::Unavailable, "the platform gave no token", options_.name).withRetry(Retry::later()));
    auto seconds = std::clamp<std::int64_t>(integerAt(json, "expire").value_or(0), 0, 24 * 3600);
    TokenCache::Token fresh{std::move(token), std::chrono::seconds(seconds)};
    co_return fresh;
}

Task<Result<Answer>> App::call(std::string api, std::string method, std::string path, std::string body) {
    for (bool again = false;; again = true) {
        auto token = co_await tokens_.get();
        if (!token) co_return fail(std::move(token.error()));
        count(api);
        auto answer = co_await request(method, path, *token, body);
        bool stale = answer && answer->kind == Answer::Kind::BadToken;
        if (!stale || again) co_return answer;
        tokens_.drop(*token);
    }
}

Task<Result<Answer>> App::request(std::string method, std::string path, std::string token, std::string body) {
    net::HttpRequest request(std::move(method), options_.url + path);
    request.headers.add("Content-Type", "application/json; charset=utf-8");
    if (!token.empty()) request.headers.add("Authorization", "Bearer " + token);
    request.body = std::move(body);
    auto response = co_await client_.send(std::move(request), options_.timeout);
    if (!response) co_return fail(sendError(std::move(response.error()), options_.name));
    auto answer = readAnswer(*response, options_.name, clock_.now(), random_);
    answer.error.message = withoutOwnSecrets(std::move(answer.error.message), {}, options_.secret);
    if (!token.empty()) answer.error.message = withoutOwnSecrets(std::move(answer.error.message), {}, token);
    co_return answer;
}

}  // namespace klaw::notifiers::feishu
