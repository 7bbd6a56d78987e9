// The tools: which verb of the catalogue each asks for, and what it wants to know for that.
#include <algorithm>

#include "agent/mcp/tool.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/resource_kinds.hpp"

namespace klaw::mcp {
namespace {

using Into = Parameter::Into;
using Type = Parameter::Type;

Parameter cluster() {
    return {"cluster", Type::Text, Into::Option,
            "Which cluster; needed only where there are several. Lists take "
            "several: all, prod-1,prod-2, prod-* or labels such as env=prod"};
}
Parameter ns(bool required = false) {
    return {"namespace", Type::Text, Into::Option, "Namespace; without it all that the caller may read", required};
}
Parameter grep() {
    return {"grep", Type::Text, Into::Option, "Only rows with a cell that matches this expression, whatever the case"};
}
Parameter target(bool required = true) {
    return {"target", Type::Text, Into::Argument, "KIND/NAME, such as deployment/web or pod/web-0", required};
}
Parameter id() {
    return {"id", Type::Text, Into::Argument, "Id of the alert, or how it begins", true};
}
Parameter since(std::string_view usual) {
    return {"since", Type::Text, Into::Option, "How far back, such as 15m, 2h or 30d", false, {}, {}, 0, 0, usual};
}
Parameter kibibytes() {
    return {"max_kib", Type::Integer, Into::Result, "How long the answer may be, in KiB", false, {}, {},
            1,         mostKibibytes};
}
Parameter skip() {
    return {"skip",       Type::Integer,
            Into::Result, "Rows to leave out at the beginning: `next` of the answer before",
            false,        {},
            {},           0,
            1'000'000};
}

Tool reading(std::string_view name, std::string_view title, std::string_view description, std::string_view verb,
             std::vector<Parameter> parameters, std::vector<std::string_view> words = {}) {
    parameters.push_back(kibibytes());
    return {name, title, description, Tool::Kind::Read, verb, std::move(words), std::move(parameters)};
}

Tool listing(std::string_view name, std::string_view title, std::string_view description, std::string_view verb,
             std::vector<Parameter> parameters, std::vector<std::string_view> words = {}) {
    parameters.push_back(skip());
    return reading(name, title, description, verb, std::move(parameters), std::move(words));
}

/// Events have a tool of their own.
std::vector<std::string_view> listedKinds() {
    std::vector<std::string_view> kinds;
    for (const auto& kind : operate::resourceKinds())
        if (kind.name != "events") kinds.push_back(kind.name);
    return kinds;
}

std::vector<Tool> clusterTools() {
    return {
        listing("clusters_list", "Clusters",
                "Lists the Kubernetes clusters that Klaw watches, with version and health.", "clusters", {}, {"list"}),
        reading(
            "status_get", "Status of a cluster",
            "Shows how a cluster is: API server, nodes, workloads, capacity, certificates, alerts, top consumers; one "
            "line each where there are several.",
            "status", {ns(), cluster()}),
        listing("health_get", "Health checks",
                "Checks API server, control plane, nodes, workloads, capacity and certificates; the worst first.",
                "health", {ns(), cluster()}),
        listing("top_get", "What uses most", "Shows which nodes or Pods use most CPU and memory.", "top",
                {{"of", Type::Choice, Into::Argument, "What is ranked", true, {}, {"nodes", "pods"}},
                 ns(),
                 grep(),
                 cluster()}),
    };
}

/// What `cluster …` reads.
std::vector<Tool> lifecycleTools() {
    return {
        listing("cluster_audit", "Security audit",
                "Checks how safe a cluster is set up: Pods, roles, network, secrets, certificates, control plane; says "
                "what is new and what is fixed since the last time.",
                "cluster audit",
                {{"severity",
                  Type::Choice,
                  Into::Option,
                  "The least that is listed",
                  false,
                  {},
                  {"low", "medium", "high", "critical"}},
                 ns(),
                 grep(),
                 cluster()}),
        listing("cluster_backups_list", "Backups", "Lists the archives that there are, and how their backups go.",
                "cluster backups", {{"name", Type::Text, Into::Argument, "Only of this backup"}}),
        reading("cluster_backup_verify", "Verify a backup",
                "Says whether an archive is whole and good, and what is in it.", "cluster backup",
                {{"archive", Type::Text, Into::Argument, "Its name, from cluster_backups_list", true}}, {"verify"}),
        listing("managed_clusters_list", "Clusters of Cluster API",
                "Lists the clusters that Cluster API manages, with how far each is.", "cluster list",
                {ns(), cluster()}),
        reading("cluster_preflight", "Before an upgrade",
                "Says what stands in the way of another version of Kubernetes, and what is to be done.",
                "cluster preflight",
                {{"name", Type::Text, Into::Argument, "Which cluster", true},
                 {"to", Type::Text, Into::Option, "The version, such as v1.34.2", true}}),
    };
}

std::vector<Tool> resourceTools() {
    std::vector<Tool> all{
        listing("resources_list", "List resources",
                "Lists Kubernetes resources of one kind with their state: pods, deployments, nodes and so on.", {},
                {{"kind", Type::Choice, Into::Verb, "Which kind", true, {}, listedKinds()},
                 ns(),
                 {"selector", Type::Text, Into::Option, "Label selector, as in kubectl"},
                 {"bad", Type::Flag, Into::Option, "Only what is not well"},
                 grep(),
                 cluster()}),
        reading("resource_get", "Describe one object",
                "Shows one object with its state and its Events; of a Secret never what is in it.", "describe",
                {{"kind", Type::Text, Into::Argument, "Such as pod, deployment, node", true},
                 {"name", Type::Text, Into::Argument, "Its name", true},
                 ns(),
                 cluster()}),
        reading("logs_get", "Logs",
                "Shows the last lines that Pods wrote, merged by time: of one Pod, a workload or a selector.", "logs",
                {target(false),
                 ns(true),
                 {"selector", Type::Text, Into::Option, "Label selector in place of the target"},
                 {"container", Type::Text, Into::Option, "One container"},
                 {"previous", Type::Flag, Into::Option, "Of the run before the last restart"},
                 {"tail", Type::Integer, Into::Option, "Lines of each container", false, {}, {}, 1, 1000, "100"},
                 since("15m"),
                 {"grep", Type::Text, Into::Option, "Only lines that match this expression, whatever the case"},
                 {"context", Type::Integer, Into::Option, "Lines around each match", false, {}, {}, 0, 20},
                 cluster()}),
        listing("events_list", "Events", "Lists Kubernetes Events, the latest last.", "events",
                {ns(), grep(), cluster()}),
        reading("rollout_get", "Rollout", "Shows how far a rollout is, or the revisions of a workload.", "rollout",
                {{"view",
                  Type::Choice,
                  Into::Argument,
                  "The state of the rollout, or past revisions",
                  true,
                  {},
                  {"status", "history"}},
                 target(),
                 ns(true),
                 cluster()}),
        listing("history_list", "Who changed an object",
                "Lists who changed an object and how, through Klaw and otherwise.", "history",
                {target(), ns(true), since("30d"), cluster()}),
    };
    for (auto& tool : all) {
        tool.keepsEnd = tool.name == "logs_get";
        tool.othersWrite = tool.name == "logs_get" || tool.name == "events_list" || tool.name == "resource_get";
    }
    return all;
}

std::vector<Tool> alertTools() {
    std::vector<Tool> all{
        listing("alerts_list", "Alerts",
                "Lists what is wrong now: the open alerts with severity, object and since when.", "alerts",
                {ns(), grep(), cluster()}),
        reading("alert_get", "One alert", "Shows one alert in full: evidence, last changes, who has taken it.",
                "alerts", {id()}),
        listing("alert_deliveries_list", "Who was told of an alert",
                "Lists what was sent about an alert, where and when.", "alerts", {id()}, {"deliveries"}),
        listing("silences_list", "Silences", "Lists the silences that hold now.", "silence", {}, {"list"}),
        listing("rules_list", "Alert rules", "Lists the rules that run, and which are unavailable and why.", "rules",
                {}),
        reading("rule_get", "One alert rule", "Shows a rule, what it reads and costs, or its past revisions.", "rules",
                {{"view",
                  Type::Choice,
                  Into::Argument,
                  "The rule, what it does, or its revisions",
                  true,
                  {},
                  {"show", "explain", "history"}},
                 {"name", Type::Text, Into::Argument, "Name of the rule", true}}),
    };
    for (auto& tool : all) tool.othersWrite = tool.name == "alert_get";
    return all;
}

std::vector<Tool> peopleTools() {
    return {
        listing("approvals_list", "Changes that wait", "Lists changes that wait for the approval of another person.",
                "approvals", {{"all", Type::Flag, Into::Option, "Those decided in the last day as well"}}),
        listing("audit_list", "Audit log", "Lists who did and tried what, the latest first.", "audit",
                {{"person", Type::Text, Into::Option, "A name or an identity"},
                 {"verb", Type::Text, Into::Option, "One command, such as restart"},
                 {"outcome", Type::Text, Into::Option, "Such as done, denied, failed"},
                 {"object", Type::Text, Into::Option, "KIND/NAME"},
                 ns(),
                 since("24h"),
                 {"limit", Type::Integer, Into::Option, "Rows", false, {}, {}, 1, 500, "50"},
                 cluster()}),
        reading("access_explain", "Who may do something", "Says whether somebody may do something, and by which entry.",
                "can",
                {{"person", Type::Text, Into::Argument, "A name or an identity", true},
                 {"verb", Type::Text, Into::Argument, "A command, such as restart", true},
                 target(false),
                 ns(),
                 cluster()}),
        listing("access_list", "Roles", "Lists who has which role, where and until when.", "who",
                {{"person", Type::Text, Into::Argument, "Only of this one"}}),
        reading("help_get", "How a command is written", "Explains the commands that change_plan takes.", "help",
                {{"command", Type::Text, Into::Argument, "One command"}}),
    };
}

std::vector<Tool> changeTools() {
    return {
        {"change_plan", "Plan a change",
         "Shows what a change would do, by a dry run of the API server, and keeps it for ten minutes under a plan id. "
         "Changes nothing. Show the summary to the person before change_apply.",
         Tool::Kind::Plan},
        {"change_apply",
         "Ask people to carry a plan out",
         "Posts Klaw's own card for a plan to the people in charge and answers `waiting`: the change is made only when "
         "somebody who may presses Confirm on that card. Call it again with the same plan to hear what became of it.",
         Tool::Kind::Apply,
         {},
         {},
         {{"plan", Type::Text, Into::Argument, "The id that change_plan gave", true}}},
    };
}

}  // namespace

std::span<const Tool> tools() {
    static const std::vector<Tool> all = [] {
        std::vector<Tool> made;
        for (auto group :
             {clusterTools(), lifecycleTools(), resourceTools(), alertTools(), peopleTools(), changeTools()})
            std::ranges::move(group, std::back_inserter(made));
        return made;
    }();
    return all;
}

const Tool* findTool(std::string_view name) {
    auto found = std::ranges::find(tools(), name, &Tool::name);
    return found == tools().end() ? nullptr : &*found;
}

std::span<const std::string_view> verbsWithoutTool() {
    static constexpr std::string_view none[] = {
        "use",  // chooses a cluster for a conversation: a call names its own
    };
    return none;
}

const std::vector<std::string_view>& plannableVerbs() {
    static const std::vector<std::string_view> names = [] {
        // The rights of people, and which clusters there are, are no model's business.
        constexpr std::string_view never[] = {"grant", "revoke", "clusters", "rules", "approve", "refuse", "use"};
        std::vector<std::string_view> made;
        for (const auto& verb : operate::catalogue())
            if (verb.changes && (verb.plan || verb.preview) && std::ranges::find(never, verb.name) == std::end(never))
                made.push_back(verb.name);
        return made;
    }();
    return names;
}

}  // namespace klaw::mcp
