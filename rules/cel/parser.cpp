#include "rules/cel/parser.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "rules/cel/functions.hpp"

namespace klaw::rules::cel {
namespace {

constexpr std::size_t maxBytes = 100'000;
constexpr int maxDepth = 250;

constexpr std::array<std::string_view, 16> reservedWords{"as",        "break",  "const",  "continue", "else", "for",
                                                         "function",  "if",     "import", "let",      "loop", "package",
                                                         "namespace", "return", "var",    "void"};
constexpr std::array<std::string_view, 13> typeNames{"bool",
                                                     "bytes",
                                                     "double",
                                                     "int",
                                                     "list",
                                                     "map",
                                                     "null_type",
                                                     "string",
                                                     "type",
                                                     "uint",
                                                     "optional_type",
                                                     "google.protobuf.Timestamp",
                                                     "google.protobuf.Duration"};

struct MacroRow {
    std::string_view name;
    Macro macro;
    std::size_t variables;
    std::size_t minBodies;
    std::size_t maxBodies;
};
constexpr std::array<MacroRow, 16> receiverMacros{{{"all", Macro::All, 1, 1, 1},
                                                   {"exists", Macro::Exists, 1, 1, 1},
                                                   {"exists_one", Macro::ExistsOne, 1, 1, 1},
                                                   {"existsOne", Macro::ExistsOne, 1, 1, 1},
                                                   {"map", Macro::Map, 1, 1, 2},
                                                   {"filter", Macro::Filter, 1, 1, 1},
                                                   {"sortBy", Macro::SortBy, 1, 1, 1},
                                                   {"optMap", Macro::OptMap, 1, 1, 1},
                                                   {"optFlatMap", Macro::OptFlatMap, 1, 1, 1},
                                                   {"all", Macro::All, 2, 1, 1},
                                                   {"exists", Macro::Exists, 2, 1, 1},
                                                   {"exists_one", Macro::ExistsOne, 2, 1, 1},
                                                   {"existsOne", Macro::ExistsOne, 2, 1, 1},
                                                   {"transformList", Macro::TransformList, 2, 1, 2},
                                                   {"transformMap", Macro::TransformMap, 2, 1, 2},
                                                   {"transformMapEntry", Macro::TransformMapEntry, 2, 1, 2}}};

struct BinaryRow {
    std::string_view symbol;
    BinaryOp op;
};
constexpr std::array<BinaryRow, 12> binaryRows{{{"==", BinaryOp::Equal},
                                                {"!=", BinaryOp::NotEqual},
                                                {"<=", BinaryOp::LessEqual},
                                                {">=", BinaryOp::GreaterEqual},
                                                {"<", BinaryOp::Less},
                                                {">", BinaryOp::Greater},
                                                {"in", BinaryOp::In},
                                                {"+", BinaryOp::Add},
                                                {"-", BinaryOp::Subtract},
                                                {"*", BinaryOp::Multiply},
                                                {"/", BinaryOp::Divide},
                                                {"%", BinaryOp::Modulo}}};

/// Thrown inside the parser only; parse() turns it into an Error.
struct SyntaxError {
    Error error;
};

class Parser {
public:
    Parser(std::vector<Token> tokens, const Environment& environment)
        : tokens_(std::move(tokens)), environment_(environment) {}

    NodePtr run() {
        auto node = expression();
        if (current().kind != Token::Kind::End) unexpected();
        return node;
    }

private:
    const Token& current() const { return tokens_[at_]; }
    const Token& peek() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
    Token take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
    bool isSymbol(std::string_view symbol) const {
        return current().kind == Token::Kind::Symbol && current().text == symbol;
    }
    bool accept(std::string_view symbol) {
        if (!isSymbol(symbol)) return false;
        take();
        return true;
    }
    void expect(std::string_view symbol) {
        if (!accept(symbol)) unexpected("expecting '" + std::string(symbol) + "'");
    }

    [[noreturn]] void refuse(const Position& at, std::string message) const {
        throw SyntaxError{Error(ErrorCode::InvalidArgument, std::move(message), at.toString())};
    }
    [[noreturn]] void unexpected(const std::string& wanted = {}) const {
        auto seen = current().kind == Token::Kind::End ? "<EOF>" : current().text;
        refuse(current().at, "Syntax error: mismatched input '" + seen + "'" + (wanted.empty() ? "" : " " + wanted));
    }

