#pragma once

#include <cstddef>
#include <deque>
#include <set>
#include <string>

#include "base/time.hpp"

namespace klaw::notifiers {

/// What was signed and has come in lately: the same bytes do not count twice. Bounded: the oldest is forgotten first.
class ReplayTable {
public:
    /// `window`: how far the clocks of both sides may differ; what is older is refused by its time alone.
    explicit ReplayTable(Duration window, std::size_t most = 10'000) : keep_(2 * window), most_(most) {}

    /// False for what is there already.
    bool isNew(std::string signature, TimePoint now);

private:
    Duration keep_;
    std::size_t most_;
    std::set<std::string, std::less<>> known_;
    std::deque<std::pair<TimePoint, std::string>> order_;  ///< oldest first
};

}  // namespace klaw::notifiers
