#include "rules/cel/program.hpp"

#include <algorithm>
#include <cassert>

#include "rules/cel/analysis.hpp"
#include "rules/cel/checker.hpp"
#include "rules/cel/cost.hpp"
#include "rules/cel/evaluator.hpp"
#include "rules/cel/parser.hpp"

namespace klaw::rules::cel {

struct Program::Code {
    std::string source;
    std::vector<std::string> variables;
    NodePtr root;
    Type type;

    std::optional<std::size_t> slotOf(std::string_view variable) const {
        auto found = std::find(variables.begin(), variables.end(), variable);
        if (found == variables.end()) return std::nullopt;
        return static_cast<std::size_t>(found - variables.begin());
    }
};

Result<Program> Program::compile(std::string_view expression, const Environment& environment,
                                 const std::optional<Type>& wanted) {
    auto root = parse(expression, environment);
    if (!root) return fail(root.error());
    Type type;
    if (environment.checked) {
        auto checked = check(**root, environment.types, wanted);
        if (!checked) return fail(checked.error());
        type = std::move(*checked);
    }
    if (environment.bounded)
        if (auto bounded = checkCost(**root); !bounded) return fail(bounded.error());
    Program program;
    program.code_ = std::make_shared<const Code>(
        Code{std::string(expression), environment.variables, std::move(*root), std::move(type)});
    return program;
}

Evaluated<Value> Program::evaluate(std::span<const Value> bindings) const {
    assert(bindings.size() >= code_->variables.size());
    return Evaluator(bindings).run(*code_->root);
}

const Type& Program::type() const {
    return code_->type;
}

std::string ExpressionPlace::describe(int line, int column) const {
    auto at = line <= 1 ? Position{first.line, first.column + column - 1}
                        : Position{second.line + line - 2, second.column + column - 1};
    return file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

std::string Program::describe(const EvalError& error) const {
    int line = std::max(error.line, 1), column = std::max(error.column, 1);
    auto place = place_ ? place_->describe(line, column) : std::to_string(line) + ":" + std::to_string(column);
    return place + ": " + error.message;
}

bool Program::reads(std::string_view variable) const {
    auto slot = code_->slotOf(variable);
    return slot && readsSlot(*code_->root, *slot);
}

FieldTree Program::fieldsOf(std::string_view variable) const {
    auto slot = code_->slotOf(variable);
    return slot ? fieldsRead(*code_->root, *slot) : FieldTree();
}

std::vector<Clause> Program::clauses() const {
    return cel::clauses(*code_->root);
}

const std::string& Program::source() const {
    return code_->source;
}

}  // namespace klaw::rules::cel
