#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/access/access.hpp"
#include "agent/access/approval_book.hpp"
#include "agent/access/approval_rule.hpp"
#include "agent/access/exec_rule.hpp"
#include "agent/access/grant_book.hpp"
#include "agent/access/limit.hpp"
#include "agent/access/reveal_rule.hpp"
#include "agent/backup/keeper.hpp"
#include "agent/kube/cluster_source.hpp"
#include "agent/operate/caller.hpp"
#include "agent/operate/plan.hpp"
#include "agent/security/terms.hpp"
#include "base/async/task.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "rules/incident.hpp"
#include "rules/rule_set.hpp"
#include "rules/silence.hpp"
#include "storage/reader.hpp"

namespace klaw::operate {

struct ClusterView {
    std::string name;
    rules::Labels labels;  ///< of the configuration
    std::string server;
    std::string version;
    bool ready = false;     ///< all first lists are in
    bool readOnly = false;  ///< nobody changes anything in it by Klaw
    bool added = false;     ///< by people, beside the configuration
    std::size_t objects = 0;
    std::vector<std::string> problems;  ///< "pods: …", a sentence each
    std::optional<TimePoint> lastHeardOf;
};

struct RuleView {
    std::string name;
    std::string group;
    std::string source;
    rules::Severity severity = rules::Severity::Warning;
    std::size_t firing = 0;
    std::uint64_t errors = 0;
    std::string lastError;
    std::string unavailable;  ///< why it cannot be judged now: its source does not answer or is not configured
};

/// What a rule has done since the agent runs.
struct RuleActivity {
    std::uint64_t evaluations = 0;
    std::optional<Duration> cost;  ///< of one evaluation, from samples
    std::uint64_t matches = 0;
    std::uint64_t errors = 0;
    std::string lastError;
    std::size_t pending = 0;
    std::size_t firing = 0;
    std::string unavailable;  ///< as in RuleView
};

/// One state of a rule, as it was recorded.
struct RuleRevisionView {
    std::string name;
    std::uint64_t revision = 0;
    std::string author;
    std::string source;  ///< the file and line, "apply", "revert", "remove"
    TimePoint at{};
    std::string text;  ///< YAML; empty when removed
    bool removed = false;
};

/// A silence of people as it stands in an Alertmanager.
struct SilenceCopyView {
    std::string alertmanager;
    bool copied = false;
    bool refused = false;  ///< it will not be copied; neither: it is being tried
    std::string reason;    ///< of a refusal or of the last failed try
};

/// An Alertmanager that silences are copied to.
struct AlertmanagerView {
    std::string name;
    std::size_t waiting = 0;  ///< silences that are to be made, changed or ended there
    std::string lastError;    ///< empty while it follows
};

/// What has been tried to tell one channel of an alert.
struct DeliveryView {
    struct Attempt {
        unsigned number = 0;  ///< from 1
        TimePoint startedAt{};
        std::optional<Duration> latency;
        std::string outcome;  ///< "delivered", "retry_later", "refused", "unknown"
        std::string code;     ///< as the platform said it
        std::string text;
    };
    std::string incidentId;
    std::string channel;
    std::string reason;  ///< "opened", "grew", "resolved", …
    std::string state;   ///< "queued", "sending", "sent", "failed", "superseded"
    TimePoint createdAt{};
    std::vector<Attempt> attempts;
};

/// How many alerts matchers are about.
struct Reach {
    std::size_t firing = 0;  ///< now
    std::size_t lately = 0;  ///< in the last 24 hours, those included
};

/// What a conversation is about where a command does not say; empty: nothing in particular.
struct Defaults {
    std::string cluster, ns;
    friend bool operator==(const Defaults&, const Defaults&) = default;
};

/// How an API server answers to the credentials that a source leads to.
struct ClusterTrial {
    std::string name;
    std::string server;
    std::string version;
    Duration latency{};                 ///< of the first answer, connecting included
    std::vector<std::string> readable;  ///< of the resources that the rules read
    std::vector<std::pair<std::string, std::string>>
        refused;  ///< and those that may not be read, or are not there: why
};

/// A GET of one cluster's API server.
struct Question {
    std::string cluster;
    std::string path;
    std::string accept = "application/json";
};

/// What an API server answered to a Question.
struct Answer {
    std::string text;
    Duration took{};                           ///< until the whole answer was there, with a new connection if need be
    std::optional<TimePoint> certificateEnds;  ///< the API server's, over TLS
};

/// What the objects of a cluster that are watched add up to: cores and bytes.
struct CapacityView {
    double cpu = 0, memory = 0;  ///< allocatable
    double cpuRequested = 0, memoryRequested = 0;
};

/// What the verbs of the catalogue may see and do. Changes are durable when the returned task of the desk ends, not
/// when the call returns. On the loop thread.
class Control {
public:
    virtual ~Control() = default;
    virtual TimePoint now() const = 0;
    virtual int utcOffsetMinutes() const = 0;

