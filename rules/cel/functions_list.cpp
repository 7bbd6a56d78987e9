#include <array>

#include "rules/cel/functions.hpp"
#include "rules/cel/operators.hpp"

namespace klaw::rules::cel {
namespace {

std::size_t codePoints(std::string_view text) {
    std::size_t count = 0;
    for (unsigned char c : text) count += (c & 0xC0) != 0x80;
    return count;
}

Evaluated<Value> size(Arguments arguments, Meter& meter) {
    const auto& value = arguments[0];
    switch (value.kind()) {
        case Kind::String:
            if (!meter.charge(value.text().size() / 16))
                return evalError("operation cancelled: actual cost limit exceeded");
            return Value::integer(static_cast<std::int64_t>(codePoints(value.text())));
        case Kind::Bytes:
            return Value::integer(static_cast<std::int64_t>(value.text().size()));
        case Kind::List:
        case Kind::Map:
            return Value::integer(static_cast<std::int64_t>(value.size()));
        default:
            return noSuchOverload();
    }
}

Evaluated<Value> sum(Arguments arguments, Meter& meter) {
    if (arguments[0].kind() != Kind::List) return noSuchOverload();
    std::size_t count = arguments[0].size();
    if (count == 0) return Value::integer(0);
    auto total = arguments[0].at(0);
    for (std::size_t i = 1; i < count; ++i) {
        auto next = applyBinary(BinaryOp::Add, total, arguments[0].at(i), meter);
        if (!next) return next;
        total = std::move(*next);
    }
    if (!total.asNumber() && total.kind() != Kind::Duration) return noSuchOverload();
    return total;
}

/// The element that stands before all others by `sign` (-1 smallest, 1 largest).
Evaluated<Value> extreme(Arguments arguments, Meter& meter, int sign) {
    if (arguments[0].kind() != Kind::List) return noSuchOverload();
    std::size_t count = arguments[0].size();
    if (count == 0) return evalError(sign < 0 ? "min called on empty list" : "max called on empty list");
    if (!meter.charge(count)) return evalError("operation cancelled: actual cost limit exceeded");
    auto best = arguments[0].at(0);
    for (std::size_t i = 1; i < count; ++i) {
        auto candidate = arguments[0].at(i);
        auto ordered = compare(candidate, best);
        if (!ordered) return tl::unexpected<EvalError>(ordered.error());
        if (ordered->value_or(0) * sign > 0) best = std::move(candidate);
    }
    return best;
}

Evaluated<Value> min(Arguments arguments, Meter& meter) {
    return extreme(arguments, meter, -1);
}
Evaluated<Value> max(Arguments arguments, Meter& meter) {
    return extreme(arguments, meter, 1);
}

Evaluated<Value> isSorted(Arguments arguments, Meter& meter) {
    if (arguments[0].kind() != Kind::List) return noSuchOverload();
    if (!meter.charge(arguments[0].size())) return evalError("operation cancelled: actual cost limit exceeded");
    for (std::size_t i = 1; i < arguments[0].size(); ++i) {
        auto ordered = compare(arguments[0].at(i - 1), arguments[0].at(i));
        if (!ordered) return tl::unexpected<EvalError>(ordered.error());
        if (ordered->value_or(0) > 0) return Value::boolean(false);
    }
    return Value::boolean(true);
}

Evaluated<Value> distinct(Arguments arguments, Meter& meter) {
    if (arguments[0].kind() != Kind::List) return noSuchOverload();
    Value::Items kept;
    for (std::size_t i = 0, n = arguments[0].size(); i < n; ++i) {
        auto candidate = arguments[0].at(i);
        if (!meter.charge(kept.size() + 1)) return evalError("operation cancelled: actual cost limit exceeded");
        bool seen = false;
        for (const auto& other : kept) seen = seen || equal(other, candidate);
        if (!seen) kept.push_back(std::move(candidate));
    }
    return Value::list(std::move(kept));
}

Evaluated<Value> flatten(Arguments arguments, Meter& meter) {
    if (arguments[0].kind() != Kind::List) return noSuchOverload();
    Value::Items flat;
    for (std::size_t i = 0, n = arguments[0].size(); i < n; ++i) {
        auto item = arguments[0].at(i);
        if (!meter.charge(1)) return evalError("operation cancelled: actual cost limit exceeded");
        if (item.kind() != Kind::List)
            flat.push_back(std::move(item));
        else
            item.forEach([&](const Value&, const Value& inner) { flat.push_back(inner); });
    }
    return Value::list(std::move(flat));
}

}  // namespace

std::span<const Function> listFunctions() {
    static constexpr std::array<Function, 8> table{{
        {"size", false, 1, 1, size},
        {"size", true, 1, 1, size},
        {"sum", true, 1, 1, sum},
        {"min", true, 1, 1, min},
        {"max", true, 1, 1, max},
        {"isSorted", true, 1, 1, isSorted},
        {"distinct", true, 1, 1, distinct},
        {"flatten", true, 1, 1, flatten},
    }};
    return table;
}

}  // namespace klaw::rules::cel
