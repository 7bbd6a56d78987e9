#pragma once

#include <cstdint>
#include <string>

#include "base/time.hpp"

namespace klaw::storage {

/// One state of one rule. Nothing is overwritten: a change is a new revision, so is a removal.
struct RuleRevision {
    std::string name;
    std::uint64_t revision = 0;  ///< given by storage: one more than the newest of this name
    std::string author;
    std::string source;  ///< the file and line; "apply" or "revert", which stand over files
    TimePoint at{};
    std::string text;    ///< YAML of the whole rule; empty when removed
    std::string sha256;  ///< hex; given by storage
    bool removed = false;
    bool applied() const { return source == "apply" || source == "revert"; }
    friend bool operator==(const RuleRevision&, const RuleRevision&) = default;
};

}  // namespace klaw::storage
