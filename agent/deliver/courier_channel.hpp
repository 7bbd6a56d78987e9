#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/deliver/channel_health.hpp"
#include "agent/deliver/commit.hpp"
#include "agent/deliver/courier_options.hpp"
#include "agent/deliver/delivery_queue.hpp"
#include "agent/deliver/digest_card.hpp"
#include "agent/deliver/known_cards.hpp"
#include "base/async/loop_clock.hpp"
#include "base/async/loop_condition.hpp"
#include "base/async/task_group.hpp"
#include "base/net/token_bucket.hpp"
#include "base/random.hpp"
#include "notifiers/notifier.hpp"
#include "storage/delivery.hpp"

namespace klaw::deliver {

struct ChannelStatus {
    std::string name;
    std::string kind;
    std::size_t queued = 0;
    std::size_t inFlight = 0;
    std::uint64_t delivered = 0;
    std::uint64_t digests = 0;
    std::uint64_t retried = 0;
    std::uint64_t refused = 0;
    std::string lastError;                  ///< of the last failed try; empty after a delivery
    std::optional<TimePoint> failingSince;  ///< what fails has waited since; empty after a delivery
    std::optional<TimePoint> pausedUntil;
};

/// How long a card took to arrive.
struct CardLatency {
    Duration sinceDecided{};
    std::optional<Duration> sinceEvent;  ///< by the timestamp of the Event that it tells of, where one did it
};

/// What the courier reports while it works.
struct CourierEvents {
    std::function<void(const std::string& channel, const std::string& kind, const CardLatency& latency)> delivered;
    /// The card was refused, or could not be delivered in CourierOptions::undeliveredAfter tries, or waits for a
    /// channel that takes nothing for now. Unless it was refused it is still tried.
    std::function<void(const std::string& channel, const std::string& incident)> undelivered;
    std::function<void(const std::string& channel, const Error& error, bool forGood)> failed;
};

/// Carries the deliveries of one channel out, within its budgets and in order for each incident: a newer state never
/// loses to an older one. Nothing leaves before its start is durable. On the loop thread.
class CourierChannel {
public:
    CourierChannel(Loop& loop, LoopClock& clock, Random& random, Commit commit,
                   std::unique_ptr<notifiers::Notifier> notifier, CourierOptions options, CourierEvents events);

    /// Durable deliveries, new or from before a restart; older waiting cards of the same incident give way.
    void enqueue(storage::Delivery delivery);
    /// Those that left together in a digest before a restart and must do so again.
    void enqueueBatch(std::string batchId, std::vector<storage::Delivery> deliveries);
    void superseded(const std::string& deliveryId);
    void knowCard(const storage::CardRef& card) { cards_.know(card.incidentId, card.platformRef); }

    /// Before a delivery is stored: it takes over what people must still hear of those that it replaces, and these are
    /// closed in the same unit. False when it replaces none.
    bool prepare(storage::Delivery& delivery, storage::UnitOfWork& unit);
    /// What only changes what people see already need not wait for the end of quiet hours.
    void wake(storage::Delivery& delivery) const;
    /// Whether a delivery that is about to be stored may leave at once: then its start and what its buttons stand for
    /// go into the same unit, and sendClaimed or releaseClaim must follow.
    bool claim(const storage::Delivery& delivery, storage::UnitOfWork& unit);
    void sendClaimed(storage::Delivery delivery, TaskGroup& tasks);
    void releaseClaim(storage::Delivery delivery);

    /// Takes another way to people: calls under way end by the old one, everything else leaves by the new one.
    void replaceNotifier(std::unique_ptr<notifiers::Notifier> notifier);
    /// Nothing leaves any more. What had not left yet.
    std::vector<storage::Delivery> close();
    /// Closed, and nothing of it runs any more.
    bool ended() const { return closed_ && !running_ && inFlight_ == 0; }

