// Changes of nodes.
#include <fmt/format.h>

#include "agent/operate/catalogue.hpp"
#include "agent/operate/planned_object.hpp"

namespace klaw::operate {
namespace {

bool always(const CommandLine&) {
    return true;
}

Task<Result<Plan>> planCordon(Control& control, Caller caller, CommandLine line) {
    bool cordons = findVerb(line.verb)->name == "cordon";
    std::vector<std::string_view> kinds{"nodes"};
    auto read = co_await plannedObject(control, caller, std::move(line), std::move(kinds));
    if (!read) co_return fail(std::move(read).error());
    auto plan = std::move(read->plan);
    if ((valueAt(read->json, "/spec/unschedulable") == true) == cordons)
        co_return fail(ErrorCode::Conflict,
                       "node " + plan.name + (cordons ? " is cordoned already" : " is not cordoned"));
    GuardedPatch patch(read->json);
    if (cordons)
        patch.set("/spec/unschedulable", true);
    else
        patch.remove("/spec/unschedulable");
    patch.putInto(plan);
    const char* what =
        cordons ? (caller.chinese() ? "将节点 {} 设为不可调度" : "cordon the node {}: no new Pods come to it")
                : (caller.chinese() ? "将节点 {} 恢复为可调度" : "uncordon the node {}");
    plan.summary = fmt::format(fmt::runtime(what), plan.name);
    plan.undo = (cordons ? "uncordon node/" : "cordon node/") + plan.name + " --cluster " + plan.cluster;
    co_return plan;
}

Verb changing(std::string_view name, std::vector<std::string_view> aliases, std::string_view usage,
              rules::LocalizedText summary) {
    Verb verb;
    verb.name = name;
    verb.aliases = std::move(aliases);
    verb.usage = usage;
    verb.summary = std::move(summary);
    verb.changes = always;
    verb.plan = planCordon;
    verb.permission = "nodes";
    verb.undoable = true;
    return verb;
}

}  // namespace

std::vector<Verb> nodeVerbs() {
    return {changing("cordon", {"封锁"}, "cordon NODE [--cluster CLUSTER] [--yes]",
                     {"Keeps new Pods away from a node", "禁止向节点调度"}),
            changing("uncordon", {"解封"}, "uncordon NODE [--cluster CLUSTER] [--yes]",
                     {"Lets Pods come to a node again", "恢复节点调度"})};
}

}  // namespace klaw::operate
