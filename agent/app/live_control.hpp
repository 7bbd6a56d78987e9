#pragma once

#include <spdlog/spdlog.h>

#include <memory>
#include <vector>

#include "agent/access/gate.hpp"
#include "agent/app/alert_pipeline.hpp"
#include "agent/app/cluster_book.hpp"
#include "agent/app/cluster_finder.hpp"
#include "agent/app/cluster_watch.hpp"
#include "agent/app/metric_watch.hpp"
#include "agent/app/rule_keeper.hpp"
#include "agent/app/security_book.hpp"
#include "agent/deliver/silence_mirror.hpp"
#include "agent/operate/control.hpp"
#include "base/async/task_group.hpp"
#include "base/random.hpp"

namespace klaw::app {

/// Control::ruleHistory from a database, whether an agent runs or not.
Result<std::vector<operate::RuleRevisionView>> readRuleHistory(const storage::Location& database,
                                                               const std::string& name);

/// What commands see and do in a running agent. References outlive it.
class LiveControl final : public operate::Control {
public:
    LiveControl(Loop& loop, LoopClock& clock, AlertPipeline& pipeline,
                const std::vector<std::unique_ptr<ClusterWatch>>& clusters, const rules::ObjectSource& objects,
                const deliver::SilenceMirrors& silenceMirrors, Random& random, const Config& config,
                storage::Location database)
        : loop_(loop),
          clock_(clock),
          pipeline_(pipeline),
          clusters_(clusters),
          objects_(objects),
          silenceMirrors_(silenceMirrors),
          random_(random),
          config_(config),
          database_(std::move(database)),
          questions_(loop,
                     [](const std::string& name, const std::string& what) { spdlog::error("{}: {}", name, what); }) {}
    /// Waits for what is still being asked.
    Task<void> stop() { return questions_.stop(); }

    /// Where to ask why a rule cannot be judged.
    void setMetrics(const MetricWatch& metrics) { metrics_ = &metrics; }

    /// Who may read where.
    void setGate(const access::Gate& gate) { gate_ = &gate; }

    /// Where roles are given for a while.
    void setGrants(access::GrantBook& grants) { grants_ = &grants; }

    /// What waits for another person.
    void setApprovals(const access::ApprovalBook& approvals) { approvals_ = &approvals; }
    /// Which clusters there are, and where people add others.
    void setClusters(const FoundClusters& found, ClusterBook& book, DefaultsBook& defaults) {
        found_ = &found;
        book_ = &book;
        defaults_ = &defaults;
    }

    /// Where security audits are remembered.
    void setAudits(SecurityBook& audits) { audits_ = &audits; }
    /// What is backed up.
    void setBackups(backup::Keeper& backups) { backups_ = &backups; }

    /// Where rules are changed.
    void setRules(RuleKeeper& rules, RuleKeeper::Install install) {
        keeper_ = &rules;
        install_ = std::move(install);
    }

