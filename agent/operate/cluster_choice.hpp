#pragma once

#include <string>

#include "agent/operate/catalogue.hpp"

namespace klaw::operate {

/// The cluster that a command means: the one it names, or the only one. Where there are several, InvalidArgument that
/// names them: whoever shows it can offer them.
Result<std::string> clusterOf(const Control& control, const CommandLine& line);

}  // namespace klaw::operate
