#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/access/place.hpp"

namespace klaw::access {

/// How much may be changed. Every limit whose lists fit counts; a list that is empty fits everything, and `*` stands
/// for any characters.
struct Limit {
    std::vector<std::string> clusters;
    std::vector<std::string> namespaces;  ///< what is of no namespace is then outside
    std::optional<std::int64_t> podsPerChange{};
    std::optional<std::int64_t> changesPerPerson{};   ///< in an hour, where the limit holds
    std::optional<std::int64_t> changesPerCluster{};  ///< in an hour, of everybody
    std::optional<std::int64_t> minHealthy{};         ///< ready Pods that must be left in each namespace
    std::string selector;                             ///< which Pods those are; empty: all
    bool budgets = false;                             ///< what breaks a disruption budget is refused, not only told
};

bool covers(const Limit& limit, const Place& place);

}  // namespace klaw::access
