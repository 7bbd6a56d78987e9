#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "rules/cel/ast.hpp"
#include "rules/cel/program.hpp"

namespace klaw::rules::cel {

/// What a running evaluation offers to operators and functions.
class Meter {
public:
    static constexpr std::int64_t budget = 1'000'000;  ///< steps of one evaluation
    /// False once the budget is spent; `steps` is proportional to the work about to be done.
    bool charge(std::size_t steps) { return (left_ -= static_cast<std::int64_t>(steps)) >= 0; }
    bool spent() const { return left_ < 0; }

private:
    std::int64_t left_ = budget;
};

using Arguments = std::span<const Value>;

/// "no such overload", the answer to arguments of wrong types.
tl::unexpected<EvalError> noSuchOverload();
tl::unexpected<EvalError> evalError(std::string message);

/// A function or method; a method's receiver is the first argument.
struct Function {
    std::string_view name;
    bool method = false;
    std::size_t minArguments = 0;  ///< receiver included
    std::size_t maxArguments = 0;
    Evaluated<Value> (*call)(Arguments arguments, Meter& meter) = nullptr;
    bool alternative = false;  ///< the argument is evaluated only when the receiver is an optional without a value
};

/// NotFound with cel-go's wording when there is no such function or none with that many arguments.
Result<const Function*> findFunction(std::string_view name, bool method, std::size_t arguments);
/// Whether there is a function, not a method, of this name: "optional.of".
bool isFunction(std::string_view name);

std::span<const Function> allFunctions();

// One table a subject.
std::span<const Function> conversionFunctions();
std::span<const Function> stringFunctions();
std::span<const Function> listFunctions();
std::span<const Function> timeFunctions();
std::span<const Function> scheduleFunctions();
std::span<const Function> optionalFunctions();
std::span<const Function> mathFunctions();
std::span<const Function> encoderFunctions();
std::span<const Function> formatFunctions();
std::span<const Function> quantityFunctions();
std::span<const Function> networkFunctions();
std::span<const Function> urlFunctions();

/// The second values in the order of the first; values that cannot be compared are an error.
Evaluated<Value> sortedByKeys(std::vector<std::pair<Value, Value>> keyed, Meter& meter);

/// What an evaluation that has spent its budget answers.
tl::unexpected<EvalError> costExceeded();

/// matches() with a pattern compiled before; see functions_string.cpp.
Evaluated<std::shared_ptr<const re2::RE2>> compilePattern(std::string_view pattern);
Evaluated<Value> matchPattern(const re2::RE2& pattern, std::string_view text);

}  // namespace klaw::rules::cel
