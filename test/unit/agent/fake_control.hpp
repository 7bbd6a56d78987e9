#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/operate/control.hpp"

namespace klaw::app {

/// One cluster "prod" by hand: objects by their paths, and what becomes of changes as the test says.
class FakeControl final : public operate::Control {
public:
    explicit FakeControl(const Clock& clock) : clock_(clock) {}

    struct Change {
        access::Permit::Extent extent;
        std::string ns;
        kube::ChangeRequest request;
        bool dryRun() const { return extent == access::Permit::Extent::DryRun; }
    };
    std::map<std::string, nlohmann::json> objects;  ///< by path, of every cluster
    std::map<std::string, rules::Labels> clusterLabels{{"prod", {}}};
    std::map<std::string, std::string> silentClusters;  ///< those that do not answer, and why
    std::vector<Change> changes;                        ///< that were sent
    /// The answer to a change; the object as it is where it is not set.
    std::function<Task<Result<std::string>>(const Change&)> onChange;
    /// The answer to a question; the object at the path where it is not set.
    std::function<Result<std::string>(const std::string& path)> onAsk;
    std::map<std::string, operate::Defaults> defaults;  ///< by chat
    std::vector<kube::ClusterSource> added;
    std::vector<std::string> removed;
    Duration answersTake = 12ms;
    std::optional<TimePoint> certificateEnds;
    std::optional<operate::CapacityView> capacity;
    access::Policy roles;  ///< as commands about roles see them
    std::vector<access::Grant> grants;
    const access::ApprovalBook* waiting = nullptr;  ///< what waits for another person; null: nothing
    std::vector<access::Limit> limited;
    std::function<std::optional<storage::AuditAnchor>()> onAnchor;  ///< likewise
    std::vector<access::ExecRule> executable;
    std::vector<access::RevealRule> revealable;
    std::vector<access::ApprovalRule> approvalRules;  ///< as commands about roles see them
    std::vector<std::string> reviewed;  ///< what the cluster was asked about: "feishu:ou_li PATCH /apis/…"
    Result<void> clusterLets{};         ///< and what it says to all of it
    std::function<std::vector<storage::AuditRow>(const storage::AuditFilter&)> onAudit;  ///< none where it is not set
    std::vector<storage::ObjectChange> watchedChanges;
    std::string klawsNamespace;  ///< that it runs in
    security::Terms terms;       ///< of security audits
    std::map<std::string, security::Run> audits;
    std::vector<std::string> acknowledged;  ///< "ID by NAME"
    rules::Incident alert;                  ///< open, when it has an id
    std::vector<rules::Incident> further;   ///< open as well

