#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace klaw::operate {

/// A PodDisruptionBudget, as far as an eviction meets it.
struct DisruptionBudget {
    std::string ns, name;
    std::int64_t allowed = 0;  ///< Pods that may go now
    nlohmann::json selector;

    bool covers(const nlohmann::json& pod) const;
    std::string title() const { return ns + "/" + name; }
};

/// Of a list (JSON) of policy/v1.
std::vector<DisruptionBudget> disruptionBudgets(const std::string& json);

}  // namespace klaw::operate
