#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "storage/database.hpp"

namespace klaw::storage {

/// Who writes the database, and since when. Terms only grow.
struct Leadership {
    std::int64_t term = 0;  ///< 0: nobody ever has
    std::string holder;
    TimePoint takenAt{};
    friend bool operator==(const Leadership&, const Leadership&) = default;
};

struct Candidate {
    std::string holder;  ///< "host/process", for people
    /// Given by an election elsewhere (a Lease); nothing: the one after that of the database.
    std::optional<std::int64_t> term{};
};

Result<Leadership> leadershipOf(Database& database);

/// From now on this connection writes in a new term, and every transaction of an earlier one is refused (Expired): it
/// waits for the one that is open now. Conflict when the term is not a later one.
Result<Leadership> takeLeadership(Database& database, const Candidate& candidate, TimePoint now);

}  // namespace klaw::storage
