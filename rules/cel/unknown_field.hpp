#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "rules/cel/ast.hpp"
#include "rules/cel/type.hpp"

namespace klaw::rules::cel {

/// `object.spec.replicas`: where it begins, and the names that follow.
struct FieldPath {
    const Node* root = nullptr;
    std::vector<std::string> names;
};
FieldPath fieldPath(const Node& selection);

/// The refusal of a selection whose last field `operand` does not have: what has no such field, which field is near,
/// and how to read one that is newer than the schema. `root` is the type of what the path begins with.
Error unknownField(const Node& selection, const Type& operand, const Type& root);

}  // namespace klaw::rules::cel
