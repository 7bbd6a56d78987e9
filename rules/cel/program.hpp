#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "rules/cel/type.hpp"
#include "rules/cel/value.hpp"
#include "rules/field_tree.hpp"

namespace klaw::rules::cel {

/// What an expression may name, and how it is read.
struct Environment {
    /// In slot order: bindings are given in the same order. For rules: object, old, item, now, cluster, …
    std::vector<std::string> variables;
    std::string container;  ///< names are looked up in this namespace first
    bool checked = true;    ///< otherwise unknown names and types that cannot fit fail when they are evaluated
    bool macros = true;
    bool bounded = true;  ///< what could run away is refused, not only ended
    /// Of the variables, in the same order; those beyond its end are of any type.
    std::vector<Type> types;
};

/// Why an evaluation gave no value.
struct EvalError {
    enum class Kind {
        NoSuchField,  ///< a field or key that is absent: a rule treats this as "not true"
        Other,        ///< overflow, type mismatch, bad regex, cost limit, …
    };
    Kind kind = Kind::Other;
    std::string message;       ///< wording as in cel-go where it has one
    int line = 0, column = 0;  ///< in the expression, 1-based; 0 where that is not known
};

template <class T>
using Evaluated = tl::expected<T, EvalError>;

/// Something that a field may have to be for an expression to be true.
struct Guard {
    std::string variable;            ///< "object" or "item"
    std::vector<std::string> path;   ///< {"state", "waiting", "reason"}
    std::vector<std::string> anyOf;  ///< the texts it may equal (== or in [..]); empty: it is there, whatever it is
};
/// At least one of the guards holds whenever the expression is true. Lets rules be skipped without evaluation.
using Clause = std::vector<Guard>;

/// Where an expression stands in a file: its first character, and the first one of its second line.
struct ExpressionPlace {
    struct Position {
        int line = 1, column = 1;
    };
    std::string file;
    Position first, second;
    /// "file:line:column" of a place in the expression.
    std::string describe(int line, int column) const;
};

/// A compiled CEL expression (https://github.com/google/cel-spec, langdef.md). Immutable; copies share the code.
class Program {
public:
    /// Errors carry "line:column" of the expression as place (1-based) and the wording of cel-go where there is one.
    /// Where a type is wanted, an expression that is known to give another one is refused.
    static Result<Program> compile(std::string_view expression, const Environment& environment,
                                   const std::optional<Type>& wanted = std::nullopt);

    /// What it gives, as far as that is known; dyn for an expression that was not checked.
    const Type& type() const;

    /// `bindings[i]` is the value of `environment.variables[i]`. Values in the result may view into the bindings' data.
    /// Never throws on bad data; the cost of one evaluation is bounded.
    Evaluated<Value> evaluate(std::span<const Value> bindings) const;

    bool reads(std::string_view variable) const;
    /// What is read below a variable; aliases through macros (`object.spec.containers.all(c, c.image …)`) are followed.
    FieldTree fieldsOf(std::string_view variable) const;
    /// All of them hold whenever the expression is true; there may be more that do.
    std::vector<Clause> clauses() const;
    const std::string& source() const;

    void setPlace(ExpressionPlace place) { place_ = std::make_shared<const ExpressionPlace>(std::move(place)); }
    /// "file:line:column: what happened".
    std::string describe(const EvalError& error) const;

private:
    struct Code;
    std::shared_ptr<const Code> code_;
    std::shared_ptr<const ExpressionPlace> place_;  ///< null where it was not set
};

/// Text with `${expression}` parts, `$$` for a dollar. A part whose field is absent renders as "".
class Template {
public:
    static Result<Template> compile(std::string_view text, const Environment& environment);
    std::string render(std::span<const Value> bindings) const;
    /// As it was written, but for `$$`.
    std::string source() const;
    bool reads(std::string_view variable) const;
    FieldTree fieldsOf(std::string_view variable) const;

private:
    struct Part {
        std::string text;
        std::shared_ptr<Program> program;  ///< null for literal text
    };
    std::vector<Part> parts_;
};

}  // namespace klaw::rules::cel
