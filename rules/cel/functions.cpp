#include "rules/cel/functions.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace klaw::rules::cel {

std::span<const Function> allFunctions() {
    static const std::vector<Function> functions = [] {
        std::vector<Function> all;
        for (auto table : {conversionFunctions(), stringFunctions(), listFunctions(), timeFunctions(),
                           scheduleFunctions(), optionalFunctions(), mathFunctions(), encoderFunctions(),
                           formatFunctions(), quantityFunctions(), networkFunctions(), urlFunctions()})
            all.insert(all.end(), table.begin(), table.end());
        return all;
    }();
    return functions;
}

tl::unexpected<EvalError> evalError(std::string message) {
    return tl::unexpected<EvalError>(EvalError{EvalError::Kind::Other, std::move(message)});
}

tl::unexpected<EvalError> costExceeded() {
    return evalError("operation cancelled: actual cost limit exceeded");
}

tl::unexpected<EvalError> noSuchOverload() {
    return evalError("no such overload");
}

Result<const Function*> findFunction(std::string_view name, bool method, std::size_t arguments) {
    bool known = false;
    for (const auto& function : allFunctions()) {
        if (function.name != name) continue;
        known = true;
        if (function.method == method && arguments >= function.minArguments && arguments <= function.maxArguments)
            return &function;
    }
    if (known)
        return fail(ErrorCode::NotFound, "found no matching overload for '" + std::string(name) + "' applied to " +
                                             std::to_string(arguments) + " arguments");
    return fail(ErrorCode::NotFound, "undeclared reference to '" + std::string(name) + "' (in container '')");
}

bool isFunction(std::string_view name) {
    return std::any_of(allFunctions().begin(), allFunctions().end(),
                       [&](const Function& function) { return !function.method && function.name == name; });
}

}  // namespace klaw::rules::cel
