#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "rules/cel/type.hpp"

namespace klaw::rules::cel {

/// What a function or operator takes and gives.
struct Signature {
    std::vector<Type> types;  ///< of the result, then of the arguments; a method's receiver is the first argument
};

/// Of a function ("size"), a method (".size") or an operator ("_+_"); empty for a name that is none.
std::span<const Signature> signaturesOf(std::string_view name);
/// All names, sorted.
std::vector<std::string_view> namesWithSignatures();

}  // namespace klaw::rules::cel
