#pragma once

#include <memory>
#include <string>

#include "base/async/loop_clock.hpp"
#include "base/async/loop_condition.hpp"
#include "base/async/task_group.hpp"
#include "base/net/websocket.hpp"
#include "notifiers/feishu/app.hpp"
#include "notifiers/feishu/endpoint.hpp"
#include "notifiers/feishu/fragments.hpp"
#include "notifiers/feishu/frame.hpp"
#include "notifiers/inbound.hpp"

namespace klaw::notifiers::feishu {

/// The long connection of an application: events and presses come in without an address of ours. The platform gives
/// each event to one of the application's connections, so only one agent may hold one.
///
/// Every event is answered at once, and work goes on afterwards; a press is answered with what the handler says. A
/// connection on which nothing was heard for ten seconds after a ping is given up. Refusals that need a person are
/// tried again every five minutes.
class LongConnection final : public InboundConnection {
public:
    /// References outlive the connection.
    LongConnection(Loop& loop, LoopClock& clock, Random& random, net::HttpClient& client, std::shared_ptr<App> app,
                   InboundHandler& handler);

    void start() override;
    Task<void> stop() override;
    bool connected() const override { return connected_; }
    const InboundCounts& counts() const override { return counts_; }
    std::optional<TimePoint> lastHeardOf() const override { return lastHeardOf_; }
    const std::string& lastError() const override { return lastError_; }

private:
    using Socket = std::shared_ptr<net::WebSocket>;

    Task<void> run();
    Task<Error> connectOnce();
    Task<void> learnBotId();
    Task<Error> receiveAll(Socket socket);
    Task<void> keepAlive(Socket socket, std::uint64_t round, std::int32_t service);
    void takeSafely(const Socket& socket, const std::string& bytes);
    void take(const Socket& socket, const std::string& bytes);
    void takeControl(const Frame& frame);
    void takeData(const Socket& socket, Frame frame);
    Task<void> answerPress(Socket socket, Frame frame, InboundPress press, TimePoint since);
    void answer(const Socket& socket, Frame frame, std::string payload, TimePoint since);
    Duration pauseAfter(const Error& error, Duration lived);

    Loop& loop_;
    LoopClock& clock_;
    Random& random_;
    net::HttpClient& client_;
    std::shared_ptr<App> app_;
    InboundHandler& handler_;
    ConnectionConfig config_;
    Fragments fragments_;
    std::string botId_;  ///< open_id of the bot; empty until known
    Socket socket_;
    std::optional<Error> silence_;  ///< why the connection was given up; nothing: it was not
    bool connected_ = false;
    std::uint64_t round_ = 0;  ///< grows with every connection that begins or ends
    unsigned failures_ = 0;    ///< in a row
    InboundCounts counts_;
    std::optional<TimePoint> lastHeardOf_;
    std::string lastError_;
    LoopCondition changed_;
    TaskGroup tasks_;
};

}  // namespace klaw::notifiers::feishu
