#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/net/http_client.hpp"
#include "notifiers/dingtalk/errors.hpp"
#include "notifiers/notifier.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::notifiers::dingtalk {

struct RobotOptions {
    std::string name = "dingtalk";
    std::string url;                    ///< with access_token; a secret
    std::string secret;                 ///< "SEC…"; empty when the robot does not sign
    std::vector<std::string> keywords;  ///< of the robot's security settings; one is put into every message
    std::size_t maxBytes = 19'900;      ///< the platform takes 20,000
    Duration timeout = 10s;
    std::shared_ptr<Account> account;  ///< counts its calls; may be null
};

/// A custom robot (webhook) of one DingTalk group. It takes 20 messages a minute and then blocks for up to ten minutes:
/// the budget is 18. A repeat with the same key is dropped by the platform (msgUuid). Messages cannot be changed later,
/// and buttons only open addresses.
///
/// A message refused as too long is shortened and sent once more. Every block in a row doubles the pause that the
/// error asks for, from one minute to ten.
class Robot final : public Notifier {
public:
    /// `client` and `clock` outlive the robot.
    Robot(net::HttpClient& client, const Clock& clock, RobotOptions options);

    std::string_view name() const override { return options_.name; }
    std::string_view kind() const override { return "dingtalk-robot"; }
    NotifierLimits limits() const override;
    Task<Result<Receipt>> send(Card card, SendContext context) override;

private:
    Task<Result<Answer>> post(std::string body);
    Error throttled(Error error);

    net::HttpClient& client_;
    const Clock& clock_;
    RobotOptions options_;
    unsigned blocksInARow_ = 0;
    TimePoint pausedUntil_{};
};

}  // namespace klaw::notifiers::dingtalk
