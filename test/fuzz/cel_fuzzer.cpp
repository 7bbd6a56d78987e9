// Expressions and templates of any bytes: an error with a place or a program, and a program ends with a value or an
// error in bounded time.
#include <array>
#include <cstdlib>

#include "rules/cel/program.hpp"

namespace {

using namespace klaw::rules::cel;

const Environment environment{{"object", "old", "item", "now", "cluster"}};

std::array<Value, 5> bindings() {
    static const auto object = klaw::packJson(
        R"({"metadata":{"name":"web","labels":{"a.b/c":"x"},"creationTimestamp":"2026-11-23T10:00:00Z"},)"
        R"("spec":{"replicas":3},"a":[1,2.5,"x",null],"x":[[1],{"x":2}],)"
        R"("status":{"conditions":[{"type":"Ready","status":"False"}],"state":{"waiting":{"reason":"CrashLoopBackOff"}}}})");
    auto view = object->view();
    return {Value::packed(view), Value::packed(view), Value::packed(view["status"]),
            Value::timestamp(*klaw::parseRfc3339("2026-11-23T10:10:00Z")), Value::stringView("prod")};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    auto values = bindings();
    if (auto program = Program::compile(text, environment)) {
        for (const auto& variable : environment.variables) (void)program->fieldsOf(variable);
        (void)program->clauses();
        (void)program->evaluate(values);
    } else if (program.error().place.empty()) {
        std::abort();  // people could not find the mistake
    }
    if (auto text_ = Template::compile(text, environment)) (void)text_->render(values);
    return 0;
}
