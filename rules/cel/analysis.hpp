#pragma once

#include <vector>

#include "rules/cel/ast.hpp"
#include "rules/cel/program.hpp"
#include "rules/field_tree.hpp"

namespace klaw::rules::cel {

bool readsSlot(const Node& root, std::size_t slot);

/// What an evaluation may read below the variable in `slot`; never less than what it reads.
FieldTree fieldsRead(const Node& root, std::size_t slot);

/// What the expression needs to be true.
std::vector<Clause> clauses(const Node& root);

}  // namespace klaw::rules::cel
