#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/deliver/courier_channel.hpp"
#include "storage/recovery.hpp"

namespace klaw::deliver {

/// The one door to the chats: takes durable deliveries from the outbox and carries each to its channel. On the loop
/// thread.
class Courier {
public:
    /// References outlive the courier.
    Courier(Loop& loop, LoopClock& clock, Random& random, Commit commit, CourierOptions options = {},
            CourierEvents events = {});

    /// The channels from now on, at start and later. One that keeps its name keeps what waits in it and its budgets;
    /// what waits for one that is gone is refused, visibly.
    void follow(std::vector<std::unique_ptr<notifiers::Notifier>> notifiers);
    /// What was on its way when the agent stopped. Deliveries to channels that are no longer configured are refused.
    void restore(const storage::RecoveredState& state);

    /// Before a unit is stored: its deliveries take over what people must still hear of those that they replace, those
    /// that nobody needs go, and what may leave at once is started in it. The result tells commitDone what those are.
    std::vector<std::string> claim(storage::UnitOfWork& unit);
    /// The unit's deliveries are durable: carries the claimed ones and queues the rest.
    void commitDone(std::vector<storage::Delivery> deliveries, const std::vector<std::string>& claimed,
                    const storage::Committed& committed);
    /// The unit was refused: nothing of it may be sent.
    void commitFailed(const std::vector<storage::Delivery>& deliveries, const std::vector<std::string>& claimed);

    void start();
    /// Waits at most `grace` for calls under way; what is queued stays in the outbox.
    Task<void> stop(Duration grace);

    std::vector<ChannelStatus> status() const;
    bool idle() const;

private:
    CourierChannel* channel(std::string_view name) const;
    void refuse(const storage::Delivery& delivery);
    void run(CourierChannel& channel);

    Loop& loop_;
    LoopClock& clock_;
    Random& random_;
    Commit commit_;
    CourierOptions options_;
    CourierEvents events_;
    std::vector<std::unique_ptr<CourierChannel>> channels_;
    std::vector<std::unique_ptr<CourierChannel>> closed_;  ///< calls of theirs may be under way
    bool started_ = false;
    TaskGroup workers_;
    TaskGroup calls_;
};

}  // namespace klaw::deliver
