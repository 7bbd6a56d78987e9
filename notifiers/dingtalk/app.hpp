#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/net/http_client.hpp"
#include "notifiers/dingtalk/corporation.hpp"
#include "notifiers/dingtalk/errors.hpp"
#include "notifiers/notifier.hpp"
#include "notifiers/token_cache.hpp"

namespace klaw::notifiers::dingtalk {

/// The platform's addresses.
struct Platform {
    std::string api = "https://api.dingtalk.com";
    std::string old = "https://oapi.dingtalk.com";  ///< webhooks and the old API
};

/// The mainland's for nothing and "dingtalk", that of the international edition for "international"; a base URL of
/// one's own stands for both, but for those of the platform's API.
Platform platformOf(const std::string& domain);

struct AppOptions {
    std::string name = "dingtalk";
    std::string id;         ///< Client ID (AppKey)
    std::string secret;     ///< Client Secret
    std::string robotCode;  ///< empty: the id, as for in-house applications
    /// Of cards; empty: one that the platform publishes for everybody.
    std::string cardTemplate;
    /// By which presses are posted to us (Callback::cardRoute); empty: they come by Stream.
    std::string cardRoute;
    std::string corpId;  ///< of the organisation; empty: learnt from messages
    Platform platform;
    Duration timeout = 10s;
    std::shared_ptr<Account> account;  ///< counts its calls, and bounds them in all its chats together; may be null
};

/// An in-house application: its token, and calls with it. On the loop thread. Shared by the chats and the connection of
/// the application.
class App {
public:
    /// What is called, for counting: "card.create".
    using Counted = std::function<void(std::string_view api)>;

    /// References outlive the application.
    App(Loop& loop, net::HttpClient& client, const Clock& clock, AppOptions options);

    const AppOptions& options() const { return options_; }
    Corporation& corporation() { return corporation_; }
    /// Whether the platform gives a token for id and secret.
    Task<Result<void>> checkCredentials();
    void onCall(Counted counted) { counted_ = std::move(counted); }

    /// `path` begins with "/v1.0/". A token that the platform does not take is renewed once. An Error when nothing came
    /// back; refusals are in the answer.
    Task<Result<Answer>> call(std::string api, std::string method, std::string path, std::string body);
    /// The same of the old API, with a token of its own.
    Task<Result<Answer>> callOld(std::string api, std::string path, std::string body);
    /// A message's own address for answers, which needs no token. PermissionDenied for an address that is not the
    /// platform's.
    Task<Result<Answer>> answerTo(std::string sessionWebhook, std::string body);

private:
    void count(std::string_view api);
    Task<Result<TokenCache::Token>> fetchToken();
    Task<Result<TokenCache::Token>> fetchOldToken();
    Task<Result<net::HttpResponse>> request(std::string method, std::string url, std::string token, std::string body);

    net::HttpClient& client_;
    const Clock& clock_;
    AppOptions options_;
    Corporation corporation_;
    Counted counted_;
    TokenCache tokens_;
    TokenCache oldTokens_;
};

}  // namespace klaw::notifiers::dingtalk
