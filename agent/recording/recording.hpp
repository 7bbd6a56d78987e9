#pragma once

#include <map>
#include <string>
#include <string_view>

#include "agent/kube/watch_handler.hpp"
#include "base/time.hpp"

namespace klaw::recording {

/// First line of a recording: {"klaw":"recording","version":1,"started":…,"clusters":{"prod":{"version":"v1.36.3"}}}
struct RecordingHeader {
    TimePoint started;
    std::map<std::string, std::string> clusters;  ///< name → version of its API server
};

/// One thing that was received. Views are valid until the reader reads on.
struct RecordingEntry {
    Duration at{};  ///< since the start of the recording
    std::string_view cluster;
    std::string_view resource;  ///< canonical plural: "pods", "deployments.apps"; empty for a scrape
    kube::PaddedText event;     ///< the API server's watch event, byte for byte; size 0 for a scrape
    std::string_view scrape;    ///< of a scrape its JSON: {"source":"metrics.k8s.io/nodes","body":…}
};

}  // namespace klaw::recording
