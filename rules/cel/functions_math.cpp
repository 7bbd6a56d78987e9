#include <array>
#include <cmath>
#include <limits>

#include "rules/cel/functions.hpp"
#include "rules/cel/operators.hpp"

// The math extension of cel-go (https://github.com/google/cel-go/tree/master/ext#math).

namespace klaw::rules::cel {
namespace {

constexpr std::size_t manyArguments = 64;

/// The argument that stands before all others by `sign` (-1 smallest, 1 largest); one list stands for its elements.
Evaluated<Value> extreme(Arguments arguments, Meter& meter, int sign) {
    Value::Items elements;
    if (arguments.size() == 1 && arguments[0].kind() == Kind::List) {
        if (!meter.charge(arguments[0].size())) return costExceeded();
        arguments[0].forEach([&](const Value&, const Value& element) { elements.push_back(element); });
        arguments = elements;
    }
    if (arguments.empty()) return evalError("math.@min(list) argument must not be empty");
    const Value* best = nullptr;
    for (const auto& candidate : arguments) {
        if (!candidate.asNumber()) return noSuchOverload();
        auto ordered = best ? compare(candidate, *best) : Evaluated<std::optional<int>>(1);
        if (!ordered) return tl::unexpected<EvalError>(ordered.error());
        if (!best || ordered->value_or(0) * sign > 0) best = &candidate;
    }
    return *best;
}
Evaluated<Value> greatest(Arguments arguments, Meter& meter) {
    return extreme(arguments, meter, 1);
}
Evaluated<Value> least(Arguments arguments, Meter& meter) {
    return extreme(arguments, meter, -1);
}

template <double (*Round)(double)>
Evaluated<Value> rounded(Arguments arguments, Meter&) {
    if (arguments[0].kind() != Kind::Double) return noSuchOverload();
    return Value::number(Round(arguments[0].doubleValue()));
}

template <bool (*Test)(double)>
Evaluated<Value> tested(Arguments arguments, Meter&) {
    if (arguments[0].kind() != Kind::Double) return noSuchOverload();
    return Value::boolean(Test(arguments[0].doubleValue()));
}
bool isNan(double value) {
    return std::isnan(value);
}
bool isInfinite(double value) {
    return std::isinf(value);
}
bool isFinite(double value) {
    return std::isfinite(value);
}

Evaluated<Value> squareRoot(Arguments arguments, Meter&) {
    auto number = arguments[0].asNumber();
    if (!number) return noSuchOverload();
    return Value::number(std::sqrt(*number));
}

Evaluated<Value> absolute(Arguments arguments, Meter&) {
    const auto& value = arguments[0];
    if (value.kind() == Kind::Uint) return value;
    if (value.kind() == Kind::Double) return Value::number(std::abs(value.doubleValue()));
    if (value.kind() != Kind::Int) return noSuchOverload();
    if (value.intValue() == std::numeric_limits<std::int64_t>::min()) return evalError("integer overflow");
    return Value::integer(std::abs(value.intValue()));
}

Evaluated<Value> sign(Arguments arguments, Meter&) {
    const auto& value = arguments[0];
    if (value.kind() == Kind::Uint) return Value::unsignedInteger(value.uintValue() > 0);
    if (value.kind() == Kind::Int) return Value::integer((value.intValue() > 0) - (value.intValue() < 0));
    if (value.kind() != Kind::Double) return noSuchOverload();
    auto number = value.doubleValue();
    return Value::number(std::isnan(number) ? number : (number > 0) - (number < 0));
}

Evaluated<Value> bits(Arguments arguments, std::uint64_t (*combine)(std::uint64_t, std::uint64_t)) {
    auto kind = arguments[0].kind();
    if (arguments[1].kind() != kind || (kind != Kind::Int && kind != Kind::Uint)) return noSuchOverload();
    auto result = combine(arguments[0].uintValue(), arguments[1].uintValue());
    return kind == Kind::Uint ? Value::unsignedInteger(result) : Value::integer(static_cast<std::int64_t>(result));
}
Evaluated<Value> bitAnd(Arguments arguments, Meter&) {
    return bits(arguments, [](std::uint64_t a, std::uint64_t b) { return a & b; });
}
Evaluated<Value> bitOr(Arguments arguments, Meter&) {
    return bits(arguments, [](std::uint64_t a, std::uint64_t b) { return a | b; });
}
Evaluated<Value> bitXor(Arguments arguments, Meter&) {
    return bits(arguments, [](std::uint64_t a, std::uint64_t b) { return a ^ b; });
}
Evaluated<Value> bitNot(Arguments arguments, Meter&) {
    if (arguments[0].kind() == Kind::Uint) return Value::unsignedInteger(~arguments[0].uintValue());
    if (arguments[0].kind() != Kind::Int) return noSuchOverload();
    return Value::integer(~arguments[0].intValue());
}

/// Both directions fill with zeros, also for negative numbers.
Evaluated<Value> shifted(Arguments arguments, bool left) {
    auto kind = arguments[0].kind();
    if (arguments[1].kind() != Kind::Int || (kind != Kind::Int && kind != Kind::Uint)) return noSuchOverload();
    auto distance = arguments[1].intValue();
    if (distance < 0)
        return evalError("math.bitShift" + std::string(left ? "Left" : "Right") +
                         "() negative offset: " + std::to_string(distance));
    auto value = arguments[0].uintValue();
    auto result = distance > 63 ? 0 : left ? value << distance : value >> distance;
    return kind == Kind::Uint ? Value::unsignedInteger(result) : Value::integer(static_cast<std::int64_t>(result));
}
Evaluated<Value> shiftLeft(Arguments arguments, Meter&) {
    return shifted(arguments, true);
}
Evaluated<Value> shiftRight(Arguments arguments, Meter&) {
    return shifted(arguments, false);
}

}  // namespace

std::span<const Function> mathFunctions() {
    static constexpr std::array<Function, 18> table{{
        {"math.greatest", false, 1, manyArguments, greatest},
        {"math.least", false, 1, manyArguments, least},
        {"math.ceil", false, 1, 1, rounded<std::ceil>},
        {"math.floor", false, 1, 1, rounded<std::floor>},
        {"math.round", false, 1, 1, rounded<std::round>},
        {"math.trunc", false, 1, 1, rounded<std::trunc>},
        {"math.sqrt", false, 1, 1, squareRoot},
        {"math.abs", false, 1, 1, absolute},
        {"math.sign", false, 1, 1, sign},
        {"math.isNaN", false, 1, 1, tested<isNan>},
        {"math.isInf", false, 1, 1, tested<isInfinite>},
        {"math.isFinite", false, 1, 1, tested<isFinite>},
        {"math.bitAnd", false, 2, 2, bitAnd},
        {"math.bitOr", false, 2, 2, bitOr},
        {"math.bitXor", false, 2, 2, bitXor},
        {"math.bitNot", false, 1, 1, bitNot},
        {"math.bitShiftLeft", false, 2, 2, shiftLeft},
        {"math.bitShiftRight", false, 2, 2, shiftRight},
    }};
    return table;
}

}  // namespace klaw::rules::cel
