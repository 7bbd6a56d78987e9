#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "agent/recording/recorded_resource.hpp"
#include "base/async/loop_condition.hpp"

namespace klaw::recording {

/// What the served API server knows at a moment: its resources, the latest scrapes and one version for all of it.
struct RecordedCluster {
    RecordedCluster(Loop& loop, std::string served) : gitVersion(std::move(served)), changed(loop) {}

    RecordedResource* find(std::string_view name) {
        auto found = resources.find(name);
        return found == resources.end() ? nullptr : &found->second;
    }

    std::string gitVersion;  ///< "v1.36.3"; may be empty
    std::uint64_t version = 1;
    std::map<std::string, RecordedResource, std::less<>> resources;
    std::map<std::string, std::string, std::less<>> scrapes;  ///< source → body
    LoopCondition changed;
    bool stopping = false;
};

}  // namespace klaw::recording
