#pragma once

#include <string_view>

#include "base/result.hpp"
#include "rules/cel/ast.hpp"
#include "rules/cel/program.hpp"

namespace klaw::rules::cel {

/// Grammar: cel-spec, doc/langdef.md, "Syntax"; macros are expanded and identifiers resolved on the way.
/// Refused: expressions above 100,000 bytes, nesting above 250 levels.
Result<NodePtr> parse(std::string_view expression, const Environment& environment);

}  // namespace klaw::rules::cel