    /// Counts nesting, so that hostile input cannot exhaust the stack.
    struct Level {
        explicit Level(Parser& p) : parser(p) {
            if (++parser.depth_ > maxDepth)
                parser.refuse(parser.current().at, "expression recursion limit exceeded: " + std::to_string(maxDepth));
        }
        ~Level() { --parser.depth_; }
        Parser& parser;
    };

    NodePtr make(Op op, const Position& at) const {
        auto node = std::make_unique<Node>();
        node->op = op;
        node->at = at;
        return node;
    }

    NodePtr expression() {
        Level level(*this);
        auto condition = disjunction();
        if (!isSymbol("?")) return condition;
        auto node = make(Op::Conditional, take().at);
        node->args.push_back(std::move(condition));
        node->args.push_back(disjunction());
        expect(":");
        node->args.push_back(expression());
        return node;
    }

    /// `a || b || c` is one node, so that long chains do not nest.
    NodePtr chain(Op op, std::string_view symbol, NodePtr (Parser::*operand)()) {
        auto first = (this->*operand)();
        if (!isSymbol(symbol)) return first;
        auto node = make(op, current().at);
        node->args.push_back(std::move(first));
        while (accept(symbol)) node->args.push_back((this->*operand)());
        return node;
    }
    NodePtr disjunction() { return chain(Op::Or, "||", &Parser::conjunction); }
    NodePtr conjunction() { return chain(Op::And, "&&", &Parser::relation); }

    std::optional<BinaryOp> binaryAt(std::initializer_list<std::string_view> allowed) const {
        bool word = current().kind == Token::Kind::Identifier && current().text == "in";
        if (!word && current().kind != Token::Kind::Symbol) return std::nullopt;
        if (std::find(allowed.begin(), allowed.end(), current().text) == allowed.end()) return std::nullopt;
        for (const auto& row : binaryRows)
            if (row.symbol == current().text) return row.op;
        return std::nullopt;
    }

    NodePtr leftAssociative(std::initializer_list<std::string_view> symbols, NodePtr (Parser::*operand)()) {
        auto left = (this->*operand)();
        int chained = 0;
        while (auto op = binaryAt(symbols)) {
            if (++chained > maxDepth)
                refuse(current().at, "expression recursion limit exceeded: " + std::to_string(maxDepth));
            auto node = make(Op::Binary, take().at);
            node->binary = *op;
            node->args.push_back(std::move(left));
            node->args.push_back((this->*operand)());
            left = std::move(node);
        }
        return left;
    }
    NodePtr relation() { return leftAssociative({"==", "!=", "<", "<=", ">", ">=", "in"}, &Parser::addition); }
    NodePtr addition() { return leftAssociative({"+", "-"}, &Parser::multiplication); }
    NodePtr multiplication() { return leftAssociative({"*", "/", "%"}, &Parser::unary); }

    NodePtr unary() {
        Level level(*this);
        if (isSymbol("!")) return negation(Op::Not, "!");
        if (isSymbol("-")) return negation(Op::Negate, "-");
        return member();
    }

    NodePtr negation(Op op, std::string_view symbol) {
        auto at = current().at;
        int count = 0;
        while (accept(symbol)) ++count;
        NodePtr operand;
        if (op == Op::Negate && count == 1)
            if (auto folded = negativeLiteral()) {
                operand = members(std::move(folded));
                --count;
            }
        if (!operand) operand = member();
        if (count % 2 == 0) return operand;
        auto node = make(op, at);
        node->args.push_back(std::move(operand));
        return node;
    }

    /// "-5" is one literal, which is how the smallest int can be written at all.
    NodePtr negativeLiteral() {
        const auto& token = current();
        if (token.kind != Token::Kind::Literal) return nullptr;
        if (token.literal.kind() == Kind::Double) {
            auto node = constant(Value::number(-token.literal.doubleValue()), token.at);
            take();
            return node;
        }
        if (token.literal.kind() != Kind::Int) return nullptr;
        bool minimum = token.text == "minimum int";
        auto value = minimum ? std::numeric_limits<std::int64_t>::min() : -token.literal.intValue();
        auto node = constant(Value::integer(value), token.at);
        take();
        return node;
    }

