// `cluster volumes`: what archives leave out, the data of volumes, by Velero where it is installed.
// https://velero.io/docs/main/api-types/
#include <fmt/format.h>

#include <algorithm>

#include "agent/backup/restore_options.hpp"
#include "agent/operate/always.hpp"
#include "agent/operate/backup_access.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/cluster_choice.hpp"
#include "agent/operate/data_words.hpp"
#include "agent/operate/plan_outcome.hpp"
#include "agent/operate/planned_object.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

constexpr auto asJson = "application/json";
constexpr auto veleroVersion = "velero.io/v1";

/// Velero may do everything: who is restored to namespaces is not restored to rights, nor to what all namespaces share.
/// PersistentVolumes come with their claims.
constexpr const char* ofTheCluster[] = {"roles.rbac.authorization.k8s.io",
                                        "rolebindings.rbac.authorization.k8s.io",
                                        "clusterroles.rbac.authorization.k8s.io",
                                        "clusterrolebindings.rbac.authorization.k8s.io",
                                        "customresourcedefinitions.apiextensions.k8s.io",
                                        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
                                        "validatingwebhookconfigurations.admissionregistration.k8s.io",
                                        "apiservices.apiregistration.k8s.io"};

std::string objectPath(const std::string& ns, const char* plural, const std::string& name) {
    return "/apis/velero.io/v1/namespaces/" + percentEncode(ns) + "/" + plural + "/" + percentEncode(name);
}

/// The namespace that Velero runs in: that of its storage locations.
Task<Result<std::string>> namespaceOfVelero(Control& control, Caller caller, std::string cluster) {
    auto list = co_await control.askCluster(std::move(caller), std::move(cluster),
                                            "/apis/velero.io/v1/backupstoragelocations", asJson);
    if (!list && list.error().code == ErrorCode::NotFound)
        co_return fail(ErrorCode::NotFound, "Velero is not installed in this cluster", {},
                       "install it (https://velero.io), or use `cluster backup` for the objects alone");
    if (!list) co_return fail(std::move(list).error());
    auto json = Json::parse(*list, nullptr, false);
    const auto& items = listAt(json, "/items");
    if (items.empty())
        co_return fail(ErrorCode::NotFound, "Velero has no place for backups", {}, "make a BackupStorageLocation");
    co_return textAt(items.front(), "/metadata/namespace");
}

Plan planOf(const std::string& cluster, const std::string& ns, const char* kind, const char* plural,
            const std::string& name, Json spec) {
    Plan plan;
    plan.cluster = cluster;
    plan.ns = ns;
    plan.kind = kind;
    plan.name = name;
    plan.path = plan.evidence = objectPath(ns, plural, name);
    plan.permission = "backups";
    Json object{{"apiVersion", veleroVersion},
                {"kind", kind},
                {"metadata", {{"name", name}, {"namespace", ns}}},
                {"spec", std::move(spec)}};
    plan.wanted = object.dump(-1, ' ', false, Json::error_handler_t::replace);
    plan.request = {"PATCH", plan.path, applyType, plan.wanted};
    plan.rollout = true;  // followed by its phase
    return plan;
}

Task<Result<Plan>> planBackup(Control& control, Caller caller, std::string cluster, std::string velero,
                              CommandLine line) {
    auto name = line.arguments[1];
    auto there = co_await control.askCluster(caller, cluster, objectPath(velero, "backups", name), asJson);
    if (there)
        co_return fail(ErrorCode::Conflict, "there is a backup \"" + name + "\" already", {}, "choose another name");
    if (there.error().code != ErrorCode::NotFound) co_return fail(std::move(there).error());
    Json spec{{"ttl", line.option("ttl").value_or("720h")}};
    auto ttl = parseDuration(spec["ttl"].get<std::string>());
    if (!ttl || *ttl <= Duration())
        co_return fail(ErrorCode::InvalidArgument, "--ttl: how long the backup is kept", {}, "write for example 720h");
    // As Go writes durations: it knows no days.
    spec["ttl"] = std::to_string(std::chrono::duration_cast<std::chrono::seconds>(*ttl).count()) + "s";
    std::map<std::string, std::string> namespaces;
    for (const auto& ns : splitAtCommas(line.option("namespace").value_or(""))) {
        spec["includedNamespaces"].push_back(ns);
        namespaces.emplace(ns, ns);
    }
    auto plan = planOf(cluster, velero, "Backup", "backups", name, std::move(spec));
    plan.summary = (caller.chinese() ? "由 Velero 备份（含卷数据）：" : "have Velero back up, with volumes: ") + name;
    plan.needs = accessToMove(namespaces, cluster, cluster, {"backups"});
    co_return plan;
}

