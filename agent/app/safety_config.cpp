#include "agent/app/safety_config.hpp"

#include <algorithm>

#include "agent/operate/catalogue.hpp"
#include "rules/load/value_readers.hpp"

namespace klaw::app {
namespace {

using rules::Field;
using rules::YamlCursor;

std::int64_t readCount(const YamlCursor& value, std::string_view key, std::int64_t least) {
    auto number = value.integer(key);
    if (number && *number >= least) return *number;
    if (number)
        value.error(std::string(key) + ": " + std::to_string(*number) + " is too small",
                    "write " + std::to_string(least) + " or more");
    return least;
}

void checkRemedy(const YamlCursor& item, const RemedyConfig& remedy) {
    static constexpr std::string_view actions[] = {"restart", "rollback", "delete", "cordon",
                                                   "run",     "suspend",  "pause"};
    if (remedy.alert.empty()) item.error("remedies: for no alert", "add `alert`: the name of a rule");
    if (std::ranges::find(actions, remedy.action) == std::end(actions))
        item.error("remedies: there is no action \"" + remedy.action + "\"",
                   "restart, rollback, delete, cordon, run, suspend or pause");
}

// clang-format off
constexpr Field<access::ApprovalRule> conditionFields[] = {
    {"replicas", [](const YamlCursor& v, access::ApprovalRule& a) { a.replicas = readCount(v, "replicas", 0); }},
};

constexpr Field<access::ApprovalRule> approverFields[] = {
    {"roles", [](const YamlCursor& v, access::ApprovalRule& a) { a.roles = rules::values(v.texts("roles")); }},
    {"people", [](const YamlCursor& v, access::ApprovalRule& a) { a.people = rules::values(v.texts("people")); }},
};

constexpr Field<access::ApprovalRule> approvalFields[] = {
    {"verbs", [](const YamlCursor& v, access::ApprovalRule& a) { a.verbs = rules::values(v.texts("verbs")); }},
    {"clusters", [](const YamlCursor& v, access::ApprovalRule& a) { a.clusters = rules::values(v.texts("clusters")); }},
    {"namespaces", [](const YamlCursor& v, access::ApprovalRule& a) { a.namespaces = rules::values(v.texts("namespaces")); }},
    {"resources", [](const YamlCursor& v, access::ApprovalRule& a) { a.resources = rules::values(v.texts("resources")); }},
    {"names", [](const YamlCursor& v, access::ApprovalRule& a) { a.names = rules::values(v.texts("names")); }},
    {"when", [](const YamlCursor& v, access::ApprovalRule& a) {
        rules::decodeFields<access::ApprovalRule>(v, "when", conditionFields, a);
    }},
    {"approvers", [](const YamlCursor& v, access::ApprovalRule& a) {
        rules::decodeFields<access::ApprovalRule>(v, "approvers", approverFields, a);
    }},
    {"expires", [](const YamlCursor& v, access::ApprovalRule& a) { a.expires = rules::readDuration(v, "expires"); }},
};

constexpr Field<access::Limit> limitFields[] = {
    {"clusters", [](const YamlCursor& v, access::Limit& l) { l.clusters = rules::values(v.texts("clusters")); }},
    {"namespaces", [](const YamlCursor& v, access::Limit& l) { l.namespaces = rules::values(v.texts("namespaces")); }},
    {"pods_per_change", [](const YamlCursor& v, access::Limit& l) { l.podsPerChange = readCount(v, "pods_per_change", 0); }},
    {"changes_per_person", [](const YamlCursor& v, access::Limit& l) { l.changesPerPerson = readCount(v, "changes_per_person", 0); }},
    {"changes_per_cluster", [](const YamlCursor& v, access::Limit& l) { l.changesPerCluster = readCount(v, "changes_per_cluster", 0); }},
    {"min_healthy", [](const YamlCursor& v, access::Limit& l) { l.minHealthy = readCount(v, "min_healthy", 1); }},
    {"selector", [](const YamlCursor& v, access::Limit& l) { l.selector = v.text("selector").value; }},
    {"disruption_budgets", [](const YamlCursor& v, access::Limit& l) { l.budgets = v.boolean("disruption_budgets").value_or(false); }},
};

constexpr Field<access::ExecRule> execFields[] = {
    {"command", [](const YamlCursor& v, access::ExecRule& e) { e.command = rules::values(v.texts("command")); }},
    {"clusters", [](const YamlCursor& v, access::ExecRule& e) { e.clusters = rules::values(v.texts("clusters")); }},
    {"namespaces", [](const YamlCursor& v, access::ExecRule& e) { e.namespaces = rules::values(v.texts("namespaces")); }},
    {"names", [](const YamlCursor& v, access::ExecRule& e) { e.names = rules::values(v.texts("names")); }},
    {"containers", [](const YamlCursor& v, access::ExecRule& e) { e.containers = rules::values(v.texts("containers")); }},
    {"roles", [](const YamlCursor& v, access::ExecRule& e) { e.roles = rules::values(v.texts("roles")); }},
    {"timeout", [](const YamlCursor& v, access::ExecRule& e) { e.timeout = rules::readDuration(v, "timeout"); }},
};

constexpr Field<access::RevealRule> revealFields[] = {
    {"clusters", [](const YamlCursor& v, access::RevealRule& r) { r.clusters = rules::values(v.texts("clusters")); }},
    {"namespaces", [](const YamlCursor& v, access::RevealRule& r) { r.namespaces = rules::values(v.texts("namespaces")); }},
    {"names", [](const YamlCursor& v, access::RevealRule& r) { r.names = rules::values(v.texts("names")); }},
    {"keys", [](const YamlCursor& v, access::RevealRule& r) { r.keys = rules::values(v.texts("keys")); }},
    {"recall", [](const YamlCursor& v, access::RevealRule& r) { r.recall = rules::readDuration(v, "recall"); }},
};

constexpr Field<RemedyConfig> remedyFields[] = {
    {"alert", [](const YamlCursor& v, RemedyConfig& r) { r.alert = v.text("alert").value; }},
    {"action", [](const YamlCursor& v, RemedyConfig& r) { r.action = v.text("action").value; }},
    {"after", [](const YamlCursor& v, RemedyConfig& r) { r.after = rules::readDuration(v, "after"); }},
    {"clusters", [](const YamlCursor& v, RemedyConfig& r) { r.clusters = rules::values(v.texts("clusters")); }},
    {"namespaces", [](const YamlCursor& v, RemedyConfig& r) { r.namespaces = rules::values(v.texts("namespaces")); }},
};

constexpr Field<RemediationConfig> remediationFields[] = {
    {"per_hour", [](const YamlCursor& v, RemediationConfig& r) { r.perHour = readCount(v, "per_hour", 0); }},
    {"failures", [](const YamlCursor& v, RemediationConfig& r) { r.failures = readCount(v, "failures", 1); }},
    {"remedies", [](const YamlCursor& v, RemediationConfig& r) {
        for (const auto& item : v.items("remedies")) {
            auto& remedy = r.remedies.emplace_back();
            rules::decodeFields<RemedyConfig>(item, "remedies", remedyFields, remedy);
            checkRemedy(item, remedy);
        }
    }},
};
// clang-format on

constexpr Duration shortestAudit = 24h;

void readReads(const YamlCursor& value, AuditConfig& audit) {
    auto text = value.text("reads").value;
    if (text == "all")
        audit.reads = AuditConfig::Reads::All;
    else if (text == "sensitive")
        audit.reads = AuditConfig::Reads::Sensitive;
    else
        value.error("reads: \"" + text + "\" is not known",
                    "all, or sensitive: only those of logs, Secrets and the audit log itself");
}

void readKeep(const YamlCursor& value, AuditConfig& audit) {
    audit.keep = rules::readDuration(value, "keep");
    if (*audit.keep < shortestAudit)
        value.error("keep: the audit log is kept for a day at least", "write for example 400d; without it for ever");
}

constexpr Field<AuditConfig> auditFields[] = {{"keep", readKeep}, {"reads", readReads}};

/// Whether the pattern is about a change of objects: only these have a plan to approve.
bool isOfObjects(const std::string& pattern) {
    static constexpr std::string_view others[] = {
        "workloads",        "nodes", "namespaces", "access", "apply access", "apply namespaces", "create namespaces",
        "delete namespaces"};
    auto fits = [&](std::string_view name) { return access::matchesPattern(pattern, name); };
    return std::ranges::any_of(others, fits) ||
           std::ranges::any_of(operate::catalogue(), [&](const operate::Verb& verb) {
               return verb.plan && (fits(verb.name) || fits(verb.permission));
           });
}

bool isKnown(const std::string& pattern) {
    static constexpr std::string_view permissions[] = {"read", "alerts", "workloads", "nodes",
                                                       "exec", "reveal", "rules",     "access"};
    auto fits = [&](std::string_view name) { return access::matchesPattern(pattern, name); };
    return std::ranges::any_of(permissions, fits) ||
           std::ranges::any_of(operate::catalogue(),
                               [&](const operate::Verb& verb) { return fits(verb.name) || fits(verb.permission); });
}

}  // namespace

void readApprovals(const YamlCursor& value, Config& config) {
    constexpr Duration longest = 7 * 24h;
    for (const auto& item : value.items("approvals")) {
        access::ApprovalRule rule;
        rules::decodeFields<access::ApprovalRule>(item, "approvals", approvalFields, rule);
        if (rule.verbs.empty()) item.error("approvals: for nothing", "add `verbs`, for example [drain, delete]");
        for (const auto& verb : rule.verbs)
            if (!isOfObjects(verb) && isKnown(verb))
                item.error("approvals: \"" + verb + "\" changes no object of a cluster",
                           "leave it out: only changes of objects can wait for an approval");
            else if (!isOfObjects(verb))
                item.error("approvals: there is no command \"" + verb + "\"", "`klaw commands` lists what there is");
        if (rule.expires < 1min || rule.expires > longest)
            item.error("expires: an approval waits for a minute at least and for seven days at most",
                       "write for example 30m");
        config.approvals.push_back(std::move(rule));
    }
}

void readLimits(const YamlCursor& value, Config& config) {
    for (const auto& item : value.items("limits")) {
        access::Limit limit;
        rules::decodeFields<access::Limit>(item, "limits", limitFields, limit);
        bool limits = limit.podsPerChange || limit.changesPerPerson || limit.changesPerCluster || limit.minHealthy ||
                      limit.budgets;
        if (!limits)
            item.error("limits: nothing is limited",
                       "add pods_per_change, changes_per_person, changes_per_cluster, min_healthy or "
                       "disruption_budgets");
        if (!limit.selector.empty() && !limit.minHealthy)
            item.error("selector: it says which Pods `min_healthy` counts", "add `min_healthy`");
        config.limits.push_back(std::move(limit));
    }
}

void readExec(const YamlCursor& value, Config& config) {
    for (const auto& item : value.items("exec")) {
        access::ExecRule rule;
        rules::decodeFields<access::ExecRule>(item, "exec", execFields, rule);
        if (auto fine = access::checkCommand(rule.command); !fine)
            item.error("exec: " + fine.error().message, fine.error().remedy);
        if (rule.timeout < access::ExecRule::shortestTimeout || rule.timeout > access::ExecRule::longestTimeout)
            item.error("timeout: a command may run for a second at least and for 60s at most", "write for example 10s");
        config.exec.push_back(std::move(rule));
    }
}

void readReveal(const YamlCursor& value, Config& config) {
    for (const auto& item : value.items("reveal")) {
        access::RevealRule rule;
        rules::decodeFields<access::RevealRule>(item, "reveal", revealFields, rule);
        bool limits = !rule.clusters.empty() || !rule.namespaces.empty() || !rule.names.empty();
        if (!limits)
            item.error("reveal: it would be about every Secret of every cluster",
                       "add `clusters`, `namespaces` or `names`");
        if (rule.recall < access::RevealRule::shortestRecall || rule.recall > access::RevealRule::longestRecall)
            item.error("recall: a value is shown for 10s at least and for 60m at most", "write for example 2m");
        config.reveal.push_back(std::move(rule));
    }
}

std::vector<std::string> readGroups(const YamlCursor& value) {
    auto groups = rules::values(value.texts("groups"));
    for (const auto& group : groups) {
        bool plain = !group.empty() && std::ranges::all_of(group, [](unsigned char c) { return c > ' ' && c < 0x7f; });
        if (group.starts_with("system:"))
            value.error("groups: \"" + group + "\" is one of those that Kubernetes keeps for itself",
                        "bind what people may do to a group of your own");
        else if (!plain)
            value.error("groups: \"" + group + "\" cannot be the name of a group in a request",
                        "names have letters, digits and signs, without blanks");
    }
    return groups;
}

void readRemediation(const YamlCursor& value, Config& config) {
    rules::decodeFields<RemediationConfig>(value, "remediation", remediationFields, config.remediation);
}

void readAudit(const YamlCursor& value, Config& config) {
    rules::decodeFields<AuditConfig>(value, "audit", auditFields, config.audit);
}

void checkApprovers(const YamlCursor& root, const Config& config) {
    access::Policy policy(config.bindings, config.roles);
    for (const auto& rule : config.exec)
        for (const auto& role : rule.roles)
            if (!policy.role(role))
                root.error("exec: there is no role \"" + role + "\"", "one of `roles`, or viewer, operator, admin");
    for (const auto& rule : config.approvals) {
        for (const auto& role : rule.roles)
            if (!policy.role(role))
                root.error("approvals: there is no role \"" + role + "\"",
                           "one of `roles`, or viewer, operator, admin");
        for (const auto& person : rule.people)
            if (std::ranges::none_of(config.bindings, [&](const access::Binding& b) { return b.name == person; }))
                root.error("approvals: there is nobody called \"" + person + "\"",
                           "add them to `access`, with a `name`");
    }
}

}  // namespace klaw::app
