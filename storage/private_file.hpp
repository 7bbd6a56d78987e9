#pragma once

#include <string>

#include "base/result.hpp"

namespace klaw::storage {

/// Opens a file for reading and writing, made with mode 0600 where it is missing: alerts and audit are nobody else's
/// business. `what` names it in the error: "cannot open the database". The caller closes the descriptor.
Result<int> openPrivately(const std::string& path, std::string_view what);

}  // namespace klaw::storage
