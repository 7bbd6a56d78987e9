#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "rules/cel/value.hpp"

namespace klaw::rules::cel {

/// Where a token begins; both 1-based, columns count code points.
struct Position {
    int line = 1;
    int column = 1;
    std::string toString() const { return std::to_string(line) + ":" + std::to_string(column); }
};

struct Token {
    enum class Kind { Identifier, Literal, Symbol, End };
    Kind kind = Kind::End;
    std::string text;  ///< identifier or symbol; `quoted.identifier` without its backticks
    bool quoted = false;
    Value literal;
    Position at;
};

/// Lexical grammar: cel-spec, doc/langdef.md, "Syntax". The last token is End.
Result<std::vector<Token>> tokenize(std::string_view expression);

}  // namespace klaw::rules::cel
