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
constexpr std::array<std::string_view, 11> typeNames{"bool",      "bytes",  "double", "int",  "list",         "map",
                                                     "null_type", "string", "type",   "uint", "optional_type"};

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
        if (op == Op::Negate && current().kind == Token::Kind::Literal && count > 0) {
            if (auto folded = negativeLiteral()) {
                if (count % 2 == 1) return folded;
                auto node = make(op, at);
                node->args.push_back(std::move(folded));
                return node;
            }
        }
        auto operand = member();
        if (count % 2 == 0) return operand;
        auto node = make(op, at);
        node->args.push_back(std::move(operand));
        return node;
    }

    /// "-5" is one literal, which is how the smallest int can be written at all.
    NodePtr negativeLiteral() {
        const auto& token = current();
        if (peek().kind == Token::Kind::Symbol && (peek().text == "." || peek().text == "[")) return nullptr;
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

    NodePtr member() {
        auto node = primary();
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
        if (current().kind != Token::Kind::Identifier) unexpected("expecting IDENTIFIER");
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
        if (auto macro = receiverMacro(name)) return comprehension(*macro, std::move(operand), call);
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
        if (!found) refuse(node->at, found.error().message);
        node->function = *found;
        return node;
    }

    static std::optional<Macro> receiverMacro(std::string_view name) {
        if (name == "all") return Macro::All;
        if (name == "exists") return Macro::Exists;
        if (name == "exists_one" || name == "existsOne") return Macro::ExistsOne;
        if (name == "map") return Macro::Map;
        if (name == "filter") return Macro::Filter;
        if (name == "optMap") return Macro::OptMap;
        if (name == "optFlatMap") return Macro::OptFlatMap;
        return std::nullopt;
    }

    NodePtr comprehension(Macro macro, NodePtr range, const Position& at) {
        auto node = make(Op::Comprehension, at);
        if (current().kind != Token::Kind::Identifier || !(peek().kind == Token::Kind::Symbol && peek().text == ","))
            refuse(current().at, "argument must be a simple name");
        auto variable = take();
        node->name = variable.text;
        expect(",");
        node->slot = locals_.size();
        node->args.push_back(std::move(range));
        locals_.push_back(variable.text);
        node->args.push_back(expression());
        if (macro == Macro::Map && accept(",")) {
            macro = Macro::MapFilter;
            node->args.push_back(expression());
        }
        locals_.pop_back();
        expect(")");
        node->macro = macro;
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
        if (accept("[")) return listLiteral(at);
        if (accept("{")) return mapLiteral(at);
        if (accept(".")) return identifierOrCall(at);
        if (current().kind == Token::Kind::Literal) {
            auto token = take();
            if (token.text == "minimum int") refuse(token.at, "Syntax error: invalid int literal");
            return constant(std::move(token.literal), token.at);
        }
        return identifierOrCall(at);
    }

    NodePtr listLiteral(const Position& at) {
        auto node = make(Op::List, at);
        while (!accept("]")) {
            node->optionalEntries.push_back(accept("?"));
            node->args.push_back(expression());
            if (accept("]")) break;
            expect(",");
        }
        return node;
    }

    NodePtr mapLiteral(const Position& at) {
        auto node = make(Op::Map, at);
        while (!accept("}")) {
            node->optionalEntries.push_back(accept("?"));
            node->args.push_back(expression());
            expect(":");
            node->args.push_back(expression());
            if (accept("}")) break;
            expect(",");
        }
        return node;
    }

    NodePtr identifierOrCall(const Position& at) {
        if (current().kind != Token::Kind::Identifier) unexpected();
        auto name = take().text;
        if (std::find(reservedWords.begin(), reservedWords.end(), name) != reservedWords.end() || name == "in")
            refuse(at, "Syntax error: reserved identifier: " + name);
        if (isSymbol("{")) refuse(at, "messages cannot be made in rules: '" + name + "{…}'");
        if (!isSymbol("(")) return identifier(std::move(name), at);
        auto call = current().at;
        take();
        if (name == "has") return hasMacro(at);
        auto node = make(Op::Call, call);
        node->name = std::move(name);
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

    NodePtr identifier(std::string name, const Position& at) {
        for (auto i = locals_.size(); i-- > 0;) {
            if (locals_[i] != name) continue;
            auto node = make(Op::Local, at);
            node->slot = i;
            node->name = std::move(name);
            return node;
        }
        const auto& variables = environment_.variables;
        if (auto found = std::find(variables.begin(), variables.end(), name); found != variables.end()) {
            auto node = make(Op::Variable, at);
            node->slot = static_cast<std::size_t>(found - variables.begin());
            node->name = std::move(name);
            return node;
        }
        return typeOrNamespace(std::move(name), at);
    }

    /// `int`, `google.protobuf.Timestamp`, and the namespaces of functions: `optional.of(x)`, `math.greatest(…)`.
    NodePtr typeOrNamespace(std::string name, const Position& at) {
        if (name == "google" || isNamespace(name)) {
            auto qualified = name;
            while (isSymbol(".") && peek().kind == Token::Kind::Identifier) {
                take();
                qualified += "." + take().text;
                if (isSymbol("(")) {
                    auto node = make(Op::Call, current().at);
                    take();
                    node->name = qualified;
                    arguments(*node);
                    return resolveCall(std::move(node));
                }
            }
            if (qualified == "google.protobuf.Timestamp" || qualified == "google.protobuf.Duration")
                return typeConstant(qualified, at);
            refuse(at, "undeclared reference to '" + qualified + "' (in container '')");
        }
        if (std::find(typeNames.begin(), typeNames.end(), name) != typeNames.end()) return typeConstant(name, at);
        refuse(at, "undeclared reference to '" + name + "' (in container '')");
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
