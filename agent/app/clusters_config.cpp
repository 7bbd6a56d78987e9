#include "agent/app/clusters_config.hpp"

#include <algorithm>
#include <set>

#include "agent/app/config_values.hpp"

namespace klaw::app {
namespace {

using rules::Field;
using rules::YamlCursor;

/// Cluster API keeps kubeconfigs under `value`.
void readClusterSecret(const YamlCursor& value, ClusterConfig& cluster) {
    auto& from = cluster.secret.emplace();
    readSecretReference(value, "secret", from);
    if (from.key.empty()) from.key = "value";
    if (from.ns.empty() || from.name.empty())
        value.error("secret: it does not say which", "write {namespace: …, name: …, key: …}");
}

// clang-format off
constexpr Field<ClusterConfig> clusterFields[] = {
    {"name", [](const YamlCursor& v, ClusterConfig& c) { c.name = v.text("name").value; }},
    {"kubeconfig", [](const YamlCursor& v, ClusterConfig& c) { c.kubeconfig = resolved(v, v.text("kubeconfig").value); }},
    {"context", [](const YamlCursor& v, ClusterConfig& c) { c.context = v.text("context").value; }},
    {"in_cluster", [](const YamlCursor& v, ClusterConfig& c) { c.inCluster = v.boolean("in_cluster").value_or(false); }},
    {"impersonate", [](const YamlCursor& v, ClusterConfig& c) { c.impersonate = v.boolean("impersonate").value_or(false); }},
    {"read_only", [](const YamlCursor& v, ClusterConfig& c) { c.readOnly = v.boolean("read_only").value_or(false); }},
    {"directory", [](const YamlCursor& v, ClusterConfig& c) { c.directory = resolved(v, v.text("directory").value); }},
    {"secret", [](const YamlCursor& v, ClusterConfig& c) { readClusterSecret(v, c); }},
    {"labels", [](const YamlCursor& v, ClusterConfig& c) { c.labels = readLabels(v); }},
};
// clang-format on

}  // namespace

void readClusters(const rules::YamlCursor& value, Config& config) {
    std::vector<rules::YamlCursor> places;
    readList<ClusterConfig>(value, "clusters", clusterFields, config.clusters, places);
    std::set<std::string> names;
    for (std::size_t i = 0; i < places.size(); ++i) {
        const auto& cluster = config.clusters[i];
        const auto& name = cluster.name;
        bool several = cluster.context == "*" || !cluster.directory.empty();
        bool ways =
            !cluster.kubeconfig.empty() + !cluster.directory.empty() + cluster.inCluster + cluster.secret.has_value() >
            1;
        if (ways)
            places[i].error("it can be reached in one way only",
                            "keep one of kubeconfig, directory, secret and in_cluster");
        if (several && !name.empty())
            places[i].error("`name` is for one cluster",
                            "leave it out: these have the names of their contexts or files");
        if (!several && name.empty() && (places.size() > 1 || cluster.secret))
            places[i].error("a cluster without a name among several", "give each a `name`");
        if (!name.empty() && !names.insert(name).second)
            places[i].error("the cluster \"" + name + "\" is there twice", "choose another name");
    }
}

}  // namespace klaw::app
