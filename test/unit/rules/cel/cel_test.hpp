#pragma once

#include <string>
#include <string_view>

#include "base/packed/packed.hpp"
#include "rules/cel/program.hpp"

namespace klaw::rules::cel {

/// An expression over `object` (JSON) and `now`: its result as text, or "error: …" with the place where there is one.
inline std::string evaluated(std::string_view expression, std::string_view objectJson = "{}") {
    auto program = Program::compile(expression, {{"object", "now"}});
    if (!program) return "error: " + program.error().place + ": " + program.error().message;
    auto object = packJson(objectJson);
    if (!object) return "error: the test object is no JSON";
    std::vector<Value> bindings{Value::packed(object->view()), Value::timestamp(*parseRfc3339("2026-11-23T10:00:00Z"))};
    auto value = program->evaluate(bindings);
    if (!value)
        return (value.error().kind == EvalError::Kind::NoSuchField ? "absent: " : "error: ") + value.error().message;
    return value->toText();
}

}  // namespace klaw::rules::cel
