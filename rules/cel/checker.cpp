#include "rules/cel/checker.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "rules/cel/functions.hpp"
#include "rules/cel/inference.hpp"
#include "rules/cel/sample_value.hpp"
#include "rules/cel/signatures.hpp"
#include "rules/cel/unknown_field.hpp"

namespace klaw::rules::cel {
namespace {

/// Thrown inside the checker only.
struct TypeError {
    Error error;
};

[[noreturn]] void refuse(const Node& node, std::string message) {
    throw TypeError{Error(ErrorCode::InvalidArgument, std::move(message), node.at.toString())};
}

class Checker {
public:
    explicit Checker(const std::vector<Type>& variables) : variables_(variables) {}

    Type whole(Node& root, const std::optional<Type>& wanted) {
        auto type = check(root);
        if (wanted && !types_.fits(type, *wanted)) expected(root, *wanted, type);
        return types_.settled(type);
    }

private:
    /// A type that grows out of hand, as of `cel.bind(x, [x, x], …)` many times over, is taken for dyn.
    Type check(Node& node) {
        auto type = typeOf(node);
        if (type.size() > maxTypeSize) type = Type();
        if (formats_ > 0) formatted_[&node] = type;
        return type;
    }

    Type typeOf(Node& node) {
        switch (node.op) {
            case Op::Variable:
            case Op::Local:
                return typeOfName(node);
            case Op::Constant:
            case Op::TypeName:
                return node.constant.kind();
            case Op::And:
            case Op::Or:
                return logical(node);
            case Op::Not:
                return called(node, "!_");
            case Op::Negate:
                return called(node, "-_");
            case Op::Conditional:
                return called(node, "_?_:_");
            case Op::Binary:
                return binary(node);
            case Op::Index:
                return indexed(node, "_[_]");
            case Op::OptionalIndex:
                return indexed(node, "_[?_]");
            case Op::Call:
                return call(node);
            case Op::Comprehension:
                return comprehension(node);
            case Op::List:
                return list(node);
            case Op::Map:
                return map(node);
            case Op::Select:
                return selected(node);
            case Op::Has:
                return selected(node), Kind::Bool;
            case Op::OptionalSelect:
                return asOptional(selected(node));
            case Op::Unresolved:
                return {};
        }
        return {};
    }

    std::vector<Type> checkAll(Node& node) {
        std::vector<Type> all;
        for (auto& arg : node.args) all.push_back(check(*arg));
        return all;
    }

    void expect(const Node& node, const Type& wanted, const Type& found) {
        if (!types_.fits(found, wanted)) expected(node, wanted, found);
    }
    [[noreturn]] void expected(const Node& node, const Type& wanted, const Type& found) {
        refuse(node, "expected type '" + types_.settled(wanted).text() + "' but found '" +
                         types_.settled(found).text() + "'");
    }

    Type logical(Node& node) {
        const auto* name = node.op == Op::And ? "_&&_" : "_||_";
        auto all = checkAll(node);
        for (const auto& type : all)
            if (!types_.fits(type, Kind::Bool)) noOverload(node, name, all, false);
        return Kind::Bool;
    }

    Type binary(Node& node) {
        auto sides = checkAll(node);
        if (node.binary == BinaryOp::In) return overload(node, "@in", sides);
        bool equality = node.binary == BinaryOp::Equal || node.binary == BinaryOp::NotEqual;
        if (equality && sides[0].isNumber() && sides[1].isNumber() && hasVariable(node)) return Kind::Bool;
        return overload(node, "_" + std::string(symbolOf(node.binary)) + "_", sides);
    }

    /// A value of a metric is compared with whole numbers as well.
    static bool hasVariable(const Node& node) {
        return node.args[0]->op == Op::Variable || node.args[1]->op == Op::Variable;
    }

    Type indexed(Node& node, std::string_view name) {
        auto sides = checkAll(node);
        const auto& key = *node.args[1];
        bool named = key.op == Op::Constant && key.constant.kind() == Kind::String;
        if (named && unwrapped(sides[0]).isObject()) {
            auto field = fieldOrRefuse(node, key.constant.text(), unwrapped(sides[0]));
            return node.op == Op::OptionalIndex || sides[0].is(Kind::Optional) ? asOptional(field) : field;
        }
        return overload(node, name, sides);
    }

    Type called(Node& node, std::string_view name) { return overload(node, name, checkAll(node)); }

