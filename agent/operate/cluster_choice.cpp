#include "agent/operate/cluster_choice.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <functional>

#include "rules/suggestion.hpp"

namespace klaw::operate {
namespace {

std::string namesOf(const std::vector<ClusterView>& clusters) {
    std::string names;
    for (const auto& cluster : clusters) names += (names.empty() ? "" : ", ") + cluster.name;
    return names;
}

tl::unexpected<Error> noCluster(const std::string& wanted, const std::vector<ClusterView>& clusters) {
    std::vector<std::string_view> known;
    for (const auto& cluster : clusters) known.push_back(cluster.name);
    auto near = rules::nearest(wanted, known);
    return fail(ErrorCode::NotFound, "there is no cluster \"" + wanted + "\"", {},
                near ? "did you mean " + std::string(*near) + "?" : "there are " + namesOf(clusters));
}

bool hasName(const std::vector<ClusterView>& clusters, const std::string& name) {
    return std::ranges::find(clusters, name, &ClusterView::name) != clusters.end();
}

/// "env=prod", "env==prod", "env!=prod"
bool meets(const ClusterView& cluster, const std::string& requirement) {
    auto equals = requirement.find('=');
    bool differs = equals > 0 && requirement[equals - 1] == '!';
    auto key = requirement.substr(0, equals - differs);
    auto value = requirement.substr(equals + 1);
    if (value.starts_with('=')) value.erase(0, 1);
    auto found = cluster.labels.find(key);
    bool same = found != cluster.labels.end() && found->second == value;
    return same != differs;
}

std::vector<std::string> selected(const std::vector<ClusterView>& clusters,
                                  const std::function<bool(const ClusterView&)>& wanted) {
    std::vector<std::string> names;
    for (const auto& cluster : clusters)
        if (wanted(cluster)) names.push_back(cluster.name);
    return names;
}

}  // namespace

Result<std::string> clusterOf(const Control& control, const CommandLine& line) {
    auto clusters = control.clusters();
    auto wanted = line.option("cluster");
    if (!wanted && clusters.size() == 1) return clusters.front().name;
    if (!wanted)
        return fail(ErrorCode::InvalidArgument, "which cluster is meant?", {},
                    "add --cluster: one of " + namesOf(clusters));
    if (hasName(clusters, *wanted)) return *wanted;
    return noCluster(*wanted, clusters);
}

Result<std::vector<std::string>> clustersOf(const Control& control, const CommandLine& line) {
    auto clusters = control.clusters();
    auto wanted = line.option("cluster").value_or("");
    if (wanted.empty() || hasName(clusters, wanted)) {
        auto one = clusterOf(control, line);
        if (!one) return fail(std::move(one).error());
        return std::vector{*one};
    }
    if (wanted == "all") return selected(clusters, [](const ClusterView&) { return true; });
    auto parts = splitAtCommas(wanted);
    std::erase(parts, "");
    std::vector<std::string> names;
    if (wanted.find('=') != std::string::npos) {
        for (const auto& part : parts)
            if (part.find('=', 1) == std::string::npos)
                return fail(ErrorCode::InvalidArgument, "\"" + part + "\" is no label with a value", {},
                            "for example --cluster env=prod,region!=cn");
        names = selected(clusters, [&](const ClusterView& cluster) {
            return std::ranges::all_of(parts, [&](const std::string& part) { return meets(cluster, part); });
        });
        if (names.empty())
            return fail(ErrorCode::NotFound, "no cluster has the labels " + wanted, {},
                        "`clusters` lists them with their labels");
        return names;
    }
    for (const auto& part : parts) {
        auto fits = [&](const ClusterView& cluster) { return ::fnmatch(part.c_str(), cluster.name.c_str(), 0) == 0; };
        if (std::ranges::none_of(clusters, fits)) return noCluster(part, clusters);
    }
    return selected(clusters, [&](const ClusterView& cluster) {
        return std::ranges::any_of(
            parts, [&](const std::string& part) { return ::fnmatch(part.c_str(), cluster.name.c_str(), 0) == 0; });
    });
}

}  // namespace klaw::operate
