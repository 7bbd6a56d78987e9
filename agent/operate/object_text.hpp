#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace klaw::operate {

/// An object (JSON) as people read it: YAML without what only machines read, Secrets without values, everything masked
/// for secrets.
std::string describeObject(const std::string& json);
/// Key and size of each value of a Secret (JSON), never a value.
std::vector<std::vector<std::string>> secretKeys(const std::string& json);
/// A list of Events, oldest first; empty for none.
std::string describeEvents(const std::string& json);
/// Log lines masked for secrets, without what a terminal would interpret.
std::string logText(const std::string& log);
/// Name, CPU, memory of each item of a list of metrics.k8s.io, the most memory first.
std::vector<std::vector<std::string>> usageRows(const std::string& json);

}  // namespace klaw::operate
