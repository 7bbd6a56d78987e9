#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/operate/plan.hpp"

namespace klaw::operate {

/// What somebody must be allowed to take what is in namespaces of `source` to namespaces of `target`: to read it and to
/// have backups there, and in each target `permissions`. An empty mapping is everything, everywhere.
std::vector<NeededAccess> accessToMove(const std::map<std::string, std::string>& namespaces, const std::string& source,
                                       const std::string& target, const std::vector<std::string_view>& permissions);

}  // namespace klaw::operate
