#pragma once

#include <memory>
#include <string>

#include "base/async/loop_clock.hpp"
#include "base/async/task_group.hpp"
#include "notifiers/callback.hpp"
#include "notifiers/feishu/app.hpp"
#include "notifiers/replay_table.hpp"

namespace klaw::notifiers::feishu {

struct CallbackOptions {
    std::string verificationToken;  ///< one of these two at least
    std::string encryptKey;
};

/// Events and presses that the platform posts, for applications that have no long connection.
///
/// With an Encrypt Key everything but the question for the address must be signed, at most five minutes off our clock,
/// and is taken once; with a verification token it must be in the body. Messages are answered at once, presses with
/// what the handler says.
class Callback final : public InboundCallback {
public:
    /// References outlive the callback.
    Callback(Loop& loop, LoopClock& clock, std::shared_ptr<App> app, InboundHandler& handler, CallbackOptions options);

    Task<net::ServerResponse> receive(net::ServerRequest request, std::string rest) override;

    void start() override;
    Task<void> stop() override;
    bool connected() const override { return started_; }
    const InboundCounts& counts() const override { return counts_; }
    std::optional<TimePoint> lastHeardOf() const override { return lastHeardOf_; }
    const std::string& lastError() const override { return lastError_; }

private:
    struct Letter;
    Letter open(const net::ServerRequest& request);
    const char* troubleWithSignature(const net::ServerRequest& request);
    bool holdsToken(const std::string& token) const;
    net::ServerResponse refuse(const char* reason, int status = 401);
    Task<net::ServerResponse> take(std::string text);
    Task<void> learnBotId();

    LoopClock& clock_;
    std::shared_ptr<App> app_;
    InboundHandler& handler_;
    CallbackOptions options_;
    ReplayTable seen_;
    std::string botId_;  ///< open_id of the bot; empty until known
    bool started_ = false;
    bool stopping_ = false;
    InboundCounts counts_;
    std::optional<TimePoint> lastHeardOf_;
    std::string lastError_;
    TaskGroup tasks_;
};

}  // namespace klaw::notifiers::feishu