    /// Until cancelled or closed.
    Task<void> run(TaskGroup& tasks);
    bool idle() const { return queue_.empty() && inFlight_ == 0; }
    ChannelStatus status() const;
    const std::string& name() const { return counters_.name; }

private:
    struct Flight;

    void changed();
    bool isBusy(const Shipment& shipment) const;
    bool makesMessage(const Shipment& shipment) const;
    TimePoint notBefore(const Shipment& shipment) const;
    bool sleeps(const Shipment& shipment, TimePoint now) const;
    TimePoint readyAt(const Shipment& shipment) const;
    bool waitsForDigest(const Shipment& shipment) const;
    bool passedMayLeave(TimePoint now) const;
    bool mayLeave(const Shipment& shipment, bool passedMay) const;
    DeliveryQueue::Place nextReady(TimePoint now);
    std::optional<TimePoint> nextWake(TimePoint now) const;
    bool takeBudget(TimePoint now);
    TimePoint budgetReadyAt(TimePoint now) const;
    std::size_t capacity() const;
    bool takesNothing(TimePoint now) const;
    void tell(const Shipment& shipment);
    void tellOfAll();
    void tellSoon();
    void tellNext();
    bool mayJoin(const Shipment& shipment) const;
    std::optional<DigestCause> digestCause(const Shipment& first, TimePoint now) const;
    void gatherDigest(Shipment& shipment, TimePoint now);
    void depart(Shipment shipment, TaskGroup& tasks, bool started);
    Task<void> carry(Shipment shipment, bool started);
    void offerButtons(Shipment& shipment, storage::UnitOfWork& unit);
    Task<bool> start(Shipment& shipment);
    void giveBackRest(Shipment shipment);
    Task<Result<notifiers::Receipt>> send(const Shipment& shipment);
    Task<Result<notifiers::Receipt>> ring(const Shipment& shipment, notifiers::Card card,
                                          notifiers::SendContext context);
    void arrived(Shipment shipment, const notifiers::Receipt& receipt, TimePoint startedAt);
    void noteArrival(const storage::Delivery& delivery);
    void failed(Shipment shipment, const Error& error, TimePoint startedAt);
    void waitForCard(Shipment shipment, const Error& error, TimePoint startedAt);
    bool isPointless(const Shipment& shipment) const;
    void drop(const Shipment& shipment);
    void record(const Shipment& shipment, storage::AttemptOutcome outcome, const Error* error,
                const notifiers::Receipt* receipt, TimePoint startedAt, TimePoint notBefore);

    Loop& loop_;
    LoopClock& clock_;
    Random& random_;
    Commit commit_;
    std::shared_ptr<notifiers::Notifier> notifier_;  ///< shared with the calls under way
    CourierOptions options_;
    CourierEvents events_;
    notifiers::NotifierLimits limits_;
    std::vector<net::TokenBucket> budgets_;
    DeliveryQueue queue_;
    KnownCards cards_;
    ChannelHealth health_;
    std::set<std::string> busyIncidents_;
    std::set<std::string> told_;              ///< incidents of which a stand-in knows, until something of them arrives
    std::deque<std::string> toTell_;          ///< those of which it hears next
    std::map<std::string, TimePoint> taken_;  ///< incidents that nobody is rung about any more, since when
    std::set<std::string> starting_;          ///< deliveries whose start is not durable yet
    std::set<std::string> overtaken_;         ///< those of them that were superseded before
    std::map<std::string, std::map<std::string, std::string>> claimedNonces_;  ///< by delivery
    std::size_t inFlight_ = 0;
    TimePoint nextDigest_{};  ///< while the month's calls are scarce
    LoopCondition changed_;
    std::uint64_t version_ = 0;  ///< grows with everything the worker must look at
    ChannelStatus counters_;
    bool running_ = false;
    bool closed_ = false;
    std::shared_ptr<const int> life_ = std::make_shared<const int>();
};

}  // namespace klaw::deliver
