#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/deliver/commit.hpp"
#include "base/async/loop_clock.hpp"
#include "base/async/loop_condition.hpp"
#include "base/async/task_group.hpp"
#include "base/net/token_bucket.hpp"
#include "base/random.hpp"
#include "notifiers/notifier.hpp"
#include "storage/delivery.hpp"

namespace klaw::deliver {

struct CourierOptions {
    std::size_t parallel = 32;      ///< calls at once on a channel without a budget; one otherwise
    std::size_t digestAbove = 3;    ///< waiting cards at which an exhausted budget leads to digests
    std::size_t digestAtMost = 30;  ///< cards in one digest
    Duration firstRetry = 2s;       ///< doubled with each failure of the same card, with jitter
    Duration longestRetry = 2min;
    unsigned undeliveredAfter = 3;  ///< tries of one card, after which somebody else has to hear of it
};

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
    /// The card was refused, or could not be delivered in CourierOptions::undeliveredAfter tries; it is still tried.
    std::function<void(const std::string& channel, const std::string& incident)> undelivered;
    std::function<void(const std::string& channel, const Error& error, bool forGood)> failed;
};

/// Carries the deliveries of one channel out, within its budgets and in order for each incident. Nothing leaves before
/// its start is durable. On the loop thread.
class CourierChannel {
public:
    CourierChannel(Loop& loop, LoopClock& clock, Random& random, Commit commit,
                   std::unique_ptr<notifiers::Notifier> notifier, CourierOptions options, CourierEvents events);

    /// Durable deliveries, new or from before a restart; older waiting cards of the same incident give way.
    void enqueue(storage::Delivery delivery);
    /// Those that left together in a digest before a restart and must do so again.
    void enqueueBatch(std::string batchId, std::vector<storage::Delivery> deliveries);
    void superseded(const std::string& deliveryId);
    void knowCard(const storage::CardRef& card) { cards_[card.incidentId] = card.platformRef; }

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
    /// What leaves in one call: one delivery, or several in a digest.
    struct Shipment {
        std::vector<storage::Delivery> deliveries;
        std::string batchId;
        TimePoint notBefore{};
        unsigned failures = 0;
        std::map<std::string, std::string> nonces;  ///< of the buttons, by command
        bool uncertain() const;
    };
    using Queue = std::list<Shipment>;

    Queue::iterator insert(Queue::iterator before, Shipment shipment);
    Shipment take(Queue::iterator place);
    Queue::iterator nextReady(TimePoint now);
    bool blocked(const Shipment& shipment) const;
    std::optional<TimePoint> nextWake(TimePoint now);
    Duration retryWait(unsigned failures);
    bool takeBudget(TimePoint now);
    TimePoint budgetReadyAt(TimePoint now) const;
    std::size_t capacity() const;
    void gatherDigest(Shipment& shipment, TimePoint now);
    void depart(Shipment shipment, TaskGroup& tasks, bool started);
    Task<void> carry(Shipment shipment, bool started);
    void offerButtons(Shipment& shipment, storage::UnitOfWork& unit);
    Task<bool> start(Shipment& shipment);
    Task<Result<notifiers::Receipt>> send(const Shipment& shipment);
    void forgetEnded(TimePoint now);
    void arrived(Shipment shipment, const notifiers::Receipt& receipt, TimePoint startedAt);
    void failed(Shipment shipment, const Error& error, TimePoint startedAt);
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
    Queue queue_;
    std::unordered_map<std::string, Queue::iterator>
        pictures_;  ///< incident → its waiting card that a newer one replaces
    std::unordered_map<std::string, Queue::iterator> places_;  ///< delivery id → where it waits
    std::set<std::string> busyIncidents_;
    std::map<std::string, std::map<std::string, std::string>> claimedNonces_;  ///< by delivery
    std::map<std::string, std::string> cards_;                                 ///< incident → platform reference
    std::set<std::string> ended_;                                              ///< those of `cards_` that are resolved
    std::deque<std::pair<TimePoint, std::string>> endings_;                    ///< since when, oldest first
    std::size_t inFlight_ = 0;
    std::optional<TimePoint> pausedUntil_;
    LoopCondition changed_;
    std::uint64_t version_ = 0;  ///< grows with everything the worker must look at
    ChannelStatus counters_;
    bool running_ = false;
    bool closed_ = false;
};

}  // namespace klaw::deliver