Task<Result<Plan>> planRestore(Control& control, Caller caller, std::string cluster, std::string velero,
                               CommandLine line) {
    auto name = line.arguments[1];
    auto there = co_await control.askCluster(caller, cluster, objectPath(velero, "backups", name), asJson);
    if (!there && there.error().code == ErrorCode::NotFound)
        co_return fail(ErrorCode::NotFound, "Velero has no backup \"" + name + "\"", cluster);
    if (!there) co_return fail(std::move(there).error());
    auto phase = textAt(Json::parse(*there, nullptr, false), "/status/phase");
    if (phase != "Completed" && phase != "PartiallyFailed")
        co_return fail(ErrorCode::Conflict, "the backup is not complete: " + (phase.empty() ? "New" : phase), name);
    Json spec{{"backupName", name}};
    std::map<std::string, std::string> namespaces;
    if (auto written = line.option("namespace")) {
        auto mapping = backup::parseNamespaceMapping(*written);
        if (!mapping) co_return fail(std::move(mapping).error());
        namespaces = std::move(*mapping);
    }
    for (const auto& [from, to] : namespaces) {
        spec["includedNamespaces"].push_back(from);
        if (from != to) spec["namespaceMapping"][from] = to;
    }
    if (!namespaces.empty())
        for (const auto* resource : ofTheCluster) spec["excludedResources"].push_back(resource);
    auto stamp = formatRfc3339(std::chrono::floor<std::chrono::seconds>(control.now()));
    std::erase_if(stamp, [](char c) { return c < '0' || c > '9'; });
    auto plan = planOf(cluster, velero, "Restore", "restores", name + "-" + stamp, std::move(spec));
    plan.summary = (caller.chinese() ? "由 Velero 恢复（含卷数据）：" : "have Velero restore, with volumes: ") + name;
    std::vector<std::string_view> permissions{"backups", "workloads", "namespaces"};
    if (namespaces.empty()) permissions.insert(permissions.end(), {"access", "nodes"});
    plan.needs = accessToMove(namespaces, cluster, cluster, permissions);
    if (phase == "PartiallyFailed")
        plan.notes.push_back(caller.chinese() ? "该备份部分失败" : "the backup had failed in part");
    co_return plan;
}

Task<Result<Plan>> planVolumes(Control& control, Caller caller, CommandLine line) {
    auto cluster = clusterOf(control, line);
    if (!cluster) co_return fail(std::move(cluster).error());
    bool restores = !line.arguments.empty() && line.arguments[0] == "restore";
    bool known =
        line.arguments.size() == 2 && (restores || line.arguments[0] == "backup") && isName(line.arguments[1], "-.");
    if (!known)
        co_return fail(ErrorCode::InvalidArgument, "what is to be done with which backup?", {},
                       "cluster volumes backup NAME, or cluster volumes restore NAME");
    auto velero = co_await namespaceOfVelero(control, caller, *cluster);
    if (!velero) co_return fail(std::move(velero).error());
    if (restores) co_return co_await planRestore(control, std::move(caller), *cluster, *velero, std::move(line));
    co_return co_await planBackup(control, std::move(caller), *cluster, *velero, std::move(line));
}

}  // namespace

std::vector<Verb> volumeVerbs() {
    Verb verb;
    verb.name = "cluster volumes", verb.aliases = {"cluster 卷"};
    verb.usage =
        "cluster volumes backup NAME [-n NAMESPACE,…] [--ttl 720h] | cluster volumes restore NAME "
        "[-n NAMESPACE[=TARGET],…] [--cluster CLUSTER] [--yes]";
    verb.summary = {"Has Velero back up or restore namespaces with the data of their volumes",
                    "由 Velero 备份或恢复命名空间及其卷数据"};
    verb.changes = always;
    verb.plan = planVolumes;
    verb.permission = "backups";
    verb.danger = Danger::High;
    verb.options = {"ttl"};
    return {std::move(verb)};
}

}  // namespace klaw::operate
