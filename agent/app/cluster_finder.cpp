#include "agent/app/cluster_finder.hpp"

#include <algorithm>
#include <filesystem>

#include "agent/app/kubernetes_secrets.hpp"
#include "agent/kube/kubeconfig.hpp"

namespace klaw::app {
namespace {

namespace fs = std::filesystem;
using kube::ClusterAccess;
using kube::ClusterSource;

/// A cluster by its kubeconfig and the name that it is to have.
struct Wanted {
    std::string name;  ///< empty: the context's
    kube::AccessQuery query;
};

/// Kubernetes mounts what is in a Secret or ConfigMap behind links that begin with two dots.
Result<std::vector<Wanted>> inDirectory(const std::string& directory) {
    std::error_code trouble;
    std::vector<Wanted> wanted;
    for (fs::directory_iterator entry(directory, trouble), end; !trouble && entry != end; entry.increment(trouble)) {
        auto name = entry->path().filename().string();
        if (!name.starts_with('.') && entry->is_regular_file(trouble))
            wanted.push_back({entry->path().stem().string(), {entry->path().string(), {}, false}});
    }
    if (trouble)
        return fail(ErrorCode::InvalidArgument, "cannot read the directory: " + trouble.message(), directory,
                    "check the path and its permissions");
    std::ranges::sort(wanted, {}, &Wanted::name);
    return wanted;
}

Result<std::vector<Wanted>> wantedOf(const ClusterSource& source, const kube::KubeEnvironment& environment) {
    if (!source.directory.empty()) return inDirectory(source.directory);
    kube::AccessQuery query{source.kubeconfig, source.context, source.inCluster};
    if (source.context != "*") return std::vector{Wanted{source.name, std::move(query)}};
    auto contexts = kube::contextsOf(environment, query);
    if (!contexts) return fail(std::move(contexts).error());
    std::vector<Wanted> wanted;
    for (const auto& context : *contexts) wanted.push_back({context, {source.kubeconfig, context, source.inCluster}});
    return wanted;
}

Result<ClusterAccess> accessOf(const Wanted& wanted, const ClusterSource& source,
                               const kube::KubeEnvironment& environment) {
    auto access = kube::resolveAccess(environment, wanted.query);
    if (!access) return access;
    if (!wanted.name.empty()) access->name = wanted.name;
    access->impersonateCallers = source.impersonate;
    return access;
}

Task<Result<ClusterAccess>> accessInSecret(Loop& loop, LoopClock& clock, const ClusterSource& source,
                                           const std::vector<ClusterAccess>& clusters) {
    auto kubeconfig = co_await readSecret(loop, clock, *source.secret, clusters);
    if (!kubeconfig) co_return fail(std::move(kubeconfig).error());
    auto access = kube::accessFromText(*kubeconfig, placeOf(*source.secret), source.context);
    if (!access) co_return access;
    if (!source.name.empty()) access->name = source.name;
    access->impersonateCallers = source.impersonate;
    co_return access;
}

void add(FoundClusters& found, ClusterAccess access, const ClusterSource& source) {
    auto [known, isNew] = found.sources.emplace(access.name, source);
    if (isNew)
        found.clusters.push_back(std::move(access));
    else
        found.problems.push_back(Error(ErrorCode::InvalidArgument, "two clusters are called \"" + access.name + "\"",
                                       access.source, "give each a `name` of its own"));
}

/// What came from this source before; with a name only that one.
void keep(FoundClusters& found, const FoundClusters& before, const ClusterSource& source, const std::string& name) {
    for (const auto& access : before.clusters) {
        auto from = before.sources.find(access.name);
        bool same = from != before.sources.end() && from->second == source;
        if (same && (name.empty() || access.name == name)) add(found, access, source);
    }
}

std::vector<ClusterSource> orKubectls(std::vector<ClusterSource> sources) {
    if (sources.empty()) sources.emplace_back();
    return sources;
}

}  // namespace

const ClusterAccess* FoundClusters::find(std::string_view name) const {
    auto known = std::ranges::find(clusters, name, &ClusterAccess::name);
    return known == clusters.end() ? nullptr : &*known;
}

Result<std::vector<ClusterAccess>> clustersOnDisk(const std::vector<ClusterSource>& sources) {
    auto environment = kube::processEnvironment();
    FoundClusters found;
    for (const auto& source : orKubectls(sources)) {
        if (source.secret) continue;
        auto wanted = wantedOf(source, environment);
        if (!wanted) return fail(std::move(wanted).error());
        for (const auto& each : *wanted) {
            auto access = accessOf(each, source, environment);
            if (!access) return fail(std::move(access).error());
            add(found, std::move(*access), source);
        }
    }
    if (!found.problems.empty()) return fail(std::move(found.problems.front()));
    return std::move(found.clusters);
}

Task<Result<ClusterAccess>> findCluster(Loop& loop, LoopClock& clock, ClusterSource source,
                                        std::vector<ClusterAccess> clusters) {
    if (source.secret) co_return co_await accessInSecret(loop, clock, source, clusters);
    auto environment = kube::processEnvironment();
    co_return accessOf({source.name, {source.kubeconfig, source.context, source.inCluster}}, source, environment);
}

Task<FoundClusters> findClusters(Loop& loop, LoopClock& clock, std::vector<ClusterSource> sources,
                                 FoundClusters before) {
    auto environment = kube::processEnvironment();
    FoundClusters found;
    auto lacks = [&](const ClusterSource& source, const std::string& name, Error error) {
        keep(found, before, source, name);
        if (!name.empty()) error = std::move(error).within("cluster " + name);
        found.problems.push_back(std::move(error));
    };
    for (const auto& source : orKubectls(std::move(sources))) {
        if (source.secret) {
            auto access = co_await accessInSecret(loop, clock, source, found.clusters);
            if (access)
                add(found, std::move(*access), source);
            else
                lacks(source, source.name, std::move(access).error());
            continue;
        }
        auto wanted = wantedOf(source, environment);
        if (!wanted) lacks(source, source.name, wanted.error());
        for (const auto& each : wanted.value_or(std::vector<Wanted>())) {
            auto access = accessOf(each, source, environment);
            if (access)
                add(found, std::move(*access), source);
            else
                lacks(source, each.name, std::move(access).error());
        }
    }
    co_return found;
}

}  // namespace klaw::app
