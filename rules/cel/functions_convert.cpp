#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/text/utf8.hpp"
#include "rules/cel/functions.hpp"
#include "rules/cel/number_text.hpp"
#include "rules/cel/time_text.hpp"

namespace klaw::rules::cel {
namespace {

tl::unexpected<EvalError> conversionError(const Value& from, Kind to) {
    return evalError("type conversion error from '" + std::string(typeNameOf(from)) + "' to '" +
                     std::string(typeName(to)) + "'");
}

template <class T>
std::optional<T> parseWhole(std::string_view text) {
    T value{};
    if (std::is_signed_v<T> && text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return value;
}

Evaluated<Value> toInt(Arguments arguments, Meter&) {
    const auto& value = arguments[0];
    switch (value.kind()) {
        case Kind::Int:
            return value;
        case Kind::Uint:
            if (value.uintValue() > INT64_MAX) return evalError("integer overflow");
            return Value::integer(value.intValue());
        case Kind::Double:
            if (!(value.doubleValue() > -0x1p63 && value.doubleValue() < 0x1p63)) return evalError("integer overflow");
            return Value::integer(static_cast<std::int64_t>(value.doubleValue()));
        case Kind::Timestamp:
            return Value::integer(value.seconds());
        case Kind::Duration:
            return Value::integer(static_cast<std::int64_t>(nanosOf(value)));
        case Kind::String:
            if (auto parsed = parseWhole<std::int64_t>(value.text())) return Value::integer(*parsed);
            return conversionError(value, Kind::Int);
        default:
            return noSuchOverload();
    }
}

Evaluated<Value> toUint(Arguments arguments, Meter&) {
    const auto& value = arguments[0];
    switch (value.kind()) {
        case Kind::Uint:
            return value;
        case Kind::Int:
            if (value.intValue() < 0) return evalError("unsigned integer overflow");
            return Value::unsignedInteger(value.uintValue());
        case Kind::Double:
            if (!(value.doubleValue() >= 0 && value.doubleValue() < 0x1p64))
                return evalError("unsigned integer overflow");
            return Value::unsignedInteger(static_cast<std::uint64_t>(value.doubleValue()));
        case Kind::String:
            if (auto parsed = parseWhole<std::uint64_t>(value.text())) return Value::unsignedInteger(*parsed);
            return conversionError(value, Kind::Uint);
        default:
            return noSuchOverload();
    }
}

/// As Go reads it: no blanks, "inf", "+Infinity" and "nan" in any case; too large is an error.
std::optional<double> parseDouble(std::string_view text) {
    if (text.empty() || text[0] == ' ' || (text[0] >= '\t' && text[0] <= '\r')) return std::nullopt;
    auto isWord = text.find_first_of("iInN") < 2;
    bool isHex = text.find_first_of("xX") != std::string_view::npos;
    if (isHex && text.find_first_of("pP") == std::string_view::npos) return std::nullopt;
    if (isWord && text.find('(') != std::string_view::npos) return std::nullopt;
    std::string copy(text);
    char* end = nullptr;
    auto parsed = std::strtod(copy.c_str(), &end);
    if (end != copy.c_str() + copy.size() || (std::isinf(parsed) && !isWord)) return std::nullopt;
    return parsed;
}

Evaluated<Value> toDouble(Arguments arguments, Meter&) {
    const auto& value = arguments[0];
    if (auto number = value.asNumber()) return Value::number(*number);
    if (value.kind() != Kind::String) return noSuchOverload();
    auto parsed = parseDouble(value.text());
    return parsed ? Evaluated<Value>(Value::number(*parsed)) : conversionError(value, Kind::Double);
}

Evaluated<Value> toString(Arguments arguments, Meter& meter) {
    const auto& value = arguments[0];
    switch (value.kind()) {
        case Kind::String:
            return value;
        case Kind::Bytes:
            if (!meter.charge(value.text().size() / 8)) return costExceeded();
            if (!isValidUtf8(value.text())) return evalError("invalid UTF-8 in bytes, cannot convert to string");
            return Value::string(value.text());
        case Kind::Duration:
            return Value::string(durationText(value));
        case Kind::Timestamp:
            return Value::string(timestampText(value.seconds(), value.nanos()));
        case Kind::Double:
            return Value::string(shortestText(value.doubleValue()));
        case Kind::List:
        case Kind::Map:
        case Kind::Null:
        case Kind::Type:
        case Kind::Optional:
            return noSuchOverload();
        case Kind::Extension:
            if (!typeNameOf(value).starts_with("net.")) return noSuchOverload();
            return Value::string(value.toText());
        default:
            return Value::string(value.toText());
    }
}

Evaluated<Value> toBytes(Arguments arguments, Meter&) {
    const auto& value = arguments[0];
    if (value.kind() == Kind::Bytes) return value;
    if (value.kind() != Kind::String) return noSuchOverload();
    return Value::bytes(value.text());
}

Evaluated<Value> toBool(Arguments arguments, Meter&) {
    const auto& value = arguments[0];
    if (value.kind() == Kind::Bool) return value;
    if (value.kind() != Kind::String) return noSuchOverload();
    static constexpr std::array<std::string_view, 5> yes{"1", "t", "true", "TRUE", "True"},
        no{"0", "f", "false", "FALSE", "False"};
    for (auto word : yes)
        if (value.text() == word) return Value::boolean(true);
    for (auto word : no)
        if (value.text() == word) return Value::boolean(false);
    return conversionError(value, Kind::Bool);
}

Evaluated<Value> toDyn(Arguments arguments, Meter&) {
    return arguments[0];
}

Evaluated<Value> typeOf(Arguments arguments, Meter&) {
    return Value::type(typeNameOf(arguments[0]));
}

}  // namespace

std::span<const Function> conversionFunctions() {
    static constexpr std::array<Function, 8> table{{
        {"int", false, 1, 1, toInt},
        {"uint", false, 1, 1, toUint},
        {"double", false, 1, 1, toDouble},
        {"string", false, 1, 1, toString},
        {"bytes", false, 1, 1, toBytes},
        {"bool", false, 1, 1, toBool},
        {"dyn", false, 1, 1, toDyn},
        {"type", false, 1, 1, typeOf},
    }};
    return table;
}

}  // namespace klaw::rules::cel