    virtual void forEachIncident(const std::function<void(const rules::Incident&)>& visit) const = 0;
    /// The id of the open incident that begins like this.
    virtual Result<std::string> resolveIncident(std::string_view prefix) const = 0;
    virtual const rules::Incident* incident(std::string_view id) const = 0;
    /// Of the alert, open or resolved, whose id begins like this; oldest first, from what is durable.
    virtual Result<std::vector<DeliveryView>> deliveries(std::string_view idPrefix) const = 0;
    virtual Result<void> acknowledge(const std::string& id, const rules::Mark& mark) = 0;
    virtual Result<void> unacknowledge(const std::string& id, const rules::Mark& mark) = 0;
    /// InvalidArgument where nobody of that name is known.
    virtual Result<void> assign(const std::string& id, const std::string& person, const rules::Mark& mark) = 0;
    virtual Result<void> comment(const std::string& id, const rules::Mark& mark) = 0;
    /// One of the same matchers that would end earlier is extended.
    virtual Result<rules::Silence> silence(std::vector<rules::Matcher> matchers, Duration length,
                                           const rules::Mark& mark) = 0;
    virtual Result<Reach> reachOf(const std::vector<rules::Matcher>& matchers) const = 0;
    virtual Result<void> endSilence(const std::string& idPrefix, const rules::Mark& mark) = 0;
    virtual std::vector<rules::Silence> activeSilences() const = 0;
    /// In each Alertmanager that is configured; none of planned maintenance, which is not copied.
    virtual std::vector<SilenceCopyView> silenceCopies(const rules::Silence& silence) const = 0;
    virtual std::vector<AlertmanagerView> alertmanagers() const = 0;

