#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "agent/share/served_resource.hpp"
#include "base/async/loop_clock.hpp"
#include "base/net/http_server.hpp"

namespace klaw::share {

struct WatchRequest {
    std::optional<std::uint64_t> after;  ///< changes after this version; nullopt: all objects first
    Duration timeout{};
    std::optional<std::uint64_t> generation{};  ///< which the resource had when the request was judged
};

/// Writes one watch until its time is over, the reader has gone, or the resource is not whole any more. What cannot be
/// continued ends with the ERROR event 410 of API servers.
Task<void> serveWatch(std::shared_ptr<ServedResource> resource, LoopClock& clock, WatchRequest request,
                      net::BodySink& sink);

}  // namespace klaw::share