    TimePoint now() const override { return clock_.now(); }
    int utcOffsetMinutes() const override { return config_.utcOffsetMinutes; }
    void forEachIncident(const std::function<void(const rules::Incident&)>& visit) const override {
        pipeline_.incidents().forEach(visit);
    }
    Result<std::string> resolveIncident(std::string_view prefix) const override { return pipeline_.resolveId(prefix); }
    const rules::Incident* incident(std::string_view id) const override { return pipeline_.incidents().find(id); }
    Result<std::vector<operate::DeliveryView>> deliveries(std::string_view idPrefix) const override;
    Result<void> acknowledge(const std::string& id, const rules::Mark& mark) override {
        return pipeline_.acknowledge(id, mark);
    }
    Result<void> unacknowledge(const std::string& id, const rules::Mark& mark) override {
        return pipeline_.unacknowledge(id, mark);
    }
    Result<void> assign(const std::string& id, const std::string& person, const rules::Mark& mark) override;
    Result<void> comment(const std::string& id, const rules::Mark& mark) override {
        return pipeline_.comment(id, mark);
    }
    Result<rules::Silence> silence(std::vector<rules::Matcher> matchers, Duration length,
                                   const rules::Mark& mark) override;
    Result<void> endSilence(const std::string& idPrefix, const rules::Mark& mark) override {
        return pipeline_.endSilence(idPrefix, mark.by, mark.at);
    }
    Result<operate::Reach> reachOf(const std::vector<rules::Matcher>& matchers) const override;
    std::vector<rules::Silence> activeSilences() const override;
    std::vector<operate::SilenceCopyView> silenceCopies(const rules::Silence& silence) const override;
    std::vector<operate::AlertmanagerView> alertmanagers() const override;
    std::vector<operate::RuleView> rules() const override;
    const rules::RuleSet& ruleSet() const override { return pipeline_.engine().rules(); }
    operate::RuleActivity ruleActivity(const std::string& name) const override;
    Result<std::vector<operate::RuleRevisionView>> ruleHistory(const std::string& name) const override;
    Result<std::vector<std::string>> applyRules(const std::string& fileName, const std::string& yaml,
                                                const rules::Mark& mark) override;
    Result<void> revertRule(const std::string& name, std::uint64_t revision, const rules::Mark& mark) override;
    Result<void> removeRule(const std::string& name, const rules::Mark& mark) override;
    std::vector<operate::ClusterView> clusters() const override;
    Task<Result<operate::ClusterTrial>> tryCluster(operate::Caller caller, std::string name) override;
    Task<Result<operate::ClusterTrial>> tryCluster(kube::ClusterSource source) override;
    Result<void> addCluster(const kube::ClusterSource& source) override;
    Result<void> mayRemove(const std::string& name) const override;
    Result<void> removeCluster(const std::string& name) override;
    std::vector<std::string> clusterProblems() const override;
    operate::Defaults defaultsOf(const operate::Caller& caller) const override;
    void setDefaults(const operate::Caller& caller, const operate::Defaults& defaults) override;
    const access::Policy& policy() const override { return gate_->policy(); }
    std::string ownNamespace() const override;
    std::string grant(access::Grant wanted) override;
    Result<access::Grant> revokeGrant(const std::string& idPrefix) override { return grants_->revoke(idPrefix); }
    Result<std::vector<storage::AuditRow>> audit(const storage::AuditFilter& filter) const override;
    Result<std::optional<storage::AuditAnchor>> auditAnchor() const override;
    Result<std::vector<storage::ObjectChange>> objectChanges(const storage::ObjectChange& object,
                                                             TimePoint since) const override;
    const access::ApprovalBook& approvals() const override { return *approvals_; }
    const std::vector<access::Limit>& limits() const override { return config_.limits; }
    Task<Result<std::string>> askCluster(operate::Caller caller, std::string cluster, std::string path,
                                         std::string accept) override;
    Task<std::vector<Result<operate::Answer>>> askClusters(operate::Caller caller,
                                                           std::vector<operate::Question> questions) override;
    Task<std::optional<operate::CapacityView>> capacityOf(std::string cluster) override;
    Task<void> sleepFor(Duration time) override { return clock_.sleepFor(time); }
    const std::vector<access::ExecRule>& execRules() const override { return config_.exec; }
    const std::vector<access::RevealRule>& revealRules() const override { return config_.reveal; }
    const access::ApprovalRule* approvalFor(const access::Request& request) const override {
        return gate_->approvalFor(request);
    }
    Task<Result<void>> mayChange(operate::Caller caller, std::string cluster,
                                 std::vector<kube::ChangeRequest> changes) override;
    security::Terms auditTerms() const override;
    const security::Run* lastAudit(const std::string& scope) const override { return audits_->find(scope); }
    void keepAudit(const std::string& scope, const security::Run& run) override;
    backup::Keeper* backups() const override { return backups_; }
    Task<Result<std::string>> changeCluster(access::Permit permit, kube::ChangeRequest change) override;

private:
    ClusterWatch* clusterNamed(std::string_view name) const;
    bool isConfigured(const std::string& name) const;
    kube::Person personOf(const access::Request& request) const;
    Task<Result<operate::Answer>> answerOf(operate::Caller caller, operate::Question question);
    std::string unavailable(const rules::Rule& rule) const;

    Loop& loop_;
    LoopClock& clock_;
    AlertPipeline& pipeline_;
    const std::vector<std::unique_ptr<ClusterWatch>>& clusters_;
    const rules::ObjectSource& objects_;
    const deliver::SilenceMirrors& silenceMirrors_;
    Random& random_;
    const Config& config_;
    storage::Location database_;
    const MetricWatch* metrics_ = nullptr;
    const access::Gate* gate_ = nullptr;
    access::GrantBook* grants_ = nullptr;
    const access::ApprovalBook* approvals_ = nullptr;
    const FoundClusters* found_ = nullptr;
    ClusterBook* book_ = nullptr;
    DefaultsBook* defaults_ = nullptr;
    SecurityBook* audits_ = nullptr;
    backup::Keeper* backups_ = nullptr;
    RuleKeeper* keeper_ = nullptr;
    RuleKeeper::Install install_;
    TaskGroup questions_;
};

}  // namespace klaw::app
