#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "agent/recording/recorded_cluster.hpp"
#include "base/async/loop_clock.hpp"
#include "base/net/http_server.hpp"

namespace klaw::recording {

struct WatchRequest {
    std::string resource;
    std::string ns;           ///< empty: all namespaces
    std::uint64_t after = 0;  ///< changes after this version
    bool initialEvents = false;
    bool bookmarks = false;
    Duration timeout{};
};

/// Writes one watch until its time is over, the client has gone or the cluster stops. A version that is too old, also
/// because the client reads too slowly, ends it with the ERROR event that API servers send.
Task<void> serveWatch(std::shared_ptr<RecordedCluster> cluster, LoopClock& clock, WatchRequest request,
                      net::BodySink& sink);

/// Status of an error, as API servers send it.
std::string statusDocument(int code, std::string_view reason, std::string_view message);

}  // namespace klaw::recording
