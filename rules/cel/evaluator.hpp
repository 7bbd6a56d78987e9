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
    Evaluated<Value> run(const Node& node) {
        auto result = step(node);
        if (!result && result.error().line == 0) {
            result.error().line = node.at.line;
            result.error().column = node.at.column;
        }
        return result;
    }

private:
    PackedView packedPath(const Node& node) const;
    Evaluated<Value> step(const Node& node);
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
    Evaluated<Value> transformMap(const Node& node, const Value& range);
    Evaluated<Value> sortBy(const Node& node, const Value& range);
    Evaluated<Value> optionalTransform(const Node& node, const Value& optional);
    Evaluated<Value> bind(const Node& node);
    Evaluated<Value> local(const Node& node);
    Evaluated<bool> condition(const Node& body);
    void setLocals(const Node& node, Value first, Value second);
    /// Calls `visit()` with the locals set to one entry after the other until it gives an error or false.
    template <class Visit>
    Evaluated<void> eachEntry(const Node& node, const Value& range, Visit visit);

    std::span<const Value> bindings_;
    std::vector<Value> locals_;
    std::vector<std::pair<std::size_t, EvalError>> failedLocals_;  ///< cel.bind of what could not be computed
    Meter meter_;
};

}  // namespace klaw::rules::cel
