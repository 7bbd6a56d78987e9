#pragma once

#include <memory>
#include <string>

#include "base/async/loop_clock.hpp"
#include "base/async/task_group.hpp"
#include "notifiers/callback.hpp"
#include "notifiers/dingtalk/app.hpp"
#include "notifiers/dingtalk/card_template.hpp"
#include "notifiers/replay_table.hpp"

namespace klaw::notifiers::dingtalk {

/// Messages and presses that the platform posts, for applications without Stream mode.
///
/// Messages come to the application's own path and are signed with its secret; the signature does not cover the body,
/// so it is worth as much as the TLS in front. How presses are signed is not known: they come to "card/<key>" below
/// that path, a key that follows from the application's secret and is told to the platform alone, at every start.
class Callback final : public InboundCallback {
public:
    /// What cards name for their presses to be posted.
    static constexpr auto cardRoute = "klaw";

    /// `address`: of the application's own path, as the platform reaches it. References outlive the callback.
    Callback(Loop& loop, LoopClock& clock, std::shared_ptr<App> app, InboundHandler& handler, std::string address);

    Task<net::ServerResponse> receive(net::ServerRequest request, std::string rest) override;

    void start() override;
    Task<void> stop() override;
    bool connected() const override { return registered_; }
    const InboundCounts& counts() const override { return counts_; }
    std::optional<TimePoint> lastHeardOf() const override { return lastHeardOf_; }
    const std::string& lastError() const override { return lastError_; }

private:
    const char* troubleWithSignature(const net::ServerRequest& request);
    net::ServerResponse refuse(const char* reason, int status = 401);
    net::ServerResponse takeMessage(const net::ServerRequest& request);
    Task<net::ServerResponse> takePress(std::string body);
    Task<void> keepRegistered();
    Task<Result<void>> registerCards();

    LoopClock& clock_;
    std::shared_ptr<App> app_;
    InboundHandler& handler_;
    std::string address_;
    std::string cardKey_;
    CardTemplates templates_;
    ReplayTable seen_;
    std::uint64_t presses_ = 0;
    bool registered_ = false;
    bool stopping_ = false;
    InboundCounts counts_;
    std::optional<TimePoint> lastHeardOf_;
    std::string lastError_;
    TaskGroup tasks_;
};

}  // namespace klaw::notifiers::dingtalk
