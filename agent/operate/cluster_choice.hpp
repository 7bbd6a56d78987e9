#pragma once

#include <string>
#include <vector>

#include "agent/operate/command_line.hpp"
#include "agent/operate/control.hpp"

namespace klaw::operate {

/// The cluster that a command means: the one it names, or the only one. Where there are several, InvalidArgument that
/// names them: whoever shows it can offer them.
Result<std::string> clusterOf(const Control& control, const CommandLine& line);

/// Those that a command which may be about several means: "all", "prod-1,prod-2", "prod-*", or labels of the
/// configuration as in "env=prod,region!=cn". Never none.
Result<std::vector<std::string>> clustersOf(const Control& control, const CommandLine& line);

}  // namespace klaw::operate
