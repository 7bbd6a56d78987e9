#include "rules/cel/evaluator.hpp"

#include "rules/cel/operators.hpp"

namespace klaw::rules::cel {
namespace {

tl::unexpected<EvalError> failure(const Evaluated<Value>& failed) {
    return tl::unexpected<EvalError>(failed.error());
}

/// No value for what is absent, an optional for the rest.
Evaluated<Value> asOptional(Evaluated<Value> found) {
    if (found) return Value::optionalOf(std::move(*found));
    if (found.error().kind == EvalError::Kind::NoSuchField) return Value::optionalNone();
    return found;
}

/// Whether the value is, or holds, one of which a field may be asked; has() and `.?` of any other find nothing. A list
/// is one: to ask it for a field is an error.
bool hasFields(const Value& value) {
    return value.kind() == Kind::Map || value.kind() == Kind::List ||
           (value.kind() == Kind::Optional && value.hasValue() && hasFields(value.inner()));
}

/// Field of a map, or of what an optional holds; an optional answers with an optional. A field of null is absent, since
/// any part of an object may be.
Evaluated<Value> fieldOf(const Value& operand, const Node& node) {
    if (operand.kind() == Kind::Null) return noSuchKey(node.name);
    if (operand.kind() == Kind::Optional) {
        if (!operand.hasValue()) return operand;
        auto found = fieldOf(operand.inner(), node);
        return hasFields(operand) ? asOptional(std::move(found)) : found;
    }
    if (operand.kind() != Kind::Map) return noSuchOverload();
    auto found = operand.field(node.field);
    if (!found) return noSuchKey(node.name);
    return std::move(*found);
}

bool isMapKey(Kind kind) {
    return kind == Kind::String || kind == Kind::Int || kind == Kind::Uint || kind == Kind::Bool;
}

/// Adds an entry of a computed map.
Evaluated<void> addEntry(Value::Entries& entries, Value key, Value value, Meter& meter) {
    if (!isMapKey(key.kind())) return evalError("unsupported key type");
    if (!meter.charge(entries.size())) return costExceeded();
    for (const auto& entry : entries)
        if (equal(entry.first, key)) return evalError("Failed with repeated key");
    entries.emplace_back(std::move(key), std::move(value));
    return {};
}

}  // namespace

Evaluated<Value> Evaluator::step(const Node& node) {
    if (!meter_.charge(1)) return costExceeded();
    switch (node.op) {
        case Op::Constant:
        case Op::TypeName:
            return node.constant;
        case Op::Variable:
            return bindings_[node.slot];
        case Op::Local:
            return local(node);
        case Op::Unresolved:
            return evalError(node.name);
        case Op::Select:
            return select(node);
        case Op::Has:
            return has(node);
        case Op::OptionalSelect:
            return optionalSelect(node);
        case Op::OptionalIndex:
            return optionalIndex(node);
        case Op::List:
            return list(node);
        case Op::Map:
            return map(node);
        case Op::And:
            return logical(node, false);
        case Op::Or:
            return logical(node, true);
        case Op::Conditional:
            return conditional(node);
        case Op::Binary:
        case Op::Index:
            return binary(node);
        case Op::Call:
            return call(node);
        case Op::Comprehension:
            return comprehension(node);
        case Op::Not:
        case Op::Negate: {
            auto operand = run(*node.args[0]);
            if (!operand) return operand;
            if (node.op == Op::Negate) return negate(*operand);
            if (operand->kind() != Kind::Bool) return noSuchOverload();
            return Value::boolean(!operand->boolValue());
        }
    }
    return noSuchOverload();
}

/// `object.a.b` in one go, without a Value for each step. Missing where a step is not a field of a packed map: then the
/// long way tells why.
PackedView Evaluator::packedPath(const Node& node) const {
    switch (node.op) {
        case Op::Variable:
            return bindings_[node.slot].packedView();
        case Op::Local:
            return failedLocals_.empty() ? locals_[node.slot].packedView() : PackedView();
        case Op::Select:
            return packedPath(*node.args[0])[node.field];
        default:
            return {};
    }
}

Evaluated<Value> Evaluator::select(const Node& node) {
    if (auto found = packedPath(node)) return Value::packed(found);
    auto operand = run(*node.args[0]);
    if (!operand) return operand;
    return fieldOf(*operand, node);
}

Evaluated<Value> Evaluator::has(const Node& node) {
    auto operand = run(*node.args[0]);
    if (!operand) return operand;
    if (!hasFields(*operand)) return Value::boolean(false);
    auto found = fieldOf(*operand, node);
    if (found) return Value::boolean(operand->kind() != Kind::Optional || found->hasValue());
    if (found.error().kind == EvalError::Kind::NoSuchField) return Value::boolean(false);
    return found;
}

Evaluated<Value> Evaluator::optionalSelect(const Node& node) {
    auto operand = run(*node.args[0]);
    if (!operand) return operand;
    if (!hasFields(*operand)) return Value::optionalNone();
    auto found = fieldOf(*operand, node);
    return operand->kind() == Kind::Optional ? found : asOptional(std::move(found));
}

Evaluated<Value> Evaluator::optionalIndex(const Node& node) {
    auto operand = run(*node.args[0]);
    if (!operand) return operand;
    auto key = run(*node.args[1]);
    if (!key) return key;
    if (operand->kind() == Kind::Optional) {
        if (!operand->hasValue()) return operand;
        *operand = Value(operand->inner());
    }
    if (operand->kind() != Kind::List && operand->kind() != Kind::Map) return Value::optionalNone();
    return asOptional(index(*operand, *key));
}

Evaluated<Value> Evaluator::list(const Node& node) {
    Value::Items items;
    for (std::size_t i = 0; i < node.args.size(); ++i) {
        auto item = run(*node.args[i]);
        if (!item) return item;
        if (!node.optionalEntries[i])
            items.push_back(std::move(*item));
        else if (item->kind() != Kind::Optional)
            return noSuchOverload();
        else if (item->hasValue())
            items.push_back(item->inner());
    }
    return Value::list(std::move(items));
}

Evaluated<Value> Evaluator::map(const Node& node) {
    Value::Entries entries;
    for (std::size_t i = 0; i + 1 < node.args.size(); i += 2) {
        auto key = run(*node.args[i]);
        if (!key) return key;
        auto value = run(*node.args[i + 1]);
        if (!value) return value;
        if (node.optionalEntries[i / 2]) {
            if (value->kind() != Kind::Optional) return noSuchOverload();
            if (!value->hasValue()) continue;
            *value = Value(value->inner());
        }
        if (auto added = addEntry(entries, std::move(*key), std::move(*value), meter_); !added)
            return tl::unexpected<EvalError>(std::move(added.error()));
    }
    return Value::map(std::move(entries));
}

/// && (absorbing false) and || (absorbing true): one absorbing operand decides, whatever the others do.
Evaluated<Value> Evaluator::logical(const Node& node, bool absorbing) {
    std::optional<EvalError> firstError;
    for (const auto& arg : node.args) {
        auto operand = run(*arg);
        if (!operand) {
            if (!firstError || (firstError->kind == EvalError::Kind::NoSuchField))
                firstError = std::move(operand.error());
        } else if (operand->kind() != Kind::Bool) {
            firstError = EvalError{EvalError::Kind::Other, "no such overload"};
        } else if (operand->boolValue() == absorbing) {
            return Value::boolean(absorbing);
        }
    }
    if (firstError) return tl::unexpected<EvalError>(std::move(*firstError));
    return Value::boolean(!absorbing);
}

Evaluated<Value> Evaluator::conditional(const Node& node) {
    auto decides = run(*node.args[0]);
    if (!decides) return decides;
    if (decides->kind() != Kind::Bool) return noSuchOverload();
    return run(*node.args[decides->boolValue() ? 1 : 2]);
}

Evaluated<Value> Evaluator::binary(const Node& node) {
    auto left = run(*node.args[0]);
    if (!left) return left;
    auto right = run(*node.args[1]);
    if (!right) return right;
    if (node.op == Op::Binary) return applyBinary(node.binary, *left, *right, meter_);
    if (left->kind() != Kind::Optional) return index(*left, *right);
    return left->hasValue() ? asOptional(index(left->inner(), *right)) : left;
}

Evaluated<Value> Evaluator::call(const Node& node) {
    if (node.args.size() <= 4) {
        Value arguments[4];
        for (std::size_t i = 0; i < node.args.size(); ++i) {
            auto argument = run(*node.args[i]);
            if (!argument) return argument;
            arguments[i] = std::move(*argument);
            if (node.function->alternative && arguments[0].kind() == Kind::Optional && arguments[0].hasValue()) break;
        }
        if (node.regex && arguments[0].kind() == Kind::String) {
            if (!meter_.charge(arguments[0].text().size() / 8)) return costExceeded();
            return matchPattern(*node.regex, arguments[0].text());
        }
        return node.function->call(Arguments(arguments, node.args.size()), meter_);
    }
    std::vector<Value> arguments;
    for (const auto& arg : node.args) {
        auto argument = run(*arg);
        if (!argument) return argument;
        arguments.push_back(std::move(*argument));
    }
    return node.function->call(arguments, meter_);
}

Evaluated<Value> Evaluator::local(const Node& node) {
    for (const auto& [slot, error] : failedLocals_)
        if (slot == node.slot) return tl::unexpected<EvalError>(error);
    return locals_[node.slot];
}

void Evaluator::setLocals(const Node& node, Value first, Value second) {
    if (locals_.size() < node.slot + 2) locals_.resize(node.slot + 2);
    locals_[node.slot] = std::move(first);
    if (node.twoVariables) locals_[node.slot + 1] = std::move(second);
}

Evaluated<Value> Evaluator::comprehension(const Node& node) {
    if (node.macro == Macro::Bind) return bind(node);
    auto range = run(*node.args[0]);
    if (!range) return range;
    bool optional = node.macro == Macro::OptMap || node.macro == Macro::OptFlatMap;
    if (optional ? range->kind() != Kind::Optional : range->kind() != Kind::List && range->kind() != Kind::Map)
        return noSuchOverload();
    switch (node.macro) {
        case Macro::All:
            return quantifier(node, *range, false);
        case Macro::Exists:
            return quantifier(node, *range, true);
        case Macro::ExistsOne:
            return existsOne(node, *range);
        case Macro::OptMap:
        case Macro::OptFlatMap:
            return optionalTransform(node, *range);
        case Macro::TransformMap:
        case Macro::TransformMapEntry:
            return transformMap(node, *range);
        case Macro::SortBy:
            return sortBy(node, *range);
        default:
            return transform(node, *range);
    }
}

Evaluated<bool> Evaluator::condition(const Node& body) {
    auto value = run(body);
    if (!value) return failure(value);
    if (value->kind() != Kind::Bool) return noSuchOverload();
    return value->boolValue();
}

template <class Visit>
Evaluated<void> Evaluator::eachEntry(const Node& node, const Value& range, Visit visit) {
    bool keys = range.kind() == Kind::Map || node.twoVariables;
    Evaluated<void> result;
    bool more = true;
    range.forEach([&](Value key, Value element) {
        if (!more) return;
        if (keys)
            setLocals(node, std::move(key), std::move(element));
        else
            setLocals(node, std::move(element), {});
        Evaluated<bool> visited = visit();
        if (meter_.spent()) visited = costExceeded();
        if (!visited) result = tl::unexpected<EvalError>(std::move(visited.error()));
        more = visited && *visited;
    });
    return result;
}

Evaluated<Value> Evaluator::quantifier(const Node& node, const Value& range, bool absorbing) {
    std::optional<EvalError> firstError;
    bool decided = false;
    auto visited = eachEntry(node, range, [&]() -> Evaluated<bool> {
        auto holds = condition(*node.args[1]);
        if (!holds && !firstError) firstError = std::move(holds.error());
        decided = holds && *holds == absorbing;
        return !decided;
    });
    if (!visited) return tl::unexpected<EvalError>(std::move(visited.error()));
    if (decided) return Value::boolean(absorbing);
    if (firstError) return tl::unexpected<EvalError>(std::move(*firstError));
    return Value::boolean(!absorbing);
}

Evaluated<Value> Evaluator::existsOne(const Node& node, const Value& range) {
    std::size_t count = 0;
    auto visited = eachEntry(node, range, [&]() -> Evaluated<bool> {
        auto holds = condition(*node.args[1]);
        if (!holds) return holds;
        count += *holds;
        return true;
    });
    if (!visited) return tl::unexpected<EvalError>(std::move(visited.error()));
    return Value::boolean(count == 1);
}

Evaluated<Value> Evaluator::transform(const Node& node, const Value& range) {
    Value::Items results;
    bool filter = node.macro == Macro::Filter;
    auto visited = eachEntry(node, range, [&]() -> Evaluated<bool> {
        if (filter || node.filtered) {
            auto kept = condition(*node.args[1]);
            if (!kept) return kept;
            if (!*kept) return true;
        }
        auto result = filter ? Evaluated<Value>(locals_[node.slot]) : run(*node.args[node.filtered ? 2 : 1]);
        if (!result) return failure(result);
        results.push_back(std::move(*result));
        return true;
    });
    if (!visited) return tl::unexpected<EvalError>(std::move(visited.error()));
    return Value::list(std::move(results));
}

Evaluated<Value> Evaluator::transformMap(const Node& node, const Value& range) {
    Value::Entries entries;
    auto visited = eachEntry(node, range, [&]() -> Evaluated<bool> {
        if (node.filtered) {
            auto kept = condition(*node.args[1]);
            if (!kept || !*kept) return kept ? Evaluated<bool>(true) : kept;
        }
        auto key = locals_[node.slot];
        auto result = run(*node.args[node.filtered ? 2 : 1]);
        if (!result) return failure(result);
        if (node.macro == Macro::TransformMap) {
            entries.emplace_back(std::move(key), std::move(*result));
            return true;
        }
        if (result->kind() != Kind::Map) return noSuchOverload();
        Evaluated<void> added;
        result->forEach([&](const Value& name, const Value& value) {
            if (added) added = addEntry(entries, name, value, meter_);
        });
        if (!added) return tl::unexpected<EvalError>(std::move(added.error()));
        return true;
    });
    if (!visited) return tl::unexpected<EvalError>(std::move(visited.error()));
    return Value::map(std::move(entries));
}

Evaluated<Value> Evaluator::sortBy(const Node& node, const Value& range) {
    if (range.kind() != Kind::List) return noSuchOverload();
    std::vector<std::pair<Value, Value>> keyed;
    auto visited = eachEntry(node, range, [&]() -> Evaluated<bool> {
        auto item = locals_[node.slot];
        auto key = run(*node.args[1]);
        if (!key) return failure(key);
        keyed.emplace_back(std::move(*key), std::move(item));
        return true;
    });
    if (!visited) return tl::unexpected<EvalError>(std::move(visited.error()));
    return sortedByKeys(std::move(keyed), meter_);
}

Evaluated<Value> Evaluator::optionalTransform(const Node& node, const Value& optional) {
    if (!optional.hasValue()) return optional;
    setLocals(node, optional.inner(), {});
    auto result = run(*node.args[1]);
    if (!result) return result;
    if (node.macro == Macro::OptMap) return Value::optionalOf(std::move(*result));
    return result->kind() == Kind::Optional ? result : Evaluated<Value>(noSuchOverload());
}

/// The value is computed once; where that fails, only an expression that reads it fails.
Evaluated<Value> Evaluator::bind(const Node& node) {
    auto value = run(*node.args[0]);
    setLocals(node, value ? *value : Value(), {});
    if (!value) failedLocals_.emplace_back(node.slot, std::move(value.error()));
    auto result = run(*node.args[1]);
    if (!value) failedLocals_.pop_back();
    return result;
}

}  // namespace klaw::rules::cel
