#pragma once

#include <string_view>

#include "base/packed/packed.hpp"

namespace klaw::observe {

/// Writes a JSON number: an Int where it is one and fits 64 bits, else a Double. False when it is not a JSON number or
/// beyond what a double can hold.
bool writeNumber(std::string_view token, PackedWriter& into);

}  // namespace klaw::observe
