#pragma once

#include <span>
#include <vector>

#include "rules/cel/ast.hpp"
#include "rules/cel/functions.hpp"

namespace klaw::rules::cel {

/// Walks a tree once. Made anew for each evaluation; nothing is allocated before something is computed.
class Evaluator {
public:
    explicit Evaluator(std::span<const Value> bindings) : bindings_(bindings) {}
    Evaluated<Value> run(const Node& node);

private:
    Evaluated<Value> select(const Node& node);
    Evaluated<Value> optionalSelect(const Node& node);
    Evaluated<Value> optionalIndex(const Node& node);
    Evaluated<Value> has(const Node& node);
    Evaluated<Value> list(const Node& node);
    Evaluated<Value> map(const Node& node);
    Evaluated<Value> logical(const Node& node, bool absorbing);
    Evaluated<Value> conditional(const Node& node);
    Evaluated<Value> binary(const Node& node);
    Evaluated<Value> call(const Node& node);
    Evaluated<Value> comprehension(const Node& node);
    Evaluated<Value> quantifier(const Node& node, const Value& range, bool absorbing);
    Evaluated<Value> existsOne(const Node& node, const Value& range);
    Evaluated<Value> transform(const Node& node, const Value& range);
    Evaluated<Value> optionalTransform(const Node& node, const Value& optional);
    Evaluated<bool> condition(const Node& body);

    std::span<const Value> bindings_;
    std::vector<Value> locals_;
    Meter meter_;
};

}  // namespace klaw::rules::cel
