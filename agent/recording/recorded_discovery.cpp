#include "agent/recording/recorded_discovery.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>

namespace klaw::recording {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view metricsVersion = "metrics.k8s.io/v1beta1";

bool hasMetrics(const RecordedCluster& cluster) {
    return std::any_of(cluster.scrapes.begin(), cluster.scrapes.end(),
                       [](const auto& scrape) { return scrape.first.starts_with("metrics.k8s.io/"); });
}

std::set<std::string, std::less<>> groupVersions(const RecordedCluster& cluster) {
    std::set<std::string, std::less<>> versions{"v1"};
    for (const auto& [name, resource] : cluster.resources) versions.insert(resource.apiVersion());
    if (hasMetrics(cluster)) versions.emplace(metricsVersion);
    versions.erase("");
    return versions;
}

Json describe(const RecordedResource& resource) {
    auto singular = resource.kind();
    std::transform(singular.begin(), singular.end(), singular.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return {{"name", resource.plural()},
            {"singularName", singular},
            {"namespaced", resource.namespaced()},
            {"kind", resource.kind()},
            {"verbs", {"get", "list", "watch"}}};
}

void addMetrics(Json& resources) {
    for (auto [plural, kind, namespaced] :
         {std::tuple("nodes", "NodeMetrics", false), std::tuple("pods", "PodMetrics", true)}) {
        resources.push_back({{"name", plural},
                             {"singularName", ""},
                             {"namespaced", namespaced},
                             {"kind", kind},
                             {"verbs", {"get", "list"}}});
    }
}

}  // namespace

std::string versionDocument(const RecordedCluster& cluster) {
    std::string git = cluster.gitVersion.empty() ? "v0.0.0" : cluster.gitVersion;
    auto firstDot = git.find('.');
    auto major = git.substr(1, firstDot == git.npos ? git.npos : firstDot - 1);
    auto minor =
        firstDot == git.npos ? std::string() : git.substr(firstDot + 1, git.find('.', firstDot + 1) - firstDot - 1);
    Json json{{"major", major}, {"minor", minor}, {"gitVersion", git}, {"platform", "klaw/recording"}};
    return json.dump();
}

std::string coreVersionsDocument() {
    Json json{{"kind", "APIVersions"}, {"versions", {"v1"}}};
    return json.dump();
}

std::string groupListDocument(const RecordedCluster& cluster) {
    std::map<std::string, Json> groups;
    for (const auto& groupVersion : groupVersions(cluster)) {
        auto slash = groupVersion.find('/');
        if (slash == groupVersion.npos) continue;
        Json version{{"groupVersion", groupVersion}, {"version", groupVersion.substr(slash + 1)}};
        auto& group = groups[groupVersion.substr(0, slash)];
        if (group.is_null()) group["name"] = groupVersion.substr(0, slash);
        group["versions"].push_back(version);
        group["preferredVersion"] = version;
    }
    Json json{{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", Json::array()}};
    for (auto& [name, group] : groups) json["groups"].push_back(std::move(group));
    return json.dump();
}

std::string resourceListDocument(const RecordedCluster& cluster, std::string_view groupVersion) {
    if (!groupVersions(cluster).contains(groupVersion)) return {};
    Json resources = Json::array();
    for (const auto& [name, resource] : cluster.resources)
        if (resource.apiVersion() == groupVersion) resources.push_back(describe(resource));
    if (groupVersion == metricsVersion && hasMetrics(cluster)) addMetrics(resources);
    Json json{{"kind", "APIResourceList"}, {"apiVersion", "v1"}, {"groupVersion", groupVersion}};
    json["resources"] = std::move(resources);
    return json.dump();
}

}  // namespace klaw::recording
