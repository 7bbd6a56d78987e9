#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "agent/recording/recorded_cluster.hpp"
#include "base/net/http_server.hpp"

namespace klaw::recording {

struct ListRequest {
    std::string resource;
    std::string ns;             ///< empty: all namespaces
    std::size_t limit = 0;      ///< 0: everything
    std::uint64_t version = 0;  ///< of the first page
    std::string after;          ///< key of the last object of the page before
};

/// Reads the token of a page; false when malformed.
bool parseContinue(std::string_view token, ListRequest& request);

/// Writes one page in pieces. All pages name the version of the first: objects that changed in between come again by
/// the watch from that version.
Task<void> serveList(std::shared_ptr<RecordedCluster> cluster, ListRequest request, net::BodySink& sink);

}  // namespace klaw::recording
