#pragma once

#include "base/result.hpp"
#include "rules/cel/ast.hpp"

namespace klaw::rules::cel {

/// Refuses an expression that could run away, as API servers do with theirs: what it would cost where every list and
/// map that is not written out has `assumedSize` elements must be within the budget of an evaluation. Errors carry the
/// "line:column" of the costliest comprehension.
/// https://kubernetes.io/docs/reference/using-api/cel/#resource-constraints
Result<void> checkCost(const Node& root);

inline constexpr double assumedSize = 100;

}  // namespace klaw::rules::cel
