#pragma once

#include <deque>
#include <string>
#include <vector>

#include "agent/access/limit.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace klaw::access {

/// Who has changed what in the last hour.
class ChangeCounts {
public:
    struct Change {
        TimePoint at{};
        std::string person;
        Place place{};
    };

    /// ResourceExhausted, with the limit and when there is room again, where one more change would be too many.
    Result<void> check(const std::vector<Limit>& limits, const Change& wanted) const;
    void add(Change change);
    /// The latest such change was not made after all.
    void takeBack(const Change& change);

private:
    std::deque<Change> changes_;  ///< oldest first
};

}  // namespace klaw::access
