#pragma once

#include "rules/cel/ast.hpp"
#include "rules/cel/functions.hpp"

namespace klaw::rules::cel {

/// `a op b` for everything but && and ||. Overflow, division by zero and unlike types are errors.
Evaluated<Value> applyBinary(BinaryOp op, const Value& a, const Value& b, Meter& meter);
Evaluated<Value> negate(const Value& value);
/// a[b]; an absent key is NoSuchField.
Evaluated<Value> index(const Value& container, const Value& key);
/// Ordering of comparable values: negative, 0, positive; nullopt for NaN.
Evaluated<std::optional<int>> compare(const Value& a, const Value& b);

tl::unexpected<EvalError> noSuchKey(std::string_view key);

}  // namespace klaw::rules::cel
