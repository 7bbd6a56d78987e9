#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

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
            if (!meter.charge(value.text().size() / 16)) return costExceeded();
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

/// Values that cannot be ordered, here as everywhere in lists, are an error.
Evaluated<int> ordered(const Value& a, const Value& b) {
    auto order = compare(a, b);
    if (!order) return tl::unexpected<EvalError>(order.error());
    return order->value_or(0);
}

/// The element that stands before all others by `sign` (-1 smallest, 1 largest).
Evaluated<Value> extreme(Arguments arguments, Meter& meter, int sign) {
    if (arguments[0].kind() != Kind::List) return noSuchOverload();
    std::size_t count = arguments[0].size();
    if (count == 0) return evalError(sign < 0 ? "min called on empty list" : "max called on empty list");
    if (!meter.charge(count)) return costExceeded();
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
    if (!meter.charge(arguments[0].size())) return costExceeded();
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
        if (!meter.charge(kept.size() + 1)) return costExceeded();
        bool seen = false;
        for (const auto& other : kept) seen = seen || equal(other, candidate);
        if (!seen) kept.push_back(std::move(candidate));
    }
    return Value::list(std::move(kept));
}

Evaluated<void> flattenInto(Value::Items& flat, const Value& list, std::int64_t depth, Meter& meter) {
    for (std::size_t i = 0, n = list.size(); i < n; ++i) {
        auto item = list.at(i);
        if (!meter.charge(1)) return costExceeded();
        if (item.kind() != Kind::List || depth == 0)
            flat.push_back(std::move(item));
        else if (auto done = flattenInto(flat, item, depth - 1, meter); !done)
            return done;
    }
    return {};
}

Evaluated<Value> flatten(Arguments arguments, Meter& meter) {
    if (arguments[0].kind() != Kind::List || (arguments.size() > 1 && arguments[1].kind() != Kind::Int))
        return noSuchOverload();
    auto depth = arguments.size() > 1 ? arguments[1].intValue() : 1;
    if (depth < 0) return evalError("level must be non-negative");
    Value::Items flat;
    auto done = flattenInto(flat, arguments[0], depth, meter);
    if (!done) return tl::unexpected<EvalError>(std::move(done.error()));
    return Value::list(std::move(flat));
}

Evaluated<Value> slice(Arguments arguments, Meter& meter) {
    if (arguments[0].kind() != Kind::List || arguments[1].kind() != Kind::Int || arguments[2].kind() != Kind::Int)
        return noSuchOverload();
    auto begin = arguments[1].intValue(), end = arguments[2].intValue();
    auto size = static_cast<std::int64_t>(arguments[0].size());
    if (begin < 0 || end < 0 || begin > end || end > size)
        return evalError("cannot slice(" + std::to_string(begin) + ", " + std::to_string(end) + ") list with " +
                         std::to_string(size) + " elements");
    if (!meter.charge(static_cast<std::size_t>(size))) return costExceeded();
    Value::Items items;
    arguments[0].forEach([&](const Value& index, const Value& item) {
        if (index.intValue() >= begin && index.intValue() < end) items.push_back(item);
    });
    return Value::list(std::move(items));
}

Evaluated<Value> sort(Arguments arguments, Meter& meter) {
    if (arguments[0].kind() != Kind::List) return noSuchOverload();
    if (!meter.charge(arguments[0].size())) return costExceeded();
    std::vector<std::pair<Value, Value>> keyed;
    arguments[0].forEach([&](const Value&, const Value& item) { keyed.emplace_back(item, item); });
    return sortedByKeys(std::move(keyed), meter);
}

Evaluated<Value> range(Arguments arguments, Meter& meter) {
    if (arguments[0].kind() != Kind::Int) return noSuchOverload();
    auto count = std::max<std::int64_t>(arguments[0].intValue(), 0);
    if (!meter.charge(static_cast<std::size_t>(count))) return costExceeded();
    Value::Items items;
    for (std::int64_t i = 0; i < count; ++i) items.push_back(Value::integer(i));
    return Value::list(std::move(items));
}

