#pragma once

#include <filesystem>
#include <vector>

#include "base/error.hpp"

namespace klaw::app {

/// What of a configuration that loads will not for ever: "file:line:column: … is deprecated (write … instead)". Nothing
/// of one that cannot be read: loadConfig() says why.
std::vector<Error> configWarnings(const std::filesystem::path& file);

}  // namespace klaw::app
