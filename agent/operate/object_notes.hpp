#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace klaw::operate {

/// Says whether another Pod is made when this one is gone.
void describeOwner(const nlohmann::json& pod, bool chinese, std::vector<std::string>& notes);

/// Says that nothing serves while the Pods of a workload are replaced, where its strategy wants it so.
void describeGap(const nlohmann::json& workload, bool chinese, std::vector<std::string>& notes);

}  // namespace klaw::operate
