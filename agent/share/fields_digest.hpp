#pragma once

#include <string>

#include "rules/field_tree.hpp"

namespace klaw::share {

/// Names what is kept of each object: whoever reads the same fields has the same digest.
std::string fieldsDigest(const rules::FieldTree& fields);

}  // namespace klaw::share