Evaluated<Value> firstOrLast(Arguments arguments, bool last) {
    if (arguments[0].kind() != Kind::List) return noSuchOverload();
    auto count = arguments[0].size();
    return count == 0 ? Value::optionalNone() : Value::optionalOf(arguments[0].at(last ? count - 1 : 0));
}
Evaluated<Value> first(Arguments arguments, Meter&) {
    return firstOrLast(arguments, false);
}
Evaluated<Value> last(Arguments arguments, Meter&) {
    return firstOrLast(arguments, true);
}

bool has(const Value& list, const Value& element) {
    bool found = false;
    list.forEach([&](const Value&, const Value& other) { found = found || equal(other, element); });
    return found;
}

/// How many elements of `some` are in `all`; an error when one of them is no list.
Evaluated<std::size_t> countIn(const Value& some, const Value& all, Meter& meter) {
    if (some.kind() != Kind::List || all.kind() != Kind::List) return noSuchOverload();
    if (!meter.charge(some.size() * (all.size() + 1))) return costExceeded();
    std::size_t count = 0;
    some.forEach([&](const Value&, const Value& element) { count += has(all, element); });
    return count;
}

Evaluated<Value> setContains(Arguments arguments, Meter& meter) {
    auto count = countIn(arguments[1], arguments[0], meter);
    if (!count) return tl::unexpected<EvalError>(std::move(count.error()));
    return Value::boolean(*count == arguments[1].size());
}
Evaluated<Value> setIntersects(Arguments arguments, Meter& meter) {
    auto count = countIn(arguments[1], arguments[0], meter);
    if (!count) return tl::unexpected<EvalError>(std::move(count.error()));
    return Value::boolean(*count > 0);
}
Evaluated<Value> setEquivalent(Arguments arguments, Meter& meter) {
    auto there = countIn(arguments[1], arguments[0], meter);
    if (!there) return tl::unexpected<EvalError>(std::move(there.error()));
    auto back = countIn(arguments[0], arguments[1], meter);
    if (!back) return tl::unexpected<EvalError>(std::move(back.error()));
    return Value::boolean(*there == arguments[1].size() && *back == arguments[0].size());
}

}  // namespace

Evaluated<Value> sortedByKeys(std::vector<std::pair<Value, Value>> keyed, Meter& meter) {
    std::size_t steps = keyed.size();
    for (auto n = keyed.size(); n > 1; n /= 2) steps += keyed.size();
    if (!meter.charge(steps)) return costExceeded();
    for (const auto& [key, value] : keyed) {
        auto comparable = ordered(key, key);
        if (!comparable) return tl::unexpected<EvalError>(std::move(comparable.error()));
        if (key.kind() != keyed[0].first.kind()) return evalError("list elements must have the same type");
    }
    std::vector<std::size_t> order(keyed.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        auto sign = ordered(keyed[a].first, keyed[b].first).value_or(0);
        return sign < 0 || (sign == 0 && a < b);
    });
    Value::Items items;
    for (auto i : order) items.push_back(std::move(keyed[i].second));
    return Value::list(std::move(items));
}

std::span<const Function> listFunctions() {
    static constexpr std::array<Function, 16> table{{
        {"size", false, 1, 1, size},
        {"size", true, 1, 1, size},
        {"sum", true, 1, 1, sum},
        {"min", true, 1, 1, min},
        {"max", true, 1, 1, max},
        {"isSorted", true, 1, 1, isSorted},
        {"distinct", true, 1, 1, distinct},
        {"flatten", true, 1, 2, flatten},
        {"slice", true, 3, 3, slice},
        {"sort", true, 1, 1, sort},
        {"first", true, 1, 1, first},
        {"last", true, 1, 1, last},
        {"lists.range", false, 1, 1, range},
        {"sets.contains", false, 2, 2, setContains},
        {"sets.intersects", false, 2, 2, setIntersects},
        {"sets.equivalent", false, 2, 2, setEquivalent},
    }};
    return table;
}

}  // namespace klaw::rules::cel