    Type call(Node& node) {
        bool format = isWrittenFormat(node);
        formats_ += format;
        auto arguments = checkAll(node);
        formats_ -= format;
        if (format) formattable(node);
        if ((node.name == "timestamp" || node.name == "duration") && node.args[0]->op == Op::Constant) readable(node);
        if (node.name == "matches" && isText(*node.args[1])) node.regex = pattern(*node.args[1]);
        bool picksNumber = node.name == "math.greatest" || node.name == "math.least";
        if (picksNumber && arguments.size() > 2) arguments = {listOf(arguments)};
        return overload(node, (node.receiver ? "." : "") + node.name, arguments);
    }

    static bool isText(const Node& node) { return node.op == Op::Constant && node.constant.kind() == Kind::String; }

    /// A time that is written out can be read.
    static void readable(const Node& node) {
        Meter meter;
        auto read = node.function->call(Arguments(&node.args[0]->constant, 1), meter);
        if (!read) refuse(*node.args[0], read.error().message);
    }

    /// `'%d'.format([x])`
    static bool isWrittenFormat(const Node& node) {
        return node.receiver && node.name == "format" && isText(*node.args[0]) && node.args[1]->op == Op::List;
    }

    /// A format that is written out can be filled with values of these types, and uses all of them.
    void formattable(const Node& node) {
        Value::Items samples;
        for (const auto& argument : node.args[1]->args) samples.push_back(sampleOf(*argument));
        auto fill = [&] {
            Meter meter;
            return node.function->call(std::array{node.args[0]->constant, Value::list(samples)}, meter);
        };
        if (auto filled = fill(); !filled) refuse(node, filled.error().message);
        if (samples.empty()) return;
        samples.pop_back();
        if (fill()) refuse(node, "too many arguments supplied to string.format");
    }

    Value sampleOf(const Node& node) {
        if (node.op != Op::List && node.op != Op::Map) return sampleValue(types_.settled(formatted_.at(&node)));
        Value::Items parts;
        for (const auto& part : node.args) parts.push_back(sampleOf(*part));
        if (node.op == Op::List) return Value::list(std::move(parts));
        return Value::map({{Value::string("parts"), Value::list(std::move(parts))}});
    }

    static std::shared_ptr<const re2::RE2> pattern(const Node& text) {
        auto compiled = compilePattern(text.constant.text());
        if (!compiled) refuse(text, compiled.error().message);
        return std::move(*compiled);
    }

    /// The result for these arguments: dyn where several signatures fit and disagree.
    Type overload(const Node& node, std::string_view name, const std::vector<Type>& arguments) {
        std::optional<Type> result;
        for (const auto& signature : signaturesOf(name)) {
            if (signature.types.size() != arguments.size() + 1) continue;
            auto instance = types_.instantiated(signature.types);
            if (!types_.fit(arguments, std::span(instance).subspan(1))) continue;
            auto given = types_.resolved(instance[0]);
            if (!result)
                result = std::move(given);
            else if (*result != given)
                result = Type();
        }
        if (!result) noOverload(node, node.receiver ? name.substr(1) : name, arguments, node.receiver);
        return *result;
    }

    [[noreturn]] void noOverload(const Node& node, std::string_view name, const std::vector<Type>& arguments,
                                 bool receiver) {
        std::string applied;
        for (std::size_t i = receiver ? 1 : 0; i < arguments.size(); ++i)
            applied += (applied.empty() ? "" : ", ") + types_.settled(arguments[i]).text();
        auto before = receiver ? types_.settled(arguments[0]).text() + "." : std::string();
        refuse(node, "found no matching overload for '" + std::string(name) + "' applied to '" + before + "(" +
                         applied + ")'");
    }

    Type list(Node& node) {
        auto elements = checkAll(node);
        for (std::size_t i = 0; i < elements.size(); ++i)
            if (node.optionalEntries[i]) elements[i] = optionalEntry(*node.args[i], elements[i]);
        return listOf(elements);
    }

    Type listOf(const std::vector<Type>& elements) { return Type::list(common(elements)); }

    Type common(const std::vector<Type>& types) {
        if (types.empty()) return types_.fresh();
        auto all = types.front();
        for (const auto& type : types) all = types_.joined(all, type);
        return all;
    }

    Type map(Node& node) {
        std::vector<Type> keys, values;
        for (std::size_t i = 0; i < node.args.size(); i += 2) {
            keys.push_back(check(*node.args[i]));
            auto value = check(*node.args[i + 1]);
            values.push_back(node.optionalEntries[i / 2] ? optionalEntry(*node.args[i + 1], value) : value);
        }
        return Type::map(common(keys), common(values));
    }

    /// What `[?x]` puts into the list.
    Type optionalEntry(const Node& node, const Type& type) {
        if (type.is(Kind::Optional)) return type.of[0];
        if (!type.isDyn()) expected(node, Type::optional(type), type);
        return type;
    }

