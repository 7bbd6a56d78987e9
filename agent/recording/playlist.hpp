#pragma once

#include <string>
#include <vector>

#include "agent/recording/recorded_resource.hpp"
#include "agent/recording/recording_reader.hpp"

namespace klaw::recording {

/// One step of a recording that is played.
struct PlayedStep {
    Duration at{};
    std::string resource;  ///< or, for a scrape, its source
    RecordedResource::Type type = RecordedResource::Type::Added;
    RecordedResource::Object object;  ///< null for a scrape
    std::string scrape;
};

/// A recording of one cluster in memory: what its initial lists held, and all that came after, in order.
///
/// The initial list of a resource ends with the bookmark that says so; where there is none (kubectl), with the first
/// event that is not ADDED.
struct Playlist {
    std::string cluster;
    std::string version;                                                  ///< of the API server
    std::vector<std::pair<std::string, RecordedResource::Object>> types;  ///< resource → an object or bookmark of it
    std::vector<PlayedStep> initial;
    std::vector<PlayedStep> steps;
};

/// Empty `cluster`: the first of the header. NotFound when the header does not name it.
Result<Playlist> readPlaylist(RecordingReader& reader, const std::string& cluster);

}  // namespace klaw::recording
