#pragma once

#include "base/result.hpp"
#include "rules/cel/ast.hpp"

namespace klaw::rules::cel {

/// Refuses what can be seen to fail on every input: operators on constants and results of unlike types, conditions that
/// are no booleans, broken regular expressions, and a result that is not what is wanted. `types` of the variables, by
/// slot; fields of objects have no known type. Compiles constant patterns on the way. Errors carry "line:column" and
/// cel-go's wording.
Result<void> check(Node& root, const std::vector<std::optional<Kind>>& types, std::optional<Kind> wanted);

}  // namespace klaw::rules::cel
