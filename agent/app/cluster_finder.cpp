#include "agent/app/cluster_finder.hpp"

#include <algorithm>
#include <filesystem>

#include "agent/app/kubernetes_secrets.hpp"
#include "agent/kube/kubeconfig.hpp"
#include "base/async/together.hpp"

namespace klaw::app {
namespace {

namespace fs = std::filesystem;
using kube::ClusterAccess;
using kube::ClusterSource;

/// Where it leads is the same, whatever else is said about the clusters.
bool leadToTheSame(const ClusterSource& one, const ClusterSource& other) {
    auto way = [](const ClusterSource& source) {
        return std::tie(source.name, source.kubeconfig, source.context, source.directory, source.secret,
                        source.inCluster);
    };
    return way(one) == way(other);
}

/// Gathers what sources lead to.
class Finding {
public:
    Finding(FoundClusters& found, const FoundClusters& before) : found_(found), before_(before) {}

    void add(ClusterAccess access, const ClusterSource& source) {
        access.impersonateCallers = source.impersonate;
        auto [known, isNew] = found_.sources.emplace(access.name, source);
        if (isNew)
            found_.clusters.push_back(std::move(access));
        else
            found_.problems.push_back(Error(ErrorCode::InvalidArgument,
                                            "two clusters are called \"" + access.name + "\"", access.source,
                                            "give each a `name` of its own"));
    }