    static const Type& unwrapped(const Type& type) { return type.is(Kind::Optional) ? type.of[0] : type; }
    static Type asOptional(Type type) { return type.is(Kind::Optional) ? type : Type::optional(std::move(type)); }

    /// What `operand.field` is: an optional of it where the operand is an optional.
    Type selected(Node& node) {
        auto operand = types_.resolved(check(*node.args[0]));
        auto field = fieldOfAny(node, unwrapped(operand));
        return operand.is(Kind::Optional) ? Type::optional(field) : field;
    }

    Type fieldOfAny(const Node& node, const Type& operand) {
        if (operand.isObject()) return fieldOrRefuse(node, node.name, operand);
        if (operand.is(Kind::Map)) return operand.of[1];
        if (operand.isVariable()) types_.fits(Type(), operand);
        if (operand.form == Type::Form::Known)
            refuse(node, "type '" + types_.settled(operand).text() + "' does not support field selection");
        return {};
    }

    Type fieldOrRefuse(const Node& node, std::string_view field, const Type& operand) {
        if (auto type = fieldOf(operand, field)) return *type;
        const auto& root = *fieldPath(node).root;
        throw TypeError{unknownField(node, operand, typeOfName(root))};
    }

    /// Of a variable or local; dyn for everything else.
    Type typeOfName(const Node& node) const {
        if (node.op == Op::Local) return locals_[node.slot];
        return node.op == Op::Variable && node.slot < variables_.size() ? variables_[node.slot] : Type();
    }

    Type comprehension(Node& node) {
        auto range = types_.resolved(check(*node.args[0]));
        if (locals_.size() < node.slot + 2) locals_.resize(node.slot + 2);
        auto& first = locals_[node.slot];
        switch (node.macro) {
            case Macro::Bind:
                first = range;
                return check(*node.args[1]);
            case Macro::OptMap:
                first = overload(*node.args[0], ".value", {range});
                return Type::optional(check(*node.args[1]));
            case Macro::OptFlatMap:
                first = overload(*node.args[0], ".value", {range});
                return overload(node, "_?_:_", {Kind::Bool, check(*node.args[1]), Type::optional(types_.fresh())});
            default:
                iterate(node, range);
                return overElements(node, range);
        }
    }

    /// Gives the variables of the macro their types.
    void iterate(const Node& node, const Type& range) {
        Type key, value;
        if (range.is(Kind::List)) {
            key = Kind::Int, value = range.of[0];
        } else if (range.is(Kind::Map)) {
            key = range.of[0], value = range.of[1];
        } else if (range.isObject()) {
            key = Kind::String;
        } else if (range.isVariable()) {
            types_.fits(Type(), range);
        } else if (!range.isDyn()) {
            refuse(*node.args[0], "expression of type '" + types_.settled(range).text() +
                                      "' cannot be range of a comprehension (must be list, map, or dynamic)");
        }
        locals_[node.slot] = node.twoVariables || !range.is(Kind::List) ? key : value;
        locals_[node.slot + 1] = value;
    }

    Type overElements(Node& node, const Type& range) {
        std::vector<Type> bodies;
        for (std::size_t i = 1; i < node.args.size(); ++i) bodies.push_back(check(*node.args[i]));
        if (node.filtered) expect(*node.args[1], Kind::Bool, bodies.front());
        const auto& result = bodies.back();
        const auto& last = *node.args.back();
        switch (node.macro) {
            case Macro::All:
            case Macro::Exists:
            case Macro::ExistsOne:
                expect(last, Kind::Bool, result);
                return Kind::Bool;
            case Macro::Filter:
                expect(last, Kind::Bool, result);
                return Type::list(locals_[node.slot]);
            case Macro::SortBy:
                return overload(node, "@sortBy", {range, Type::list(result)});
            case Macro::TransformMap:
                return overload(node, "@insert",
                                {Type(Type::map(types_.fresh(), types_.fresh())), locals_[node.slot], result});
            case Macro::TransformMapEntry:
                return overload(last, "@insert", {Type(Type::map(types_.fresh(), types_.fresh())), result});
            default:
                return Type::list(result);
        }
    }

    static constexpr std::size_t maxTypeSize = 500;
    const std::vector<Type>& variables_;
    std::vector<Type> locals_;
    Inference types_;
    int formats_ = 0;                        ///< how many written formats stand around the node
    std::map<const Node*, Type> formatted_;  ///< what stands in them
};

}  // namespace

Result<Type> check(Node& root, const std::vector<Type>& variables, const std::optional<Type>& wanted) {
    try {
        return Checker(variables).whole(root, wanted);
    } catch (TypeError& refused) {
        return fail(std::move(refused.error));
    }
}

}  // namespace klaw::rules::cel