    NodePtr constant(Value value, const Position& at) const {
        auto node = make(Op::Constant, at);
        node->constant = std::move(value);
        return node;
    }

    NodePtr member() { return members(primary()); }

    /// What follows a value: fields, indexes, method calls.
    NodePtr members(NodePtr node) {
        int chained = 0;
        for (;;) {
            if (++chained > maxDepth)
                refuse(current().at, "expression recursion limit exceeded: " + std::to_string(maxDepth));
            auto at = current().at;
            if (accept(".?"))
                node = optionalSelect(std::move(node), at);
            else if (accept("."))
                node = selectOrMethod(std::move(node), at);
            else if (accept("[?"))
                node = index(Op::OptionalIndex, std::move(node), at);
            else if (accept("["))
                node = index(Op::Index, std::move(node), at);
            else
                return node;
        }
    }

    std::string fieldName() {
        if (current().kind != Token::Kind::Identifier || (current().text == "in" && !current().quoted))
            unexpected("expecting IDENTIFIER");
        return take().text;
    }

    NodePtr select(Op op, NodePtr operand, std::string name, const Position& at) const {
        auto node = make(op, at);
        node->field = FieldName::of(name);
        node->name = std::move(name);
        node->args.push_back(std::move(operand));
        return node;
    }

    NodePtr optionalSelect(NodePtr operand, const Position& at) {
        return select(Op::OptionalSelect, std::move(operand), fieldName(), at);
    }

    NodePtr index(Op op, NodePtr operand, const Position& at) {
        auto node = make(op, at);
        node->args.push_back(std::move(operand));
        node->args.push_back(expression());
        expect("]");
        return node;
    }

    NodePtr selectOrMethod(NodePtr operand, const Position& at) {
        auto name = fieldName();
        if (!isSymbol("(")) return select(Op::Select, std::move(operand), std::move(name), at);
        auto call = current().at;
        take();
        if (const auto* macro = receiverMacro(name)) return comprehension(*macro, std::move(operand), call);
        auto node = make(Op::Call, call);
        node->receiver = true;
        node->name = std::move(name);
        node->args.push_back(std::move(operand));
        arguments(*node);
        return resolveCall(std::move(node));
    }

    void arguments(Node& call) {
        if (accept(")")) return;
        do call.args.push_back(expression());
        while (accept(","));
        expect(")");
    }

    NodePtr resolveCall(NodePtr node) {
        auto found = findFunction(node->name, node->receiver, node->args.size());
        if (!found) return unresolved(node->at, found.error().message);
        node->function = *found;
        return node;
    }

    NodePtr unresolved(const Position& at, std::string message) const {
        if (environment_.checked) refuse(at, std::move(message));
        auto node = make(Op::Unresolved, at);
        node->name = std::move(message);
        return node;
    }

    /// The macro of this name that fits the arguments ahead: two variables when two names come before a comma each.
    const MacroRow* receiverMacro(std::string_view name) const {
        if (!environment_.macros) return nullptr;
        bool twoNames = isNameAt(at_) && isNameAt(at_ + 2);
        const MacroRow* found = nullptr;
        for (const auto& row : receiverMacros) {
            if (row.name != name || (row.variables == 2 && !twoNames)) continue;
            if (!found || (row.variables == 2 && found->maxBodies == 1)) found = &row;
        }
        return found;
    }

    bool isSymbolAt(std::size_t at, std::string_view symbol) const {
        return at < tokens_.size() && tokens_[at].kind == Token::Kind::Symbol && tokens_[at].text == symbol;
    }
    bool isIdentifierAt(std::size_t at) const {
        return at < tokens_.size() && tokens_[at].kind == Token::Kind::Identifier && !tokens_[at].quoted;
    }
    /// A name and a comma.
    bool isNameAt(std::size_t at) const { return isIdentifierAt(at) && isSymbolAt(at + 1, ","); }

    void refuseReserved() const {
        const auto& name = current().text;
        if (name == "in" || std::ranges::find(reservedWords, name) != reservedWords.end())
            refuse(current().at, "Syntax error: reserved identifier: " + name);
    }

