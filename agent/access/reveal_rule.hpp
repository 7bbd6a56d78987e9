#pragma once

#include <string>
#include <vector>

#include "agent/access/place.hpp"
#include "base/time.hpp"

namespace klaw::access {

/// Values of Secrets that may be shown to one person for a while. A list that is empty fits everything; in all of them
/// `*` stands for any characters.
struct RevealRule {
    std::vector<std::string> clusters;
    std::vector<std::string> namespaces;
    std::vector<std::string> names;  ///< of Secrets
    std::vector<std::string> keys;   ///< in them
    Duration recall = 2min;          ///< how long the value is shown

    static constexpr Duration shortestRecall = 10s, longestRecall = 60min;
};

bool covers(const RevealRule& rule, const Place& place, std::string_view key);

}  // namespace klaw::access
