#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/time.hpp"

namespace klaw::rules {

/// At most one due time for each key. Equal times come in the order of the keys, so that a replay is exact.
class DueQueue {
public:
    void set(const std::string& key, std::optional<TimePoint> when) {
        auto known = times_.find(key);
        if (known != times_.end()) {
            if (when && known->second == *when) return;
            order_.erase({known->second, key});
            times_.erase(known);
        }
        if (!when) return;
        times_.emplace(key, *when);
        order_.emplace(*when, key);
    }
    /// Removes and gives the earliest key whose time has come.
    std::optional<std::string> takeDue(TimePoint now) {
        if (order_.empty() || order_.begin()->first > now) return std::nullopt;
        std::string key = order_.begin()->second;
        set(key, std::nullopt);
        return key;
    }
    std::optional<TimePoint> next() const {
        return order_.empty() ? std::nullopt : std::optional(order_.begin()->first);
    }

private:
    std::map<std::string, TimePoint> times_;
    std::set<std::pair<TimePoint, std::string>> order_;
};

}  // namespace klaw::rules
