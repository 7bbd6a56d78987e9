#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "storage/database.hpp"
#include "storage/unit_of_work.hpp"

namespace klaw::storage {

struct AlertFilter {
    std::optional<rules::AlertState> state;
    std::string cluster;  ///< empty: all
    std::string rule;     ///< empty: all
    std::size_t limit = 100;
};

struct IncidentFilter {
    bool openOnly = false;
    std::string cluster;
    std::optional<TimePoint> since;  ///< opened or updated at or after
    std::size_t limit = 100;
};

/// Texts that are empty fit everything.
struct AuditFilter {
    std::optional<TimePoint> since;  ///< inclusive
    std::optional<TimePoint> until;  ///< exclusive
    std::string actor;
    std::string action;
    std::size_t limit = 100;
    std::vector<std::string> actors{};  ///< one of them; none: all
    std::string decision{};
    std::string cluster{};
    std::string ns{};
    std::string object{};  ///< "Deployment/web", the end of the target
    std::size_t skip = 0;  ///< as many of the newest
    bool oldestFirst = false;
    std::int64_t after = 0;  ///< later rows than this one
};

struct DeliveryRecord {
    Delivery delivery;
    std::vector<DeliveryAttempt> attempts;  ///< by number
};

struct Counts {
    std::int64_t alertsPending = 0;
    std::int64_t alertsFiring = 0;
    std::int64_t incidentsOpen = 0;
    std::int64_t deliveriesQueued = 0;
    std::int64_t deliveriesSending = 0;
    std::int64_t deliveriesFailed = 0;
    std::int64_t auditRows = 0;
};

/// A read-only connection for the command line and the console; works while the agent writes and sees what is
/// committed. One thread at a time. Lists are newest first.
class Reader {
public:
    static Result<Reader> open(const Location& location);
    explicit Reader(Database database) : database_(std::move(database)) {}

    Result<std::vector<rules::Alert>> alerts(const AlertFilter& filter = {});
    /// NotFound when there is none, as in all that ask for one.
    Result<rules::Alert> alert(std::string_view fingerprint);
    Result<std::vector<rules::Incident>> incidents(const IncidentFilter& filter = {});
    Result<rules::Incident> incident(std::string_view id);
    /// Ids that begin like this, open or not; at most `limit`.
    Result<std::vector<std::string>> incidentIds(std::string_view prefix, std::size_t limit);
    Result<std::vector<rules::Silence>> silences(TimePoint endingAfter);

    /// Oldest first, as the story went.
    Result<std::vector<DeliveryRecord>> deliveriesOf(std::string_view incidentId);
    Result<std::vector<DeliveryRecord>> deliveries(std::optional<DeliveryState> state, std::size_t limit = 100);

    Result<std::vector<AuditRow>> audit(const AuditFilter& filter = {});
    /// `trusted`: a head noted earlier elsewhere; the chain must still contain it.
    Result<AuditReport> verifyAudit(const std::optional<AuditHead>& trusted = std::nullopt);
    Result<AuditHead> auditHead();
    /// Where the log was cut last; nothing: it is whole.
    Result<std::optional<AuditAnchor>> auditAnchor();

    /// Changes of one workload that were watched since then, oldest first.
    Result<std::vector<ObjectChange>> objectChanges(const ObjectChange& object, TimePoint since, std::size_t limit);

    /// The newest revision of each name that is not removed; by name.
    Result<std::vector<RuleRevision>> currentRules();
    Result<std::vector<RuleRevision>> ruleRevisions(std::string_view name);
    /// Of all rules.
    Result<std::vector<RuleRevision>> latestRuleRevisions(std::size_t limit);

    /// Used or not; for showing what a button was.
    Result<Offer> offer(std::string_view nonce);
    /// Whether one of these has come in before.
    Result<bool> knowsInbound(const std::vector<InboundKey>& keys);
    /// The message that shows a card in a channel, as its platform names it; empty for none.
    Result<std::string> cardRef(std::string_view incidentId, std::string_view channel);
    Result<std::optional<std::string>> meta(std::string_view key);
    Result<Counts> counts();

private:
    Database database_;
};

}  // namespace klaw::storage
