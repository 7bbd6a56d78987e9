#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "rules/alert.hpp"
#include "storage/delivery.hpp"

namespace klaw::cli {

/// How much of a replay people would have heard, by rule.
class ReplaySummary {
public:
    void transition(const rules::Transition& transition);
    void card(const storage::Delivery& delivery);

    struct Heard {
        std::size_t alerts = 0;
        std::size_t fromBefore = 0;  ///< of the alerts those that were so already when it began
        std::size_t cards = 0;
        std::size_t messages = 0;  ///< cards and their updates
        Heard& operator+=(const Heard& other);
    };
    Heard of(const std::string& rule) const;
    /// All rules that were heard of, by name.
    std::vector<std::string> rules() const;

private:
    std::map<std::string, Heard> byRule_;
    std::set<std::string> incidents_;  ///< that have a card
};

/// A table with a row for each and one of them all.
std::string formatSummary(const ReplaySummary& summary, const std::vector<std::string>& rules);

}  // namespace klaw::cli