    std::string macroVariable() {
        if (!isNameAt(at_)) refuse(current().at, "argument must be a simple name");
        refuseReserved();
        auto name = take().text;
        expect(",");
        return name;
    }

    NodePtr comprehension(const MacroRow& macro, NodePtr range, const Position& at) {
        auto node = make(Op::Comprehension, at);
        node->macro = macro.macro;
        node->slot = locals_.size();
        node->twoVariables = macro.variables == 2;
        node->args.push_back(std::move(range));
        auto firstAt = current().at;
        std::vector<std::string> names;
        for (std::size_t i = 0; i < macro.variables; ++i) names.push_back(macroVariable());
        if (names.size() == 2 && names[0] == names[1]) refuse(firstAt, "duplicate variable name: " + names[0]);
        locals_.insert(locals_.end(), names.begin(), names.end());
        node->args.push_back(expression());
        while (node->args.size() <= macro.maxBodies && accept(",")) node->args.push_back(expression());
        locals_.resize(node->slot);
        expect(")");
        node->filtered = node->args.size() > 2;
        if (node->macro == Macro::Map && node->filtered) node->macro = Macro::MapFilter;
        return node;
    }

    NodePtr primary() {
        Level level(*this);
        auto at = current().at;
        if (accept("(")) {
            auto node = expression();
            expect(")");
            return node;
        }
        if (accept("[")) return listLiteral(at, false);
        if (accept("[?")) return listLiteral(at, true);
        if (accept("{")) return mapLiteral(at);
        if (accept(".")) return identifierOrCall(at, true);
        if (current().kind == Token::Kind::Literal) {
            auto token = take();
            if (token.text == "minimum int") refuse(token.at, "Syntax error: invalid int literal");
            return constant(std::move(token.literal), token.at);
        }
        return identifierOrCall(at, false);
    }

    /// `[]`, and `[,]` as the grammar has it.
    bool emptyLiteral(std::string_view end) {
        if (accept(",")) return expect(end), true;
        return accept(end);
    }

    NodePtr listLiteral(const Position& at, bool firstOptional) {
        auto node = make(Op::List, at);
        if (!firstOptional && emptyLiteral("]")) return node;
        for (bool optional = firstOptional;; optional = false) {
            node->optionalEntries.push_back(optional || accept("?"));
            node->args.push_back(expression());
            if (accept("]")) return node;
            expect(",");
            if (accept("]")) return node;
        }
    }

    NodePtr mapLiteral(const Position& at) {
        auto node = make(Op::Map, at);
        if (emptyLiteral("}")) return node;
        for (;;) {
            node->optionalEntries.push_back(accept("?"));
            node->args.push_back(expression());
            expect(":");
            node->args.push_back(expression());
            if (accept("}")) return node;
            expect(",");
            if (accept("}")) return node;
        }
    }

    /// A local, a variable, a type or a function; the longest dotted name that means something.
    NodePtr identifierOrCall(const Position& at, bool absolute) {
        if (current().kind != Token::Kind::Identifier || current().quoted) unexpected();
        refuseReserved();
        auto names = dottedNames();
        auto last = at_ + 2 * names.size() - 1;
        if (isSymbolAt(last, "{")) refuse(at, "messages cannot be made in rules: '" + joined(names) + "{…}'");
        bool called = isSymbolAt(last, "(");
        bool isLocal = !absolute && std::find(locals_.begin(), locals_.end(), names[0]) != locals_.end();
        if (called && (names.size() == 1 || !isLocal))
            if (auto call = qualifiedCall(joined(names), at, absolute)) return call;
        if (called) names.pop_back();
        if (isLocal) return local(at);
        for (; !names.empty(); names.pop_back())
            if (auto found = resolved(joined(names), at, absolute)) {
                skipNames(names.size());
                return found;
            }
        auto name = take().text;
        return unresolved(at, "undeclared reference to '" + name + "' (in container '" + environment_.container + "')");
    }

