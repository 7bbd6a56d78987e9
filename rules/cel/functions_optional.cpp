#include <array>

#include "rules/cel/functions.hpp"

namespace klaw::rules::cel {
namespace {

Evaluated<Value> optionalOf(Arguments arguments, Meter&) {
    return Value::optionalOf(arguments[0]);
}

Evaluated<Value> optionalNone(Arguments, Meter&) {
    return Value::optionalNone();
}

bool isZero(const Value& value) {
    switch (value.kind()) {
        case Kind::Null:
            return true;
        case Kind::Bool:
            return !value.boolValue();
        case Kind::Int:
        case Kind::Uint:
            return value.intValue() == 0;
        case Kind::Double:
            return value.doubleValue() == 0;
        case Kind::String:
        case Kind::Bytes:
            return value.text().empty();
        case Kind::List:
        case Kind::Map:
            return value.size() == 0;
        case Kind::Duration:
            return value.seconds() == 0 && value.nanos() == 0;
        default:
            return false;
    }
}

Evaluated<Value> optionalOfNonZero(Arguments arguments, Meter&) {
    return isZero(arguments[0]) ? Value::optionalNone() : Value::optionalOf(arguments[0]);
}

Evaluated<Value> hasValue(Arguments arguments, Meter&) {
    if (arguments[0].kind() != Kind::Optional) return noSuchOverload();
    return Value::boolean(arguments[0].hasValue());
}

Evaluated<Value> value(Arguments arguments, Meter&) {
    if (arguments[0].kind() != Kind::Optional) return noSuchOverload();
    if (!arguments[0].hasValue()) return evalError("optional.none() dereference");
    return arguments[0].inner();
}

Evaluated<Value> orValue(Arguments arguments, Meter&) {
    if (arguments[0].kind() != Kind::Optional) return noSuchOverload();
    return arguments[0].hasValue() ? arguments[0].inner() : arguments[1];
}

Evaluated<Value> orOptional(Arguments arguments, Meter&) {
    if (arguments[0].kind() != Kind::Optional) return noSuchOverload();
    if (arguments[0].hasValue()) return arguments[0];
    return arguments[1].kind() == Kind::Optional ? Evaluated<Value>(arguments[1]) : noSuchOverload();
}

}  // namespace

std::span<const Function> optionalFunctions() {
    static constexpr std::array<Function, 7> table{{
        {"optional.of", false, 1, 1, optionalOf},
        {"optional.none", false, 0, 0, optionalNone},
        {"optional.ofNonZeroValue", false, 1, 1, optionalOfNonZero},
        {"hasValue", true, 1, 1, hasValue},
        {"value", true, 1, 1, value},
        {"orValue", true, 2, 2, orValue, true},
        {"or", true, 2, 2, orOptional, true},
    }};
    return table;
}

}  // namespace klaw::rules::cel