    TimePoint now() const override { return clock_.now(); }
    int utcOffsetMinutes() const override { return 0; }
    void forEachIncident(const std::function<void(const rules::Incident&)>& visit) const override {
        if (!alert.id.empty()) visit(alert);
        for (const auto& other : further) visit(other);
    }
    Result<std::string> resolveIncident(std::string_view prefix) const override {
        if (!alert.id.empty() && alert.id.starts_with(prefix)) return alert.id;
        return fail(ErrorCode::NotFound, "no open alert has the id \"" + std::string(prefix) + "\"");
    }
    const rules::Incident* incident(std::string_view) const override { return &alert; }
    Result<std::vector<operate::DeliveryView>> deliveries(std::string_view) const override {
        return std::vector<operate::DeliveryView>();
    }
    Result<void> acknowledge(const std::string& id, const rules::Mark& mark) override {
        acknowledged.push_back(id + " by " + mark.by);
        return {};
    }
    Result<void> assign(const std::string&, const std::string&, const rules::Mark&) override { return {}; }
    Result<void> comment(const std::string&, const rules::Mark&) override { return {}; }
    Result<void> unacknowledge(const std::string&, const rules::Mark&) override { return {}; }
    Result<rules::Silence> silence(std::vector<rules::Matcher>, Duration, const rules::Mark&) override {
        return rules::Silence();
    }
    Result<operate::Reach> reachOf(const std::vector<rules::Matcher>&) const override { return operate::Reach(); }
    Result<void> endSilence(const std::string&, const rules::Mark&) override { return {}; }
    std::vector<rules::Silence> activeSilences() const override { return {}; }
    std::vector<operate::SilenceCopyView> silenceCopies(const rules::Silence&) const override { return {}; }
    std::vector<operate::AlertmanagerView> alertmanagers() const override { return {}; }
    std::vector<operate::RuleView> rules() const override { return {}; }
    const rules::RuleSet& ruleSet() const override { return rules_; }
    operate::RuleActivity ruleActivity(const std::string&) const override { return {}; }
    Result<std::vector<operate::RuleRevisionView>> ruleHistory(const std::string&) const override {
        return std::vector<operate::RuleRevisionView>();
    }
    Result<std::vector<std::string>> applyRules(const std::string&, const std::string&, const rules::Mark&) override {
        return std::vector<std::string>();
    }
    Result<void> revertRule(const std::string&, std::uint64_t, const rules::Mark&) override { return {}; }
    Result<void> removeRule(const std::string&, const rules::Mark&) override { return {}; }
    const access::Policy& policy() const override { return roles; }
    std::string ownNamespace() const override { return klawsNamespace; }
    std::string grant(access::Grant grant) override {
        grants.push_back(std::move(grant));
        return "12ab";
    }
    Result<access::Grant> revokeGrant(const std::string& idPrefix) override {
        return fail(ErrorCode::NotFound, "there is no grant \"" + idPrefix + "\"");
    }
    const access::ApprovalBook& approvals() const override {
        static const access::ApprovalBook none;
        return waiting ? *waiting : none;
    }
    const std::vector<access::Limit>& limits() const override { return limited; }
    Result<std::vector<storage::AuditRow>> audit(const storage::AuditFilter& filter) const override {
        return onAudit ? onAudit(filter) : std::vector<storage::AuditRow>();
    }
    Result<std::optional<storage::AuditAnchor>> auditAnchor() const override {
        return onAnchor ? onAnchor() : std::optional<storage::AuditAnchor>();
    }
    Result<std::vector<storage::ObjectChange>> objectChanges(const storage::ObjectChange&, TimePoint) const override {
        return watchedChanges;
    }
    std::vector<operate::ClusterView> clusters() const override {
        std::vector<operate::ClusterView> views;
        for (const auto& [name, labels] : clusterLabels) {
            views.emplace_back();
            views.back().name = name;
            views.back().labels = labels;
        }
        return views;
    }
    Task<Result<operate::ClusterTrial>> tryCluster(operate::Caller, std::string name) override {
        if (!clusterLabels.contains(name)) co_return fail(ErrorCode::NotFound, "there is no cluster \"" + name + "\"");
        kube::ClusterSource source;
        source.name = std::move(name);
        co_return co_await tryCluster(std::move(source));
    }
    Task<Result<operate::ClusterTrial>> tryCluster(kube::ClusterSource source) override {
        if (auto silent = silentClusters.find(source.name); silent != silentClusters.end())
            co_return fail(ErrorCode::Unavailable, silent->second, source.name);
        operate::ClusterTrial trial;
        trial.name = source.name;
        trial.server = "https://10.0.0.1";
        trial.version = "v1.36.3";
        trial.latency = answersTake;
        trial.readable = {"pods", "nodes"};
        trial.refused = {{"secrets", "403 you may not"}};
        co_return trial;
    }
    operate::Defaults defaultsOf(const operate::Caller& caller) const override {
        auto found = defaults.find(caller.chat);
        return found == defaults.end() ? operate::Defaults() : found->second;
    }
    void setDefaults(const operate::Caller& caller, const operate::Defaults& wanted) override {
        defaults[caller.chat] = wanted;
    }
    Result<void> addCluster(const kube::ClusterSource& source) override {
        added.push_back(source);
        return {};
    }
    Result<void> mayRemove(const std::string& name) const override {
        if (name != "prod") return {};
        return fail(ErrorCode::InvalidArgument, "the cluster \"prod\" stands in the configuration");
    }
    std::vector<std::string> clusterProblems() const override { return {}; }
    Result<void> removeCluster(const std::string& name) override {
        removed.push_back(name);
        return {};
    }
    Task<Result<std::string>> askCluster(operate::Caller, std::string cluster, std::string path, std::string) override {
        if (auto silent = silentClusters.find(cluster); silent != silentClusters.end())
            co_return fail(ErrorCode::Unavailable, silent->second, cluster);
        if (onAsk) co_return onAsk(path);
        auto found = objects.find(path);
        if (found == objects.end()) co_return fail(ErrorCode::NotFound, "404 there is no " + path);
        co_return found->second.dump();
    }
    Task<std::vector<Result<operate::Answer>>> askClusters(operate::Caller caller,
                                                           std::vector<operate::Question> questions) override {
        std::vector<Result<operate::Answer>> answers;
        for (auto& question : questions) {
            auto text = co_await askCluster(caller, question.cluster, question.path, question.accept);
            if (text)
                answers.push_back(operate::Answer{std::move(*text), answersTake, certificateEnds});
            else
                answers.push_back(fail(std::move(text).error()));
        }
        co_return answers;
    }
    Task<std::optional<operate::CapacityView>> capacityOf(std::string) override { co_return capacity; }
    Task<void> sleepFor(Duration) override { co_return; }
    const std::vector<access::ExecRule>& execRules() const override { return executable; }
    const std::vector<access::RevealRule>& revealRules() const override { return revealable; }
    const access::ApprovalRule* approvalFor(const access::Request& request) const override {
        for (const auto& rule : approvalRules)
            if (access::covers(rule, request)) return &rule;
        return nullptr;
    }
    Task<Result<void>> mayChange(operate::Caller caller, std::string,
                                 std::vector<kube::ChangeRequest> wanted) override {
        for (const auto& change : wanted) reviewed.push_back(caller.identity + " " + change.method + " " + change.path);
        co_return clusterLets;
    }
    security::Terms auditTerms() const override { return terms; }
    const security::Run* lastAudit(const std::string& scope) const override {
        auto found = audits.find(scope);
        return found == audits.end() ? nullptr : &found->second;
    }
    void keepAudit(const std::string& scope, const security::Run& run) override { audits[scope] = run; }
    backup::Keeper* keeper = nullptr;
    backup::Keeper* backups() const override { return keeper; }
    Task<Result<std::string>> changeCluster(access::Permit permit, kube::ChangeRequest request) override {
        EXPECT_TRUE(permit.covers(request.digest()));
        EXPECT_EQ(permit.ns(), request.ns());
        Change change{permit.extent(), permit.ns(), request};
        changes.push_back(change);
        if (onChange) co_return co_await onChange(change);
        co_return objects[request.path].dump();
    }

private:
    const Clock& clock_;
    rules::RuleSet rules_{{}};
};

inline constexpr auto webPath = "/apis/apps/v1/namespaces/shop/deployments/web";
inline constexpr auto nodePath = "/api/v1/nodes/node-1";

/// With as many ready as it wants.
inline nlohmann::json deployment(int replicas, int generation) {
    return {{"kind", "Deployment"},
            {"metadata", {{"name", "web"}, {"namespace", "shop"}, {"uid", "u-web"}, {"generation", generation}}},
            {"spec", {{"replicas", replicas}}},
            {"status",
             {{"observedGeneration", generation},
              {"replicas", replicas},
              {"updatedReplicas", replicas},
              {"availableReplicas", replicas}}}};
}

inline nlohmann::json node(bool cordoned) {
    nlohmann::json spec = nlohmann::json::object();
    if (cordoned) spec["unschedulable"] = true;
    return {{"kind", "Node"},
            {"metadata", {{"name", "node-1"}, {"uid", "u-node"}, {"resourceVersion", "9"}}},
            {"spec", spec}};
}

}  // namespace klaw::app
