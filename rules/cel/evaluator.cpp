#include "rules/cel/evaluator.hpp"

#include "rules/cel/operators.hpp"

namespace klaw::rules::cel {
namespace {

tl::unexpected<EvalError> costExceeded() {
    return evalError("operation cancelled: actual cost limit exceeded");
}

tl::unexpected<EvalError> failure(const Evaluated<Value>& failed) {
    return tl::unexpected<EvalError>(failed.error());
}

/// Field of a map, or of what an optional holds; an optional answers with an optional.
Evaluated<Value> fieldOf(const Value& operand, const Node& node) {
    if (operand.kind() == Kind::Optional) {
        if (!operand.hasValue()) return operand;
        auto inner = fieldOf(operand.inner(), node);
        if (!inner)
            return inner.error().kind == EvalError::Kind::NoSuchField ? Evaluated<Value>(Value::optionalNone()) : inner;
        return Value::optionalOf(std::move(*inner));
    }
    if (operand.kind() != Kind::Map)
        return operand.kind() == Kind::Null ? Evaluated<Value>(noSuchKey(node.name))
                                            : Evaluated<Value>(noSuchOverload());
    auto found = operand.field(node.field);
    if (!found) return noSuchKey(node.name);
    return std::move(*found);
}

/// The values a comprehension runs over: elements of a list, keys of a map.
Value::Items itemsOf(const Value& range) {
    Value::Items items;
    range.forEach(
        [&](const Value& key, const Value& element) { items.push_back(range.kind() == Kind::List ? element : key); });
    return items;
}

}  // namespace

Evaluated<Value> Evaluator::run(const Node& node) {
    if (!meter_.charge(1)) return costExceeded();
    switch (node.op) {
        case Op::Constant:
        case Op::TypeName:
            return node.constant;
        case Op::Variable:
            return bindings_[node.slot];
        case Op::Local:
            return locals_[node.slot];
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

Evaluated<Value> Evaluator::select(const Node& node) {
    auto operand = run(*node.args[0]);
    if (!operand) return operand;
    return fieldOf(*operand, node);
}

Evaluated<Value> Evaluator::has(const Node& node) {
    auto operand = run(*node.args[0]);
    if (!operand) return operand;
    auto found = fieldOf(*operand, node);
    if (found) return Value::boolean(found->kind() != Kind::Optional || found->hasValue());
    if (found.error().kind == EvalError::Kind::NoSuchField) return Value::boolean(false);
    return found;
}

Evaluated<Value> Evaluator::optionalSelect(const Node& node) {
    auto operand = run(*node.args[0]);
    if (!operand) return operand;
    auto found = fieldOf(*operand, node);
    if (!found)
        return found.error().kind == EvalError::Kind::NoSuchField ? Evaluated<Value>(Value::optionalNone()) : found;
    return operand->kind() == Kind::Optional ? found : Evaluated<Value>(Value::optionalOf(std::move(*found)));
}

Evaluated<Value> Evaluator::optionalIndex(const Node& node) {
    auto operand = run(*node.args[0]);
    if (!operand) return operand;
    auto key = run(*node.args[1]);
    if (!key) return key;
    if (operand->kind() == Kind::Optional && !operand->hasValue()) return operand;
    auto found = index(operand->kind() == Kind::Optional ? operand->inner() : *operand, *key);
    if (!found)
        return found.error().kind == EvalError::Kind::NoSuchField ? Evaluated<Value>(Value::optionalNone()) : found;
    return Value::optionalOf(std::move(*found));
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
        auto kind = key->kind();
        if (kind != Kind::String && kind != Kind::Int && kind != Kind::Uint && kind != Kind::Bool)
            return evalError("unsupported key type");
        for (const auto& entry : entries)
            if (equal(entry.first, *key)) return evalError("Failed with repeated key");
        if (!meter_.charge(entries.size())) return costExceeded();
        if (!node.optionalEntries[i / 2])
            entries.emplace_back(std::move(*key), std::move(*value));
        else if (value->kind() != Kind::Optional)
            return noSuchOverload();
        else if (value->hasValue())
            entries.emplace_back(std::move(*key), value->inner());
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
    if (!left->hasValue()) return left;
    auto found = index(left->inner(), *right);
    if (!found)
        return found.error().kind == EvalError::Kind::NoSuchField ? Evaluated<Value>(Value::optionalNone()) : found;
    return Value::optionalOf(std::move(*found));
}

Evaluated<Value> Evaluator::call(const Node& node) {
    if (node.args.size() <= 4) {
        Value arguments[4];
        for (std::size_t i = 0; i < node.args.size(); ++i) {
            auto argument = run(*node.args[i]);
            if (!argument) return argument;
            arguments[i] = std::move(*argument);
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

Evaluated<Value> Evaluator::comprehension(const Node& node) {
    auto range = run(*node.args[0]);
    if (!range) return range;
    bool optional = node.macro == Macro::OptMap || node.macro == Macro::OptFlatMap;
    if (optional ? range->kind() != Kind::Optional : range->kind() != Kind::List && range->kind() != Kind::Map)
        return noSuchOverload();
    locals_.resize(node.slot + 1);
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

Evaluated<Value> Evaluator::quantifier(const Node& node, const Value& range, bool absorbing) {
    std::optional<EvalError> firstError;
    for (auto& item : itemsOf(range)) {
        locals_[node.slot] = std::move(item);
        auto holds = condition(*node.args[1]);
        locals_.resize(node.slot + 1);
        if (meter_.spent()) return costExceeded();
        if (!holds) {
            if (!firstError) firstError = std::move(holds.error());
        } else if (*holds == absorbing) {
            return Value::boolean(absorbing);
        }
    }
    if (firstError) return tl::unexpected<EvalError>(std::move(*firstError));
    return Value::boolean(!absorbing);
}

Evaluated<Value> Evaluator::existsOne(const Node& node, const Value& range) {
    std::size_t count = 0;
    for (auto& item : itemsOf(range)) {
        locals_[node.slot] = std::move(item);
        auto holds = condition(*node.args[1]);
        locals_.resize(node.slot + 1);
        if (!holds) return tl::unexpected<EvalError>(std::move(holds.error()));
        if (*holds) ++count;
    }
    return Value::boolean(count == 1);
}

Evaluated<Value> Evaluator::transform(const Node& node, const Value& range) {
    Value::Items results;
    for (auto& item : itemsOf(range)) {
        locals_[node.slot] = item;
        if (node.macro != Macro::Map) {
            auto kept = condition(*node.args[1]);
            locals_.resize(node.slot + 1);
            if (!kept) return tl::unexpected<EvalError>(std::move(kept.error()));
            if (!*kept) continue;
        }
        if (node.macro == Macro::Filter) {
            results.push_back(std::move(item));
            continue;
        }
        auto result = run(*node.args[node.macro == Macro::Map ? 1 : 2]);
        locals_.resize(node.slot + 1);
        if (!result) return result;
        results.push_back(std::move(*result));
    }
    return Value::list(std::move(results));
}

Evaluated<Value> Evaluator::optionalTransform(const Node& node, const Value& optional) {
    if (!optional.hasValue()) return optional;
    locals_[node.slot] = optional.inner();
    auto result = run(*node.args[1]);
    if (!result || node.macro == Macro::OptFlatMap) return result;
    return Value::optionalOf(std::move(*result));
}

}  // namespace klaw::rules::cel
