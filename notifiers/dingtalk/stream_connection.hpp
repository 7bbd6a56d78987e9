#pragma once

#include <memory>
#include <string>

#include "base/async/loop_clock.hpp"
#include "base/async/loop_condition.hpp"
#include "base/async/task_group.hpp"
#include "base/net/backoff.hpp"
#include "base/net/websocket.hpp"
#include "notifiers/dingtalk/app.hpp"
#include "notifiers/dingtalk/card_template.hpp"
#include "notifiers/dingtalk/stream_frame.hpp"
#include "notifiers/inbound.hpp"

namespace klaw::notifiers::dingtalk {

/// The Stream connection of an application: messages and presses come in without an address of ours. The platform
/// gives each to one of the application's connections at random, so only one agent may hold one.
///
/// Everything is acknowledged before it is worked on. When the platform wants a connection to end, when it is silent or
/// old, the next one stands before it goes. What the platform refuses is asked again for ever, once a minute at most.
class StreamConnection final : public InboundConnection {
public:
    /// References outlive the connection.
    StreamConnection(Loop& loop, LoopClock& clock, Random& random, net::HttpClient& client, std::shared_ptr<App> app,
                     InboundHandler& handler);

    void start() override;
    Task<void> stop() override;
    bool connected() const override { return connected_; }
    const InboundCounts& counts() const override { return counts_; }
    std::optional<TimePoint> lastHeardOf() const override { return lastHeardOf_; }
    const std::string& lastError() const override { return lastError_; }

private:
    /// One WebSocket; two of them only while one takes over from the other.
    struct Line {
        std::shared_ptr<net::WebSocket> socket;
        TimePoint since{};
        TimePoint lastText{};
        bool retiring = false;  ///< the next one is wanted
        bool ended = false;
        Error error;
    };
    using LinePtr = std::shared_ptr<Line>;

    Task<void> run();
    Task<Result<LinePtr>> open();
    Task<void> receiveAll(LinePtr line);
    Task<void> watch(LinePtr line);
    Task<void> farewell(LinePtr line);
    void takeSafely(const LinePtr& line, const std::string& text);
    void take(const LinePtr& line, const std::string& text);
    void takeSystem(const LinePtr& line, const StreamFrame& frame);
    void takeCallback(const LinePtr& line, StreamFrame frame);
    Task<void> answerPress(LinePtr line, StreamFrame frame, InboundPress press);
    static void answer(const LinePtr& line, const StreamFrame& frame, int code, std::string_view data);
    void retire(const LinePtr& line, const char* reason);
    void failed(const Error& error, Duration lived);

    Loop& loop_;
    LoopClock& clock_;
    Random& random_;
    net::HttpClient& client_;
    std::shared_ptr<App> app_;
    InboundHandler& handler_;
    CardTemplates templates_;
    net::Backoff backoff_;
    LinePtr current_;
    bool connected_ = false;
    InboundCounts counts_;
    std::optional<TimePoint> lastHeardOf_;
    std::string lastError_;
    LoopCondition changed_;
    TaskGroup tasks_;
};

}  // namespace klaw::notifiers::dingtalk
