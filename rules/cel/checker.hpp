#pragma once

#include "base/result.hpp"
#include "rules/cel/ast.hpp"
#include "rules/cel/type.hpp"

namespace klaw::rules::cel {

/// The type of the expression, from those of its variables by slot; those beyond the end are of any type. Refuses what
/// no value could make right: operators and functions on types that they do not take, fields that an object does not
/// have, broken regular expressions, and a result that is not what is wanted. Compiles constant patterns on the way.
/// Errors carry "line:column" and cel-go's wording.
Result<Type> check(Node& root, const std::vector<Type>& variables, const std::optional<Type>& wanted);

}  // namespace klaw::rules::cel
