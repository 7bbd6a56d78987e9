#include "rules/cel/operators.hpp"

#include <cmath>
#include <limits>

#include "rules/cel/time_text.hpp"

namespace klaw::rules::cel {
namespace {

constexpr std::int64_t nanosPerSecond = 1'000'000'000;
bool isNumber(const Value& value) {
    return value.kind() == Kind::Int || value.kind() == Kind::Uint || value.kind() == Kind::Double;
}
bool isTime(Kind kind) {
    return kind == Kind::Timestamp || kind == Kind::Duration;
}

template <class T>
std::optional<T> checked(BinaryOp op, T a, T b) {
    T result{};
    bool overflow = op == BinaryOp::Add        ? __builtin_add_overflow(a, b, &result)
                    : op == BinaryOp::Subtract ? __builtin_sub_overflow(a, b, &result)
                                               : __builtin_mul_overflow(a, b, &result);
    return overflow ? std::nullopt : std::optional<T>(result);
}

Evaluated<Value> intArithmetic(BinaryOp op, std::int64_t a, std::int64_t b) {
    if (op == BinaryOp::Divide || op == BinaryOp::Modulo) {
        if (b == 0) return evalError(op == BinaryOp::Divide ? "division by zero" : "modulus by zero");
        if (a == std::numeric_limits<std::int64_t>::min() && b == -1) return evalError("integer overflow");
        return Value::integer(op == BinaryOp::Divide ? a / b : a % b);
    }
    auto result = checked(op, a, b);
    if (!result) return evalError("integer overflow");
    return Value::integer(*result);
}

Evaluated<Value> uintArithmetic(BinaryOp op, std::uint64_t a, std::uint64_t b) {
    if (op == BinaryOp::Divide || op == BinaryOp::Modulo) {
        if (b == 0) return evalError(op == BinaryOp::Divide ? "division by zero" : "modulus by zero");
        return Value::unsignedInteger(op == BinaryOp::Divide ? a / b : a % b);
    }
    auto result = checked(op, a, b);
    if (!result) return evalError("unsigned integer overflow");
    return Value::unsignedInteger(*result);
}

Evaluated<Value> doubleArithmetic(BinaryOp op, double a, double b) {
    switch (op) {
        case BinaryOp::Add:
            return Value::number(a + b);
        case BinaryOp::Subtract:
            return Value::number(a - b);
        case BinaryOp::Multiply:
            return Value::number(a * b);
        case BinaryOp::Divide:
            return Value::number(a / b);
        default:
            return noSuchOverload();
    }
}

Evaluated<Value> normalised(Kind kind, std::int64_t seconds, std::int64_t nanos) {
    if (nanos < 0) {
        --seconds;
        nanos += nanosPerSecond;
    } else if (nanos >= nanosPerSecond) {
        ++seconds;
        nanos -= nanosPerSecond;
    }
    if (kind == Kind::Timestamp) {
        if (seconds < minTimestampSeconds || seconds > maxTimestampSeconds) return evalError("timestamp overflow");
        return Value::timestampOf(seconds, static_cast<std::int32_t>(nanos));
    }
    auto duration = durationOfNanos(__int128(seconds) * nanosPerSecond + nanos);
    return duration ? Evaluated<Value>(*duration) : evalError("duration overflow");
}

Evaluated<Value> timeArithmetic(BinaryOp op, const Value& a, const Value& b) {
    bool add = op == BinaryOp::Add;
    if (!add && op != BinaryOp::Subtract) return noSuchOverload();
    bool bothTimestamps = a.kind() == Kind::Timestamp && b.kind() == Kind::Timestamp;
    if ((add && bothTimestamps) || (!add && a.kind() == Kind::Duration && b.kind() == Kind::Timestamp))
        return noSuchOverload();
    auto kind =
        bothTimestamps || (a.kind() == Kind::Duration && b.kind() == Kind::Duration) ? Kind::Duration : Kind::Timestamp;
    std::int64_t seconds = 0;
    bool overflow = add ? __builtin_add_overflow(a.seconds(), b.seconds(), &seconds)
                        : __builtin_sub_overflow(a.seconds(), b.seconds(), &seconds);
    if (overflow) return evalError("duration overflow");
    return normalised(kind, seconds, add ? std::int64_t(a.nanos()) + b.nanos() : std::int64_t(a.nanos()) - b.nanos());
}

Evaluated<Value> concatenate(const Value& a, const Value& b, Meter& meter) {
    if (a.kind() == Kind::List) {
        if (!meter.charge(a.size() + b.size())) return costExceeded();
        Value::Items items;
        items.reserve(a.size() + b.size());
        for (const auto* list : {&a, &b})
            list->forEach([&](const Value&, const Value& item) { items.push_back(item); });
        return Value::list(std::move(items));
    }
    if (!meter.charge((a.text().size() + b.text().size()) / 8)) return costExceeded();
    auto text = std::string(a.text()).append(b.text());
    return a.kind() == Kind::String ? Value::string(text) : Value::bytes(text);
}

Evaluated<Value> arithmetic(BinaryOp op, const Value& a, const Value& b, Meter& meter) {
    if (isTime(a.kind()) && isTime(b.kind())) return timeArithmetic(op, a, b);
    if (a.kind() != b.kind()) return noSuchOverload();
    switch (a.kind()) {
        case Kind::Int:
            return intArithmetic(op, a.intValue(), b.intValue());
        case Kind::Uint:
            return uintArithmetic(op, a.uintValue(), b.uintValue());
        case Kind::Double:
            return doubleArithmetic(op, a.doubleValue(), b.doubleValue());
        case Kind::String:
        case Kind::Bytes:
        case Kind::List:
            return op == BinaryOp::Add ? concatenate(a, b, meter) : Evaluated<Value>(noSuchOverload());
        default:
            return noSuchOverload();
    }
}

template <class T>
int order(const T& a, const T& b) {
    return a < b ? -1 : b < a ? 1 : 0;
}

std::optional<int> orderDoubles(double a, double b) {
    if (std::isnan(a) || std::isnan(b)) return std::nullopt;
    return order(a, b);
}

/// An integer against a double, in the precision of doubles as cel-go does it.
template <class Integer>
std::optional<int> orderIntegerDouble(Integer a, double b) {
    return orderDoubles(static_cast<double>(a), b);
}

std::optional<int> flipped(std::optional<int> value) {
    return value ? std::optional<int>(-*value) : std::nullopt;
}

std::optional<int> orderNumbers(const Value& a, const Value& b) {
    if (a.kind() == Kind::Double && b.kind() == Kind::Double) return orderDoubles(a.doubleValue(), b.doubleValue());
    if (a.kind() == Kind::Double) return flipped(orderNumbers(b, a));
    if (b.kind() == Kind::Double)
        return a.kind() == Kind::Int ? orderIntegerDouble(a.intValue(), b.doubleValue())
                                     : orderIntegerDouble(a.uintValue(), b.doubleValue());
    if (a.kind() == b.kind())
        return a.kind() == Kind::Int ? order(a.intValue(), b.intValue()) : order(a.uintValue(), b.uintValue());
    if (a.kind() == Kind::Uint) return flipped(orderNumbers(b, a));
    return a.intValue() < 0 ? -1 : order(static_cast<std::uint64_t>(a.intValue()), b.uintValue());
}

Evaluated<Value> membership(const Value& element, const Value& container, Meter& meter) {
    if (container.kind() == Kind::Map) return Value::boolean(container.find(element).has_value());
    if (container.kind() != Kind::List) return noSuchOverload();
    if (!meter.charge(container.size())) return costExceeded();
    bool found = false;
    container.forEach([&](const Value&, const Value& item) { found = found || equal(element, item); });
    return Value::boolean(found);
}

/// The position an index means, for whole numbers of any type.
std::optional<std::int64_t> wholeNumber(const Value& value) {
    if (value.kind() == Kind::Int) return value.intValue();
    if (value.kind() == Kind::Uint && value.uintValue() <= INT64_MAX) return value.intValue();
    if (value.kind() == Kind::Double && std::trunc(value.doubleValue()) == value.doubleValue() &&
        std::abs(value.doubleValue()) < 0x1p62)
        return static_cast<std::int64_t>(value.doubleValue());
    return std::nullopt;
}

}  // namespace

tl::unexpected<EvalError> noSuchKey(std::string_view key) {
    return tl::unexpected<EvalError>(EvalError{EvalError::Kind::NoSuchField, "no such key: " + std::string(key)});
}

Evaluated<std::optional<int>> compare(const Value& a, const Value& b) {
    if (isNumber(a) && isNumber(b)) return orderNumbers(a, b);
    if (a.kind() != b.kind()) return noSuchOverload();
    switch (a.kind()) {
        case Kind::Bool:
            return std::optional<int>(order(a.boolValue(), b.boolValue()));
        case Kind::String:
        case Kind::Bytes:
            return std::optional<int>(order(a.text(), b.text()));
        case Kind::Timestamp:
        case Kind::Duration:
            return std::optional<int>(order(std::pair(a.seconds(), a.nanos()), std::pair(b.seconds(), b.nanos())));
        default:
            return noSuchOverload();
    }
}

Evaluated<Value> applyBinary(BinaryOp op, const Value& a, const Value& b, Meter& meter) {
    switch (op) {
        case BinaryOp::Equal:
            return Value::boolean(equal(a, b));
        case BinaryOp::NotEqual:
            return Value::boolean(!equal(a, b));
        case BinaryOp::In:
            return membership(a, b, meter);
        case BinaryOp::Less:
        case BinaryOp::LessEqual:
        case BinaryOp::Greater:
        case BinaryOp::GreaterEqual: {
            auto ordered = compare(a, b);
            if (!ordered) return tl::unexpected<EvalError>(ordered.error());
            if (!*ordered) return evalError("NaN values cannot be ordered");
            int sign = **ordered;
            return Value::boolean(op == BinaryOp::Less        ? sign < 0
                                  : op == BinaryOp::LessEqual ? sign <= 0
                                  : op == BinaryOp::Greater   ? sign > 0
                                                              : sign >= 0);
        }
        default:
            return arithmetic(op, a, b, meter);
    }
}

Evaluated<Value> negate(const Value& value) {
    if (value.kind() == Kind::Double) return Value::number(-value.doubleValue());
    if (value.kind() == Kind::Duration) {
        auto negated = durationOfNanos(-nanosOf(value));
        return negated ? Evaluated<Value>(*negated) : evalError("duration overflow");
    }
    if (value.kind() != Kind::Int) return noSuchOverload();
    if (value.intValue() == std::numeric_limits<std::int64_t>::min()) return evalError("integer overflow");
    return Value::integer(-value.intValue());
}

Evaluated<Value> index(const Value& container, const Value& key) {
    if (container.kind() == Kind::Map) {
        if (key.kind() == Kind::List || key.kind() == Kind::Map || key.kind() == Kind::Null)
            return evalError("unsupported key type");
        auto found = container.find(key);
        if (!found) return noSuchKey(key.toText());
        return *found;
    }
    if (container.kind() != Kind::List) return noSuchOverload();
    auto position = wholeNumber(key);
    if (!position) return noSuchOverload();
    if (*position < 0 || static_cast<std::size_t>(*position) >= container.size())
        return tl::unexpected<EvalError>(
            EvalError{EvalError::Kind::NoSuchField, "index out of bounds: " + std::to_string(*position)});
    return container.at(static_cast<std::size_t>(*position));
}

}  // namespace klaw::rules::cel
