#include "agent/operate/required_access.hpp"

#include "agent/operate/cluster_choice.hpp"

namespace klaw::operate {
namespace {

/// As far as the command says it; with several clusters and none named there is no place yet.
std::optional<access::Place> placeOfChange(const Control& control, const CommandLine& line) {
    auto cluster = clusterOf(control, line);
    auto name = cluster ? *cluster : line.option("cluster").value_or("");
    if (name.empty()) return std::nullopt;
    auto ns = line.option("namespace").value_or("");
    // "shop=copy,pay": the plan says of each what it needs.
    bool maps = line.verb.starts_with("cluster ") && !ns.empty();
    if (maps)
        if (auto mapping = backup::parseNamespaceMapping(ns)) ns = mapping->begin()->second;
    access::Place place{std::move(name), std::move(ns), {}, {}, true};
    return place;
}

/// As if they did it themselves; what waits for nobody is told to whoever may read.
access::Request requiredToJudge(const Control& control, const CommandLine& line, const Caller& caller) {
    access::Request request{caller.identity, caller.chat, line.verb, "read", {}, caller.membership};
    auto approval = control.approvals().find(line.arguments.empty() ? "" : line.arguments.front());
    if (!approval) return request;
    return access::Approval::requestOf(approval->parts.front(), caller.identity, caller.chat, caller.membership);
}

}  // namespace

access::Request requiredAccess(const Control& control, const Verb& verb, const CommandLine& line,
                               const Caller& caller) {
    if (verb.judgement != Verb::Judgement::None) return requiredToJudge(control, line, caller);
    bool changes = verb.changes && verb.changes(line);
    std::string permission(changes ? verb.permission : verb.readPermission);
    access::Request request{caller.identity,       caller.chat, std::string(verb.name),
                            std::move(permission), {},          caller.membership};
    if ((changes || request.permission != "read") && verb.place) request.place = verb.place(control, line);
    if (!verb.plan) return request;
    request.place = placeOfChange(control, line);
    if (!request.place) request.permission = "read";  // until it is known which cluster is meant
    return request;
}

}  // namespace klaw::operate
