#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace klaw::storage {

/// The Error for an SQLSTATE, worded for people; see Database for what the codes mean.
Error postgresError(std::string_view state, std::string_view message, const std::string& place);
Error postgresUnreachable(std::string_view message, const std::string& place);
Error postgresTooSlow(const std::string& place);

}  // namespace klaw::storage
