#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/kube/cluster_source.hpp"
#include "base/result.hpp"
#include "storage/unit_of_work.hpp"

namespace klaw::app {

/// The clusters that people added beside those of the configuration: where the way to each is found, no credentials.
/// One counts, or counts no longer, only once that is durable. On the loop thread.
class ClusterBook {
public:
    using Meta = std::map<std::string, std::string, std::less<>>;
    static constexpr std::string_view keyPrefix = "cluster:";

    /// From `RecoveredState::meta`.
    void restore(const Meta& meta);
    /// Its name is not empty.
    void add(const kube::ClusterSource& source);
    void remove(const std::string& name);
    bool has(const std::string& name) const { return added_.contains(name); }
    /// In order of their names.
    std::vector<kube::ClusterSource> all() const;

    /// What is to be stored; after `stored` with the same entries it counts.
    std::vector<storage::MetaEntry> takeChanges();
    /// Whether anything came of it.
    bool stored(const std::vector<storage::MetaEntry>& entries);

private:
    std::map<std::string, kube::ClusterSource> added_;
    std::vector<storage::MetaEntry> changes_;
};

}  // namespace klaw::app