    /// The names ahead that dots join.
    std::vector<std::string> dottedNames() const {
        std::vector<std::string> names;
        for (auto at = at_; isIdentifierAt(at) && names.size() < 16; at += 2) {
            names.push_back(tokens_[at].text);
            if (!isSymbolAt(at + 1, ".")) break;
        }
        return names;
    }
    static std::string joined(const std::vector<std::string>& names) {
        std::string all;
        for (const auto& name : names) (all += all.empty() ? "" : ".") += name;
        return all;
    }
    void skipNames(std::size_t count) { at_ += 2 * count - 1; }

    /// `f(…)`, `math.greatest(…)`; nothing when a dotted name is no function, but a method call on what comes before.
    NodePtr qualifiedCall(const std::string& name, const Position& at, bool absolute) {
        auto names = static_cast<std::size_t>(std::count(name.begin(), name.end(), '.')) + 1;
        bool isMacro = environment_.macros && !absolute && (name == "has" || name == "cel.bind");
        if (names > 1 && !isMacro && !isFunction(name)) return nullptr;
        skipNames(names);
        auto call = current().at;
        take();
        if (isMacro) return name == "has" ? hasMacro(at) : bindMacro(call);
        auto node = make(Op::Call, call);
        node->name = name;
        arguments(*node);
        return resolveCall(std::move(node));
    }

    NodePtr hasMacro(const Position& at) {
        auto operand = expression();
        expect(")");
        if (operand->op != Op::Select) refuse(operand->at, "invalid argument to has() macro");
        operand->op = Op::Has;
        operand->at = at;
        return operand;
    }

    /// cel.bind(name, value, result)
    NodePtr bindMacro(const Position& at) {
        auto node = make(Op::Comprehension, at);
        node->macro = Macro::Bind;
        node->slot = locals_.size();
        auto name = macroVariable();
        node->args.push_back(expression());
        expect(",");
        locals_.push_back(std::move(name));
        node->args.push_back(expression());
        locals_.pop_back();
        expect(")");
        return node;
    }

    NodePtr local(const Position& at) {
        auto node = make(Op::Local, at);
        node->name = take().text;
        auto innermost = std::find(locals_.rbegin(), locals_.rend(), node->name);
        node->slot = static_cast<std::size_t>(locals_.rend() - innermost) - 1;
        return node;
    }

    /// A variable or type; with the container "a.b" the name x may mean a.b.x, a.x or x, in this order.
    NodePtr resolved(const std::string& name, const Position& at, bool absolute) const {
        for (auto container = absolute ? std::string() : environment_.container;;) {
            if (auto found = variableOrType(container.empty() ? name : container + "." + name, at)) return found;
            if (container.empty()) return nullptr;
            auto dot = container.rfind('.');
            container.erase(dot == std::string::npos ? 0 : dot);
        }
    }

    NodePtr variableOrType(const std::string& name, const Position& at) const {
        const auto& variables = environment_.variables;
        if (auto found = std::find(variables.begin(), variables.end(), name); found != variables.end()) {
            auto node = make(Op::Variable, at);
            node->slot = static_cast<std::size_t>(found - variables.begin());
            node->name = name;
            return node;
        }
        if (std::find(typeNames.begin(), typeNames.end(), name) != typeNames.end()) return typeConstant(name, at);
        return nullptr;
    }

    NodePtr typeConstant(const std::string& name, const Position& at) const {
        auto node = make(Op::TypeName, at);
        node->constant = Value::type(name);
        return node;
    }

    std::vector<Token> tokens_;
    const Environment& environment_;
    std::size_t at_ = 0;
    int depth_ = 0;
    std::vector<std::string> locals_;
};

}  // namespace

std::string_view symbolOf(BinaryOp op) {
    for (const auto& row : binaryRows)
        if (row.op == op) return row.symbol;
    return "?";
}

Result<NodePtr> parse(std::string_view expression, const Environment& environment) {
    if (expression.size() > maxBytes)
        return fail(ErrorCode::InvalidArgument,
                    "expression code point size exceeds limit: size: " + std::to_string(expression.size()) +
                        ", limit " + std::to_string(maxBytes),
                    "1:1");
    auto tokens = tokenize(expression);
    if (!tokens) return fail(tokens.error());
    try {
        return Parser(std::move(*tokens), environment).run();
    } catch (SyntaxError& refused) {
        return fail(std::move(refused.error));
    }
}

}  // namespace klaw::rules::cel
