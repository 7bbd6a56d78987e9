#include "rules/cel/checker.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "rules/cel/functions.hpp"

namespace klaw::rules::cel {
namespace {

/// Nothing when the type is known at run time only.
using Type = std::optional<Kind>;

struct ResultRow {
    std::string_view function;
    Kind result;
};
constexpr std::array<ResultRow, 24> results{
    {{"int", Kind::Int},           {"uint", Kind::Uint},         {"double", Kind::Double},
     {"string", Kind::String},     {"bytes", Kind::Bytes},       {"bool", Kind::Bool},
     {"type", Kind::Type},         {"size", Kind::Int},          {"timestamp", Kind::Timestamp},
     {"duration", Kind::Duration}, {"contains", Kind::Bool},     {"startsWith", Kind::Bool},
     {"endsWith", Kind::Bool},     {"matches", Kind::Bool},      {"hasValue", Kind::Bool},
     {"isSorted", Kind::Bool},     {"lowerAscii", Kind::String}, {"upperAscii", Kind::String},
     {"replace", Kind::String},    {"substring", Kind::String},  {"trim", Kind::String},
     {"join", Kind::String},       {"split", Kind::List},        {"getHours", Kind::Int}}};
constexpr std::array<std::string_view, 9> stringMethods{"contains",   "startsWith", "endsWith", "matches", "lowerAscii",
                                                        "upperAscii", "substring",  "split",    "trim"};

std::string nameOf(Type type) {
    return type ? std::string(typeName(*type)) : "dyn";
}

bool isTime(Kind kind) {
    return kind == Kind::Timestamp || kind == Kind::Duration;
}
bool isNumber(Kind kind) {
    return kind == Kind::Int || kind == Kind::Uint || kind == Kind::Double;
}

/// Thrown inside the checker only.
struct TypeError {
    Error error;
};

class Checker {
public:
    explicit Checker(const std::vector<Type>& types) : types_(types) {}

    Type check(Node& node) {
        switch (node.op) {
            case Op::Variable:
                return node.slot < types_.size() ? types_[node.slot] : std::nullopt;
            case Op::Constant:
            case Op::TypeName:
                return node.constant.kind();
            case Op::And:
            case Op::Or:
                return logical(node);
            case Op::Not:
                return operandOf(node, "!_", Kind::Bool);
            case Op::Negate:
                return negate(node);
            case Op::Conditional:
                return conditional(node);
            case Op::Binary:
                return binary(node);
            case Op::Call:
                return call(node);
            case Op::Comprehension:
                return comprehension(node);
            case Op::List:
                return checkAll(node), Kind::List;
            case Op::Map:
                return checkAll(node), Kind::Map;
            case Op::Has:
                return checkAll(node), Kind::Bool;
            case Op::OptionalSelect:
            case Op::OptionalIndex:
                return checkAll(node), Kind::Optional;
            default:
                return checkAll(node), std::nullopt;
        }
    }

private:
    void checkAll(Node& node) {
        for (auto& arg : node.args) check(*arg);
    }

    [[noreturn]] static void refuse(const Node& node, std::string message) {
        throw TypeError{Error(ErrorCode::InvalidArgument, std::move(message), node.at.toString())};
    }
    [[noreturn]] static void noOverload(const Node& node, std::string_view function,
                                        std::initializer_list<Type> types) {
        std::string applied;
        for (auto type : types) applied += (applied.empty() ? "" : ", ") + nameOf(type);
        refuse(node, "found no matching overload for '" + std::string(function) + "' applied to '(" + applied + ")'");
    }

    Type logical(Node& node) {
        const auto* name = node.op == Op::And ? "_&&_" : "_||_";
        Type left = check(*node.args[0]);
        for (std::size_t i = 1; i < node.args.size(); ++i) {
            Type right = check(*node.args[i]);
            if ((left && *left != Kind::Bool) || (right && *right != Kind::Bool)) noOverload(node, name, {left, right});
            left = Kind::Bool;
        }
        return Kind::Bool;
    }

    Type operandOf(Node& node, std::string_view name, Kind wanted) {
        Type type = check(*node.args[0]);
        if (type && *type != wanted) noOverload(node, name, {type});
        return wanted;
    }

    Type negate(Node& node) {
        Type type = check(*node.args[0]);
        if (type && *type != Kind::Int && *type != Kind::Double) noOverload(node, "-_", {type});
        return type;
    }

    Type conditional(Node& node) {
        Type condition = check(*node.args[0]), yes = check(*node.args[1]), no = check(*node.args[2]);
        if (condition && *condition != Kind::Bool) noOverload(node, "_?_:_", {condition, yes, no});
        return yes == no ? yes : std::nullopt;
    }

