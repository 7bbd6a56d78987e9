#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/net/http_client.hpp"
#include "base/random.hpp"
#include "notifiers/chat_pace.hpp"
#include "notifiers/feishu/errors.hpp"
#include "notifiers/notifier.hpp"
#include "notifiers/token_cache.hpp"

namespace klaw::notifiers::feishu {

/// Where the open platform is: "feishu" (mainland), "lark" (international) or a base URL of one's own.
std::string openPlatformUrl(const std::string& domain);

struct AppOptions {
    std::string name = "feishu";
    std::string id;      ///< cli_…
    std::string secret;  ///< of the application
    std::string url = "https://open.feishu.cn";
    Duration timeout = 10s;
    std::shared_ptr<Account> account;  ///< counts its calls, and bounds them in all its chats together; may be null
    std::shared_ptr<ChatPace> pace;    ///< of each chat; may be null
};

/// A self-built application of the open platform: its token, and calls with it. On the loop thread. Shared by the
/// chats and the connection of the application.
class App {
public:
    /// What is called, for counting: "messages.create".
    using Counted = std::function<void(std::string_view api)>;

    /// References outlive the application.
    App(Loop& loop, net::HttpClient& client, const Clock& clock, Random& random, AppOptions options);

    const AppOptions& options() const { return options_; }
    /// Whether the platform gives a token for id and secret.
    Task<Result<void>> checkCredentials();
    void onCall(Counted counted) { counted_ = std::move(counted); }

    /// `path` begins with "/open-apis/". A token that the platform does not take is renewed once. An Error when
    /// nothing came back; refusals are in the answer.
    Task<Result<Answer>> call(std::string api, std::string method, std::string path, std::string body);

private:
    void count(std::string_view api);
    Task<Result<TokenCache::Token>> fetchToken();
    Task<Result<Answer>> request(std::string method, std::string path, std::string token, std::string body);

    net::HttpClient& client_;
    const Clock& clock_;
    Random& random_;
    AppOptions options_;
    Counted counted_;
    TokenCache tokens_;
};

}  // namespace klaw::notifiers::feishu