    virtual std::vector<RuleView> rules() const = 0;
    virtual const rules::RuleSet& ruleSet() const = 0;
    virtual RuleActivity ruleActivity(const std::string& name) const = 0;
    /// Newest first, from what is durable; with no name the latest of all rules.
    virtual Result<std::vector<RuleRevisionView>> ruleHistory(const std::string& name) const = 0;
    /// The rules of a rule file stand over those of files from now on, also after a restart. The names that changed.
    virtual Result<std::vector<std::string>> applyRules(const std::string& fileName, const std::string& yaml,
                                                        const rules::Mark& mark) = 0;
    virtual Result<void> revertRule(const std::string& name, std::uint64_t revision, const rules::Mark& mark) = 0;
    virtual Result<void> removeRule(const std::string& name, const rules::Mark& mark) = 0;
    virtual std::vector<ClusterView> clusters() const = 0;
    /// Whether it can be reached and read: one that is known by its name, for who may read there, or by a source.
    virtual Task<Result<ClusterTrial>> tryCluster(Caller caller, std::string name) = 0;
    virtual Task<Result<ClusterTrial>> tryCluster(kube::ClusterSource source) = 0;
    /// Watched as soon as that is durable. InvalidArgument where there is one of that name.
    virtual Result<void> addCluster(const kube::ClusterSource& source) = 0;
    /// InvalidArgument for one of the configuration, NotFound for one that is not there.
    virtual Result<void> mayRemove(const std::string& name) const = 0;
    virtual Result<void> removeCluster(const std::string& name) = 0;
    /// Of sources that lead to no cluster now, a sentence each.
    virtual std::vector<std::string> clusterProblems() const = 0;
    /// Of the chat where the caller writes, else of the caller.
    virtual Defaults defaultsOf(const Caller& caller) const = 0;
    virtual void setDefaults(const Caller& caller, const Defaults& defaults) = 0;
    virtual const access::Policy& policy() const = 0;
    /// The namespace that Klaw runs in; empty where it runs outside of a cluster.
    virtual std::string ownNamespace() const { return {}; }
    /// Its id, which is chosen here. It counts once it is durable.
    virtual std::string grant(access::Grant wanted) = 0;
    virtual Result<access::Grant> revokeGrant(const std::string& idPrefix) = 0;
    /// Changes that wait for another person, and those that did lately.
    virtual const access::ApprovalBook& approvals() const = 0;
    /// Of the configuration, for all clusters.
    virtual const std::vector<access::Limit>& limits() const = 0;
    /// Commands that may be run in containers, of the configuration; none: nothing may.
    virtual const std::vector<access::ExecRule>& execRules() const = 0;
    /// Values of Secrets that may be shown in private, of the configuration; none: none may.
    virtual const std::vector<access::RevealRule>& revealRules() const = 0;
    /// Of another person, that a change needs; null: it needs none.
    virtual const access::ApprovalRule* approvalFor(const access::Request& request) const = 0;
    /// From what is durable, newest first unless the filter says otherwise.
    virtual Result<std::vector<storage::AuditRow>> audit(const storage::AuditFilter& filter) const = 0;
    /// Where retention has cut the log last.
    virtual Result<std::optional<storage::AuditAnchor>> auditAnchor() const = 0;
    /// Changes of one workload that were watched since then, oldest first.
    virtual Result<std::vector<storage::ObjectChange>> objectChanges(const storage::ObjectChange& object,
                                                                     TimePoint since) const = 0;
    /// What the API server of a cluster answers to a GET, as far as the caller may read there. Errors name the cluster.
    virtual Task<Result<std::string>> askCluster(Caller caller, std::string cluster, std::string path,
                                                 std::string accept) = 0;
    /// Several at once, in the order of the questions; none waits for another.
    virtual Task<std::vector<Result<Answer>>> askClusters(Caller caller, std::vector<Question> questions) = 0;
    /// Nothing while nodes or Pods of the cluster are not watched, or not all known yet.
    virtual Task<std::optional<CapacityView>> capacityOf(std::string cluster) = 0;
    virtual Task<void> sleepFor(Duration time) = 0;
    /// What a security audit goes by, of the configuration.
    virtual security::Terms auditTerms() const { return {}; }
    /// The last audit of a scope, "prod" or "prod/shop"; null where there was none.
    virtual const security::Run* lastAudit(const std::string&) const { return nullptr; }
    virtual void keepAudit(const std::string&, const security::Run&) {}
    /// The backups of the configuration; nullptr where there can be none.
    virtual backup::Keeper* backups() const { return nullptr; }
    /// Where a cluster is asked as the caller: PermissionDenied, with what Kubernetes says, for the first of these that
    /// it does not let them send. Nothing is asked elsewhere: a dry run says the same.
    virtual Task<Result<void>> mayChange(Caller caller, std::string cluster,
                                         std::vector<kube::ChangeRequest> changes) = 0;
    /// Sends a change once; what the API server answers. Only a dry run with a permit of that extent. Of a command that
    /// is run the answer is toJson(ExecOutcome); a dry run asks whether it may be, and answers with that of nothing.
    virtual Task<Result<std::string>> changeCluster(access::Permit permit, kube::ChangeRequest change) = 0;
};

}  // namespace klaw::operate
