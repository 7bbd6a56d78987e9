#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/net/http_client.hpp"
#include "base/random.hpp"
#include "notifiers/feishu/attempt.hpp"
#include "notifiers/fit.hpp"
#include "notifiers/notifier.hpp"

namespace klaw::notifiers::feishu {

struct BotOptions {
    std::string name = "feishu";
    std::string url;                    ///< …/open-apis/bot/v2/hook/<uuid>; a secret. Feishu, Lark or a proxy
    std::string secret;                 ///< empty when the bot does not check signatures
    std::vector<std::string> keywords;  ///< of the bot's security settings; one is put into every message
    std::size_t maxBytes = 20'000;      ///< the platform takes 20 KB
    Duration timeout = 10s;
    std::shared_ptr<Account> account;  ///< counts its calls; may be null
};

/// A custom bot (hook) of one Feishu or Lark group. It takes 5 messages a second and 100 a minute; the budgets are 4
/// and 90. Cards cannot be changed later and buttons only open addresses.
///
/// The platform has NO idempotency key for hooks: when an answer is lost, a repeat may be seen twice. Such a repeat
/// (SendContext::mayRepeat) says so on the card. The app bot has a key; prefer it where doubles matter.
///
/// One call of send() tries again by itself when the platform refuses a mention (11246: sent without it and with a line
/// that says so), the length (less text) or the card's structure (without details, at last plain text).
class Bot final : public Notifier {
public:
    /// `client`, `clock` and `random` outlive the bot.
    Bot(net::HttpClient& client, const Clock& clock, Random& random, BotOptions options);

    std::string_view name() const override { return options_.name; }
    std::string_view kind() const override { return "feishu-bot"; }
    NotifierLimits limits() const override;
    Task<Result<Receipt>> send(Card card, SendContext context) override;

private:
    FittedBody bodyFor(const SafeCard& card, const Attempt& attempt) const;
    Task<Result<Answer>> post(std::string body);

    net::HttpClient& client_;
    const Clock& clock_;
    Random& random_;
    BotOptions options_;
};

}  // namespace klaw::notifiers::feishu