    Type binary(Node& node) {
        Type left = check(*node.args[0]), right = check(*node.args[1]);
        auto name = "_" + std::string(symbolOf(node.binary)) + "_";
        switch (node.binary) {
            case BinaryOp::In:
                if (right && *right != Kind::List && *right != Kind::Map) noOverload(node, "@in", {left, right});
                return Kind::Bool;
            case BinaryOp::Equal:
            case BinaryOp::NotEqual:
                if (left && right && *left != *right && *left != Kind::Null && *right != Kind::Null &&
                    !(isNumber(*left) && isNumber(*right) && hasVariable(node)))
                    noOverload(node, name, {left, right});
                return Kind::Bool;
            case BinaryOp::Less:
            case BinaryOp::LessEqual:
            case BinaryOp::Greater:
            case BinaryOp::GreaterEqual:
                if (left && right && *left != *right && !(isNumber(*left) && isNumber(*right)))
                    noOverload(node, name, {left, right});
                return Kind::Bool;
            default:
                return arithmetic(node, name, left, right);
        }
    }

    /// A value of a metric is compared with whole numbers as well.
    static bool hasVariable(const Node& node) {
        return node.args[0]->op == Op::Variable || node.args[1]->op == Op::Variable;
    }

    static Type arithmetic(const Node& node, std::string_view name, Type left, Type right) {
        for (Type type : {left, right})
            if (type && (*type == Kind::Bool || *type == Kind::Map || *type == Kind::Null))
                noOverload(node, name, {left, right});
        if (!left || !right) return std::nullopt;
        if (isTime(*left) && isTime(*right)) return std::nullopt;
        if (*left != *right) noOverload(node, name, {left, right});
        bool joins = *left == Kind::String || *left == Kind::Bytes || *left == Kind::List;
        if (joins && node.binary != BinaryOp::Add) noOverload(node, name, {left, right});
        return left;
    }

    Type call(Node& node) {
        std::vector<Type> types;
        for (auto& arg : node.args) types.push_back(check(*arg));
        bool ofString =
            node.receiver && std::find(stringMethods.begin(), stringMethods.end(), node.name) != stringMethods.end();
        if (ofString && types[0] && *types[0] != Kind::String)
            refuse(node, "found no matching overload for '" + node.name + "' applied to '" + nameOf(types[0]) + ".(" +
                             (types.size() > 1 ? nameOf(types[1]) : "") + ")'");
        if ((node.name == "timestamp" || node.name == "duration") && node.args[0]->op == Op::Constant) readable(node);
        if (node.name == "matches" && node.args[1]->op == Op::Constant && types[1] == Kind::String)
            node.regex = pattern(*node.args[1]);
        for (const auto& row : results)
            if (row.function == node.name) return row.result;
        return std::nullopt;
    }

    /// A time that is written out can be read.
    static void readable(const Node& node) {
        Meter meter;
        auto read = node.function->call(Arguments(&node.args[0]->constant, 1), meter);
        if (!read) refuse(*node.args[0], read.error().message);
    }

    static std::shared_ptr<const re2::RE2> pattern(const Node& text) {
        auto compiled = compilePattern(text.constant.text());
        if (!compiled) refuse(text, compiled.error().message);
        return std::move(*compiled);
    }

    Type comprehension(Node& node) {
        Type range = check(*node.args[0]);
        bool optional = node.macro == Macro::OptMap || node.macro == Macro::OptFlatMap;
        if (node.macro == Macro::Bind) return check(*node.args[1]);
        if (range && !optional && *range != Kind::List && *range != Kind::Map)
            refuse(node, "expression of type '" + nameOf(range) +
                             "' cannot be range of a comprehension (must be list, map, or dynamic)");
        for (std::size_t i = 1; i < node.args.size(); ++i) {
            Type body = check(*node.args[i]);
            bool isCondition =
                (node.filtered && i == 1) || resultOf(node.macro) == Kind::Bool || node.macro == Macro::Filter;
            if (isCondition && body && *body != Kind::Bool)
                refuse(*node.args[i], "expected type 'bool' but found '" + nameOf(body) + "'");
        }
        return resultOf(node.macro);
    }

    static Kind resultOf(Macro macro) {
        switch (macro) {
            case Macro::All:
            case Macro::Exists:
            case Macro::ExistsOne:
                return Kind::Bool;
            case Macro::OptMap:
            case Macro::OptFlatMap:
                return Kind::Optional;
            case Macro::TransformMap:
            case Macro::TransformMapEntry:
                return Kind::Map;
            default:
                return Kind::List;
        }
    }

    const std::vector<Type>& types_;
};

}  // namespace

Result<void> check(Node& root, const std::vector<std::optional<Kind>>& types, std::optional<Kind> wanted) {
    try {
        auto type = Checker(types).check(root);
        if (wanted && type && type != wanted)
            return fail(ErrorCode::InvalidArgument,
                        "expected type '" + nameOf(wanted) + "' but found '" + nameOf(type) + "'", root.at.toString());
        return {};
    } catch (TypeError& refused) {
        return fail(std::move(refused.error));
    }
}

}  // namespace klaw::rules::cel
