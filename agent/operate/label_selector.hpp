#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace klaw::operate {

/// "app=web,tier!=db" of {"matchLabels": …, "matchExpressions": …}, or of the plain map of a Service: as the API server
/// is asked by it.
std::string writtenSelector(const nlohmann::json& selector);

/// Whether an object with these labels is meant by {"matchLabels": …, "matchExpressions": …}. One that says nothing
/// means everything, none at all nothing.
bool selects(const nlohmann::json& selector, const nlohmann::json& labels);

}  // namespace klaw::operate
