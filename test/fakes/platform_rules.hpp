#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/net/http_server.hpp"
#include "base/time.hpp"

namespace klaw::fakes {

enum class Platform { DingTalk, Feishu, Webhook };
std::string_view toString(Platform platform);

/// How the imitated robot is set up.
struct PlatformOptions {
    Platform platform = Platform::Webhook;
    std::string secret;                   ///< empty: signatures are not checked
    std::vector<std::string> keywords;    ///< one must be in the message; not for webhooks
    bool limitRates = true;               ///< DingTalk 20/min then blocked for 10 min; Feishu 5/s and 100/min
    bool chinese = false;                 ///< DingTalk's error texts in Chinese
    std::set<std::string> unknownPeople;  ///< ids that Feishu refuses to mention (11246)
};

/// What the platform does with one request.
struct Verdict {
    net::ServerResponse answer;
    bool taken = false;   ///< people see it (once: see `repeat`)
    bool repeat = false;  ///< taken before under the same key, so nobody sees it again
    std::string key;      ///< msgUuid or Idempotency-Key
};

/// The checks of one platform's webhook, written from its documentation and not from Klaw's code.
class PlatformRules {
public:
    virtual ~PlatformRules() = default;
    virtual Verdict judge(const net::ServerRequest& request, TimePoint now) = 0;
    /// The path and query that senders are given.
    virtual std::string target() const = 0;
};
std::unique_ptr<PlatformRules> makeRules(PlatformOptions options);

/// Whether a Feishu card obeys the reference of card JSON 2.0, which refuses unknown properties. Empty when it does,
/// else what is wrong. `mentioned` receives the ids in mention tags.
std::string checkFeishuCard(const std::string& cardJson, std::vector<std::string>& mentioned);

}  // namespace klaw::fakes
