#include "rules/cel/lexer.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/text/utf8.hpp"

namespace klaw::rules::cel {
namespace {

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}
bool isLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool isHexDigit(char c) {
    return isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

void appendCodePoint(std::string& out, std::uint32_t point) {
    if (point < 0x80) {
        out += static_cast<char>(point);
        return;
    }
    int extra = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static constexpr std::array<unsigned char, 4> lead{0, 0xC0, 0xE0, 0xF0};
    out += static_cast<char>(lead[extra] | (point >> (6 * extra)));
    for (int i = extra - 1; i >= 0; --i) out += static_cast<char>(0x80 | ((point >> (6 * i)) & 0x3F));
}

class Lexer {
public:
    explicit Lexer(std::string_view text) : text_(text) {}

    Result<std::vector<Token>> run() {
        std::vector<Token> tokens;
        for (;;) {
            skipBlanks();
            start_ = position();
            if (at_ == text_.size()) break;
            auto token = next();
            if (!token) return fail(token.error());
            tokens.push_back(std::move(*token));
        }
        tokens.push_back(make(Token::Kind::End, "end of expression"));
        return tokens;
    }

private:
    Result<Token> next() {
        if (auto prefix = stringPrefix()) return stringLiteral(*prefix);
        char c = text_[at_];
        if (isDigit(c) || (c == '.' && at_ + 1 < text_.size() && isDigit(text_[at_ + 1]))) return numberLiteral();
        if (isLetter(c)) return identifier();
        if (c == '`') return quotedIdentifier();
        return symbol();
    }

    void skipBlanks() {
        while (at_ < text_.size()) {
            char c = text_[at_];
            if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f')
                ++at_;
            else if (text_.substr(at_).starts_with("//"))
                at_ = std::min(text_.find('\n', at_), text_.size());
            else
                break;
        }
    }

    Position position() {
        for (; counted_ < at_; ++counted_) {
            if (text_[counted_] == '\n') {
                ++here_.line;
                here_.column = 1;
            } else if ((static_cast<unsigned char>(text_[counted_]) & 0xC0) != 0x80) {
                ++here_.column;
            }
        }
        return here_;
    }

    Token make(Token::Kind kind, std::string text) const {
        Token token;
        token.kind = kind;
        token.text = std::move(text);
        token.at = start_;
        return token;
    }

    Token literal(Value value) const {
        auto token = make(Token::Kind::Literal, "literal");
        token.literal = std::move(value);
        return token;
    }

    tl::unexpected<Error> error(std::string message) const {
        return fail(ErrorCode::InvalidArgument, "Syntax error: " + std::move(message), start_.toString());
    }

    Result<Token> identifier() {
        auto from = at_;
        while (at_ < text_.size() && (isLetter(text_[at_]) || isDigit(text_[at_]))) ++at_;
        std::string word(text_.substr(from, at_ - from));
        if (word == "true" || word == "false") return literal(Value::boolean(word == "true"));
        if (word == "null") return literal(Value::null());
        return make(Token::Kind::Identifier, std::move(word));
    }

    Result<Token> quotedIdentifier() {
        auto end = text_.find('`', at_ + 1);
        if (end == std::string_view::npos || end == at_ + 1) return error("a quoted identifier is not closed");
        std::string word(text_.substr(at_ + 1, end - at_ - 1));
        at_ = end + 1;
        auto token = make(Token::Kind::Identifier, std::move(word));
        token.quoted = true;
        return token;
    }

    Result<Token> symbol() {
        static constexpr std::array<std::string_view, 26> symbols{"==", "!=", "<=", ">=", "&&", "||", "[?", ".?", "(",
                                                                  ")",  "[",  "]",  "{",  "}",  ".",  ",",  "?",  ":",
                                                                  "<",  ">",  "+",  "-",  "*",  "/",  "%",  "!"};
        for (auto candidate : symbols) {
            if (!text_.substr(at_).starts_with(candidate)) continue;
            at_ += candidate.size();
            return make(Token::Kind::Symbol, std::string(candidate));
        }
        auto end = at_ + 1;
        while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) ++end;
        return error("token recognition error at: '" + validUtf8(text_.substr(at_, end - at_)) + "'");
    }

    Result<Token> numberLiteral() {
        auto from = at_;
        bool hex = text_.substr(at_).starts_with("0x") || text_.substr(at_).starts_with("0X");
        bool fractional = false;
        if (hex) {
            at_ += 2;
            while (at_ < text_.size() && isHexDigit(text_[at_])) ++at_;
        } else {
            fractional = decimalDigits();
        }
        std::string_view digits = text_.substr(from, at_ - from);
        bool isUnsigned = !fractional && at_ < text_.size() && lower(text_[at_]) == 'u';
        if (isUnsigned) ++at_;
        if (fractional) return literal(Value::number(std::strtod(std::string(digits).c_str(), nullptr)));
        std::uint64_t value = 0;
        auto body = hex ? digits.substr(2) : digits;
        auto [end, failure] = std::from_chars(body.data(), body.data() + body.size(), value, hex ? 16 : 10);
        if (failure != std::errc() || end != body.data() + body.size())
            return error(isUnsigned ? "invalid uint literal" : "invalid int literal");
        if (isUnsigned) return literal(Value::unsignedInteger(value));
        // 9223372036854775808 is only valid behind a minus sign, which the parser knows.
        if (value > std::uint64_t(std::numeric_limits<std::int64_t>::max()) + 1) return error("invalid int literal");
        auto token = literal(Value::integer(static_cast<std::int64_t>(value)));
        if (value > std::uint64_t(std::numeric_limits<std::int64_t>::max())) token.text = "minimum int";
        return token;
    }

    /// Digits with an optional fraction and exponent; true when it is a double.
    bool decimalDigits() {
        bool fractional = false;
        while (at_ < text_.size() && isDigit(text_[at_])) ++at_;
        if (at_ + 1 < text_.size() && text_[at_] == '.' && isDigit(text_[at_ + 1])) {
            fractional = true;
            ++at_;
            while (at_ < text_.size() && isDigit(text_[at_])) ++at_;
        }
        auto exponent = at_;
        if (exponent < text_.size() && lower(text_[exponent]) == 'e') {
            ++exponent;
            if (exponent < text_.size() && (text_[exponent] == '+' || text_[exponent] == '-')) ++exponent;
            if (exponent < text_.size() && isDigit(text_[exponent])) {
                fractional = true;
                at_ = exponent;
                while (at_ < text_.size() && isDigit(text_[at_])) ++at_;
            }
        }
        return fractional;
    }

    struct StringPrefix {
        bool raw = false;
        bool bytes = false;
        std::size_t size = 0;
    };

    std::optional<StringPrefix> stringPrefix() const {
        StringPrefix prefix;
        for (auto i = at_; i < text_.size() && prefix.size < 3; ++i, ++prefix.size) {
            char c = lower(text_[i]);
            if (c == '"' || c == '\'') return prefix;
            if (c == 'r' && !prefix.raw)
                prefix.raw = true;
            else if (c == 'b' && !prefix.bytes)
                prefix.bytes = true;
            else
                break;
        }
        return std::nullopt;
    }

    Result<Token> stringLiteral(StringPrefix prefix) {
        at_ += prefix.size;
        std::string quote(1, text_[at_]);
        if (text_.substr(at_).starts_with(quote + quote + quote)) quote += quote + quote;
        at_ += quote.size();
        std::string value;
        for (;;) {
            if (at_ >= text_.size()) return error("a string is not closed");
            if (text_.substr(at_).starts_with(quote)) break;
            char c = text_[at_];
            if (quote.size() == 1 && (c == '\n' || c == '\r')) return error("a string is not closed on its line");
            if (c == '\\' && !prefix.raw) {
                auto escaped = escape(value, prefix.bytes);
                if (!escaped) return fail(escaped.error());
                continue;
            }
            value += c;
            ++at_;
        }
        at_ += quote.size();
        if (prefix.bytes) return literal(Value::bytes(value));
        if (!isValidUtf8(value)) return error("a string is not valid UTF-8");
        return literal(Value::string(value));
    }

    Result<void> escape(std::string& value, bool bytes) {
        if (at_ + 1 >= text_.size()) return error("a string is not closed");
        char kind = text_[at_ + 1];
        static constexpr std::string_view names = "abfnrtv\\?\"'`", meanings = "\a\b\f\n\r\t\v\\?\"'`";
        if (auto found = names.find(kind); found != std::string_view::npos) {
            value += meanings[found];
            at_ += 2;
            return {};
        }
        if (kind == 'x' || kind == 'X') return numericEscape(value, 2, 2, 16, bytes);
        if (kind == 'u' && !bytes) return numericEscape(value, 2, 4, 16, false);
        if (kind == 'U' && !bytes) return numericEscape(value, 2, 8, 16, false);
        if (kind >= '0' && kind <= '3') return numericEscape(value, 1, 3, 8, bytes);
        return error("an unknown escape in a string");
    }

    Result<void> numericEscape(std::string& value, std::size_t skip, std::size_t count, int base, bool asByte) {
        auto digits = text_.substr(std::min(at_ + skip, text_.size()), count);
        std::uint32_t point = 0;
        auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), point, base);
        if (digits.size() != count || failure != std::errc() || end != digits.data() + count)
            return error("a malformed escape in a string");
        if (point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return error("an escape that is no code point");
        if (asByte)
            value += static_cast<char>(point);
        else
            appendCodePoint(value, point);
        at_ += skip + count;
        return {};
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t counted_ = 0;
    Position here_;
    Position start_;
};

}  // namespace

Result<std::vector<Token>> tokenize(std::string_view expression) {
    return Lexer(expression).run();
}

}  // namespace klaw::rules::cel
