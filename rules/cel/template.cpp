#include "rules/cel/program.hpp"

namespace klaw::rules::cel {
namespace {

/// Where the expression that begins at `from` ends: the matching brace outside of string literals.
std::size_t endOfExpression(std::string_view text, std::size_t from) {
    int open = 0;
    char quote = 0;
    for (auto i = from; i < text.size(); ++i) {
        char c = text[i];
        if (quote != 0) {
            if (c == '\\')
                ++i;
            else if (c == quote)
                quote = 0;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '{') {
            ++open;
        } else if (c == '}' && open-- == 0) {
            return i;
        }
    }
    return std::string_view::npos;
}

/// 1-based place of a byte, columns in code points.
std::pair<int, int> placeOf(std::string_view text, std::size_t offset) {
    int line = 1, column = 1;
    for (char c : text.substr(0, offset)) {
        if (c == '\n') {
            ++line;
            column = 1;
        } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
            ++column;
        }
    }
    return {line, column};
}

std::string toPlace(std::pair<int, int> place) {
    return std::to_string(place.first) + ":" + std::to_string(place.second);
}

/// The place of an error in an expression, seen from the text around it.
std::string outerPlace(std::string_view text, std::size_t expressionAt, const std::string& inner) {
    auto outer = placeOf(text, expressionAt);
    auto colon = inner.find(':');
    if (colon == std::string::npos) return toPlace(outer);
    int line = std::stoi(inner.substr(0, colon)), column = std::stoi(inner.substr(colon + 1));
    return toPlace({outer.first + line - 1, line == 1 ? outer.second + column - 1 : column});
}

}  // namespace

Result<Template> Template::compile(std::string_view text, const Environment& environment) {
    Template result;
    std::string literal;
    auto flush = [&] {
        if (!literal.empty()) result.parts_.push_back({std::exchange(literal, {}), nullptr});
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '$' || i + 1 == text.size() || (text[i + 1] != '{' && text[i + 1] != '$')) {
            literal += text[i];
            continue;
        }
        if (text[++i] == '$') {
            literal += '$';
            continue;
        }
        auto begin = i + 1;
        auto end = endOfExpression(text, begin);
        if (end == std::string_view::npos)
            return fail(ErrorCode::InvalidArgument, "`${` without its `}` (write $$ for a dollar sign)",
                        toPlace(placeOf(text, i - 1)));
        auto program = Program::compile(text.substr(begin, end - begin), environment);
        if (!program)
            return fail(ErrorCode::InvalidArgument, program.error().message,
                        outerPlace(text, begin, program.error().place), program.error().remedy);
        flush();
        result.parts_.push_back({{}, std::make_shared<Program>(std::move(*program))});
        i = end;
    }
    flush();
    return result;
}

std::string Template::render(std::span<const Value> bindings) const {
    std::string text;
    for (const auto& part : parts_) {
        if (!part.program) {
            text += part.text;
            continue;
        }
        auto value = part.program->evaluate(bindings);
        if (value && value->kind() != Kind::Null) text += value->toText();
    }
    return text;
}

std::string Template::source() const {
    std::string text;
    for (const auto& part : parts_) text += part.program ? "${" + part.program->source() + "}" : part.text;
    return text;
}

bool Template::reads(std::string_view variable) const {
    for (const auto& part : parts_)
        if (part.program && part.program->reads(variable)) return true;
    return false;
}

FieldTree Template::fieldsOf(std::string_view variable) const {
    FieldTree tree;
    for (const auto& part : parts_)
        if (part.program) tree.merge(part.program->fieldsOf(variable));
    return tree;
}

}  // namespace klaw::rules::cel
