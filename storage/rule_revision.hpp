#pragma once

#include <cstdint>
#include <string>

#include "base/time.hpp"

namespace klaw::storage {

/// One state of one rule file. Nothing is overwritten: a change is a new revision, so is a removal.
struct RuleRevision {
    std::string name;            ///< of the file or group
    std::uint64_t revision = 0;  ///< given by storage: one more than the newest of this name
    std::string author;
    std::string source;  ///< "file", "apply", "chat"
    TimePoint at{};
    std::string text;    ///< YAML as it came; empty when removed
    std::string sha256;  ///< hex; given by storage
    bool removed = false;
    friend bool operator==(const RuleRevision&, const RuleRevision&) = default;
};

}  // namespace klaw::storage
