#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace klaw::net {

/// A bearer token from a file, without the end of its line. NotFound when it cannot be read or is empty.
Result<std::string> readTokenFile(const std::filesystem::path& file);

}  // namespace klaw::net