    /// What came from this source before stays; with a name only that one.
    void lack(const ClusterSource& source, const std::string& name, Error error) {
        for (const auto& access : before_.clusters) {
            auto from = before_.sources.find(access.name);
            bool same = from != before_.sources.end() && leadToTheSame(from->second, source);
            if (same && (name.empty() || access.name == name)) add(access, source);
        }
        if (name.empty()) found_.incomplete = true;
        found_.problems.push_back(name.empty() ? std::move(error) : std::move(error).within("cluster " + name));
    }

private:
    FoundClusters& found_;
    const FoundClusters& before_;
};

/// Kubernetes mounts what is in a Secret or ConfigMap behind links that begin with two dots.
Result<std::vector<fs::path>> filesOf(const std::string& directory) {
    std::error_code trouble;
    std::vector<fs::path> files;
    for (fs::directory_iterator entry(directory, trouble), end; !trouble && entry != end; entry.increment(trouble)) {
        bool hidden = entry->path().filename().string().starts_with('.');
        if (!hidden && entry->is_regular_file(trouble)) files.push_back(entry->path());
    }
    if (trouble)
        return fail(ErrorCode::InvalidArgument, "cannot read the directory: " + trouble.message(), directory,
                    "check the path and its permissions");
    if (files.empty()) return fail(ErrorCode::InvalidArgument, "the directory has no kubeconfig", directory);
    std::ranges::sort(files);
    return files;
}

Result<ClusterAccess> accessOf(const ClusterSource& source, const kube::KubeEnvironment& environment) {
    auto access = kube::resolveAccess(environment, {source.kubeconfig, source.context, source.inCluster});
    if (access && !source.name.empty()) access->name = source.name;
    return access;
}

void addDirectory(const ClusterSource& source, const std::vector<fs::path>& files,
                  const kube::KubeEnvironment& environment, Finding& finding) {
    for (const auto& file : files) {
        auto access = kube::resolveAccess(environment, {file.string(), {}, false});
        auto name = file.stem().string();
        if (!access) {
            finding.lack(source, name, std::move(access).error());
            continue;
        }
        access->name = name;
        finding.add(std::move(*access), source);
    }
}

Result<std::vector<ClusterAccess>> everyContext(const ClusterSource& source, const kube::KubeEnvironment& environment) {
    auto all = kube::resolveAll(environment, {source.kubeconfig, {}, false});
    if (all && all->empty())
        return fail(ErrorCode::InvalidArgument, "the kubeconfig has no context", source.kubeconfig);
    return all;
}

/// An Error where the source as a whole cannot be used.
Result<void> addFromDisk(const ClusterSource& source, const kube::KubeEnvironment& environment, Finding& finding) {
    if (!source.directory.empty()) {
        auto files = filesOf(source.directory);
        if (!files) return fail(std::move(files).error());
        addDirectory(source, *files, environment, finding);
        return {};
    }
    if (source.context == "*") {
        auto all = everyContext(source, environment);
        if (!all) return fail(std::move(all).error());
        for (auto& access : *all) finding.add(std::move(access), source);
        return {};
    }
    auto access = accessOf(source, environment);
    if (!access) return fail(std::move(access).error());
    finding.add(std::move(*access), source);
    return {};
}

Task<Result<ClusterAccess>> accessInSecret(Loop& loop, LoopClock& clock, ClusterSource source,
                                           std::vector<ClusterAccess> clusters) {
    auto kubeconfig = co_await readSecret(loop, clock, *source.secret, std::move(clusters));
    if (!kubeconfig) co_return fail(std::move(kubeconfig).error());
    auto access = kube::accessFromText(*kubeconfig, placeOf(*source.secret), source.context);
    if (access && !source.name.empty()) access->name = source.name;
    co_return access;
}

std::vector<ClusterSource> orKubectls(std::vector<ClusterSource> sources) {
    if (sources.empty()) sources.emplace_back();
    return sources;
}

/// Whether the cluster that holds the Secret is known.
bool canBeRead(const ClusterSource& source, const FoundClusters& found) {
    return source.secret->cluster.empty() ? !found.clusters.empty() : found.find(source.secret->cluster) != nullptr;
}

}  // namespace

const ClusterAccess* FoundClusters::find(std::string_view name) const {
    auto known = std::ranges::find(clusters, name, &ClusterAccess::name);
    return known == clusters.end() ? nullptr : &*known;
}

Result<FoundClusters> clustersOnDisk(const std::vector<ClusterSource>& sources) {
    auto environment = kube::processEnvironment();
    FoundClusters found;
    const FoundClusters nothing;
    Finding finding(found, nothing);
    for (const auto& source : orKubectls(sources)) {
        if (source.secret) continue;
        auto added = addFromDisk(source, environment, finding);
        bool single = source.directory.empty() && source.context != "*";
        if (!added && single) return fail(std::move(added).error());
        if (!added) finding.lack(source, {}, std::move(added).error());
        if (single && !found.problems.empty() && found.problems.back().message.starts_with("two clusters"))
            return fail(std::move(found.problems.back()));
    }
    return found;
}

Task<Result<ClusterAccess>> findCluster(Loop& loop, LoopClock& clock, ClusterSource source,
                                        std::vector<ClusterAccess> clusters) {
    auto environment = kube::processEnvironment();
    Result<ClusterAccess> access = ClusterAccess();
    if (source.secret)
        access = co_await accessInSecret(loop, clock, source, std::move(clusters));
    else
        access = accessOf(source, environment);
    if (access) access->impersonateCallers = source.impersonate;
    co_return access;
}

Task<FoundClusters> findClusters(Loop& loop, LoopClock& clock, TaskGroup& group, std::vector<ClusterSource> sources,
                                 FoundClusters before) {
    auto environment = kube::processEnvironment();
    FoundClusters found;
    Finding finding(found, before);
    std::vector<ClusterSource> open;
    for (const auto& source : orKubectls(std::move(sources))) {
        if (source.secret) {
            open.push_back(source);
            continue;
        }
        if (auto added = addFromDisk(source, environment, finding); !added)
            finding.lack(source, source.name, std::move(added).error());
    }
    while (std::ranges::any_of(open, [&](const ClusterSource& source) { return canBeRead(source, found); })) {
        std::vector<ClusterSource> asked, later;
        for (auto& source : open) (canBeRead(source, found) ? asked : later).push_back(std::move(source));
        std::vector<Task<Result<ClusterAccess>>> reads;
        for (const auto& source : asked) reads.push_back(accessInSecret(loop, clock, source, found.clusters));
        auto answers = co_await together(loop, group, "Secret of a cluster", std::move(reads));
        for (std::size_t i = 0; i < answers.size(); ++i) {
            if (answers[i])
                finding.add(std::move(*answers[i]), asked[i]);
            else
                finding.lack(asked[i], asked[i].name, std::move(answers[i]).error());
        }
        open = std::move(later);
    }
    for (const auto& source : open) {
        Error error(ErrorCode::NotFound, "there is no cluster \"" + source.secret->cluster + "\" to read it from",
                    placeOf(*source.secret), "name one of `clusters`");
        finding.lack(source, source.name, std::move(error));
    }
    co_return found;
}

}  // namespace klaw::app
