#pragma once

#include "rules/cel/type.hpp"
#include "rules/cel/value.hpp"

namespace klaw::rules::cel {

/// Some value of the type; of dyn a whole number, which most of what takes texts or numbers takes as well.
Value sampleValue(const Type& type);

}  // namespace klaw::rules::cel
