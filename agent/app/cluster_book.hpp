#pragma once

#include <string>

#include "agent/app/meta_book.hpp"
#include "agent/kube/cluster_source.hpp"
#include "agent/operate/control.hpp"

namespace klaw::kube {

// Where the way to a cluster is found, no credentials. Found by MetaBook.
std::string toText(const ClusterSource& source);
bool fromText(const std::string& name, const std::string& text, ClusterSource& into);

}  // namespace klaw::kube

namespace klaw::operate {

std::string toText(const Defaults& defaults);
bool fromText(const std::string& conversation, const std::string& text, Defaults& into);

}  // namespace klaw::operate

namespace klaw::app {

/// The clusters that people added beside those of the configuration, by name.
using ClusterBook = MetaBook<kube::ClusterSource>;
inline constexpr std::string_view clusterKeyPrefix = "cluster:";

/// The cluster and namespace that a conversation is about, by its address.
using DefaultsBook = MetaBook<operate::Defaults>;
inline constexpr std::string_view defaultsKeyPrefix = "use:";

}  // namespace klaw::app
