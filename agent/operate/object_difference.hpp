#pragma once

#include <string>
#include <vector>

namespace klaw::operate {

/// What differs between two states of an object (JSON), a line each: "spec.template.spec.containers[app].image: a → b".
/// Without status and what the API server keeps for itself; values of Secrets are not shown, all others masked.
std::vector<std::string> differences(const std::string& before, const std::string& after);

}  // namespace klaw::operate
