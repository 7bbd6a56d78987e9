#pragma once

#include <vector>

#include "rules/cel/ast.hpp"
#include "rules/cel/program.hpp"
#include "rules/field_tree.hpp"

namespace klaw::rules::cel {

bool readsSlot(const Node& root, std::size_t slot);

/// What an evaluation may read below the variable in `slot`; never less than what it reads.
FieldTree fieldsRead(const Node& root, std::size_t slot);

/// Equalities with constants in the top-level conjunction.
std::vector<Guard> guardsOf(const Node& root);

}  // namespace klaw::rules::cel
