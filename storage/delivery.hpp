#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace klaw::storage {

/// queued → sending → sent | failed | queued again; queued → superseded.
enum class DeliveryState { Queued, Sending, Sent, Failed, Superseded };
std::string_view toString(DeliveryState state);  ///< "queued", "sending", "sent", "failed", "superseded"
std::optional<DeliveryState> deliveryStateFromString(std::string_view text);

/// One thing to be said in one channel. It is durable before it leaves, and leaves at least once; `idempotencyKey`
/// makes it once in the eyes of people.
struct Delivery {
    std::string id;              ///< chosen by the caller; the same id again is the same delivery and changes nothing
    std::string channel;         ///< receiver as configured
    std::string incidentId;      ///< empty for what belongs to none (heartbeat)
    std::string reason;          ///< "opened", "grew", "resolved", "digest", "heartbeat", "reply", …
    std::string idempotencyKey;  ///< deliveryKey()
    std::string payload;         ///< JSON text, opaque to storage
    TimePoint createdAt{};
    TimePoint notBefore{};
    /// Newest picture of the incident in this channel: supersedes older queued ones of its kind and can be superseded.
    /// False for a message of its own, such as a reply.
    bool livingCard = true;
    /// Message id, for later updates. Of a new one: that of the message that it changes, whichever shows the incident.
    std::string platformRef;
    /// When what it tells of happened, by the cluster's own word. Not stored: it is measured by, not decided by.
    std::optional<TimePoint> causedAt;
    /// `notBefore` is the end of quiet hours: until then it may only change what people see already. Not stored.
    bool quiet = false;
    /// Of use only in the place of one that waits. Not stored.
    bool onlyRefines = false;

    // Kept by storage; ignored in UnitOfWork::newDeliveries.
    DeliveryState state = DeliveryState::Queued;
    std::uint32_t attempts = 0;
    std::string batchId;  ///< digest it left in, or empty; fixed once it may have arrived, or left in one
    /// An earlier try left and its answer never came: people may already see it. It is tried again with the same key,
    /// and not superseded by a newer delivery as such, but on request: the courier knows when it only changed a
    /// message.
    bool uncertain = false;
    std::optional<TimePoint> finishedAt;  ///< sent, failed or superseded
    friend bool operator==(const Delivery&, const Delivery&) = default;
};

/// At most 50 characters (Feishu's limit), the same for the same arguments on every machine.
std::string deliveryKey(std::string_view incidentId, std::uint64_t revision, std::string_view channel);
/// The key under which a digest leaves: that of its batch, whatever deliveries are in it.
std::string batchKey(std::string_view batchId, std::string_view channel);

/// The request is about to leave. Must be committed before it does. Conflict when the delivery is superseded or
/// finished: then nothing may be sent. On a delivery found `sending` after a restart it notes the lost try as unknown.
struct DeliveryStart {
    std::string deliveryId;
    std::string batchId;  ///< digest, or empty; Conflict when it differs from that of an earlier start
    TimePoint at{};
};

enum class AttemptOutcome {
    Delivered,
    RetryLater,  ///< not accepted, certainly; try again
    Refused,     ///< not accepted, and never will be
    Unknown,     ///< it left and no answer came
};
std::string_view toString(AttemptOutcome outcome);  ///< "delivered", "retry_later", "refused", "unknown"
std::optional<AttemptOutcome> attemptOutcomeFromString(std::string_view text);

/// One line of the ledger.
struct DeliveryAttempt {
    std::string deliveryId;
    std::uint32_t number = 0;  ///< from 1; given by storage
    TimePoint startedAt{};     ///< given by storage: that of the DeliveryStart
    std::optional<Duration> latency;
    AttemptOutcome outcome = AttemptOutcome::Unknown;
    std::string code;  ///< as the platform said it: "200", "200/130101"
    std::string text;  ///< for people
    friend bool operator==(const DeliveryAttempt&, const DeliveryAttempt&) = default;
};

/// What came of the last DeliveryStart. Conflict when none is open.
struct DeliveryResult {
    std::string deliveryId;
    AttemptOutcome outcome = AttemptOutcome::Unknown;
    std::optional<Duration> latency;
    std::string code;
    std::string text;
    std::string platformRef;  ///< kept where not empty
    TimePoint at{};
    TimePoint notBefore{};  ///< of the next try, for RetryLater and Unknown
};

/// The message that shows an incident in a channel, to be updated in place.
struct CardRef {
    std::string incidentId;
    std::string channel;
    std::string platformRef;
    friend bool operator==(const CardRef&, const CardRef&) = default;
};

}  // namespace klaw::storage
