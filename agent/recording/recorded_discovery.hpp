#pragma once

#include <string>
#include <string_view>

#include "agent/recording/recorded_cluster.hpp"

namespace klaw::recording {

/// The discovery documents of a recorded cluster.
std::string versionDocument(const RecordedCluster& cluster);
std::string coreVersionsDocument();
std::string groupListDocument(const RecordedCluster& cluster);
/// `groupVersion` as in "v1" or "apps/v1"; empty when nothing of it was recorded.
std::string resourceListDocument(const RecordedCluster& cluster, std::string_view groupVersion);

}  // namespace klaw::recording
