#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/recording/recorded_cluster.hpp"
#include "agent/recording/recorded_watch.hpp"
#include "base/async/loop_clock.hpp"
#include "base/net/http_server.hpp"

namespace klaw::recording {

/// Answers requests to the API of a recorded cluster. Label and field selectors are ignored: more is answered than was
/// asked for.
class RecordingApi {
public:
    RecordingApi(std::shared_ptr<RecordedCluster> cluster, LoopClock& clock)
        : cluster_(std::move(cluster)), clock_(clock) {}
    net::ServerResponse answer(const net::ServerRequest& request);

private:
    /// The part of a path below the group and version.
    struct Target {
        std::string groupVersion;
        std::string resource;  ///< canonical
        std::string ns, name, subresource;
    };
    net::ServerResponse discovery(const std::vector<std::string>& path);
    static std::optional<Target> parseTarget(const std::vector<std::string>& path);
    net::ServerResponse object(const RecordedResource& resource, const Target& target);
    net::ServerResponse list(RecordedResource& resource, const Target& target, const net::ServerRequest& request);
    net::ServerResponse watch(const RecordedResource& resource, const Target& target,
                              const net::ServerRequest& request);
    net::ServerResponse scrape(const Target& target);

    std::shared_ptr<RecordedCluster> cluster_;
    LoopClock& clock_;
};

}  // namespace klaw::recording
