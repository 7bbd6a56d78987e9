#include "agent/operate/yaml_documents.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text/utf8.hpp"
#include "rules/load/yaml_cursor.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

constexpr std::size_t mostBytes = 256u << 10, mostDocuments = 50;
constexpr auto remedy = "apply it in parts, or by kubectl";

template <class T>
std::optional<T> number(std::string_view text, int base = 10) {
    T value{};
    std::from_chars_result read{};
    if constexpr (std::is_floating_point_v<T>)
        read = std::from_chars(text.data(), text.data() + text.size(), value);
    else
        read = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

bool isAmong(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, text) != words.end();
}

std::optional<Json> wholeNumber(std::string_view text) {
    bool negative = text.starts_with('-');
    auto digits = text.substr(negative || text.starts_with('+') ? 1 : 0);
    int base = 10;
    if (digits.starts_with("0x") || digits.starts_with("0o") || digits.starts_with("0b")) {
        base = digits[1] == 'x' ? 16 : digits[1] == 'o' ? 8 : 2;
        digits.remove_prefix(2);
    } else if (digits.size() > 1 && digits.starts_with('0')) {
        base = 8;
        digits.remove_prefix(1);
    }
    if (digits.starts_with('-') || digits.starts_with('+')) return std::nullopt;
    auto value = number<std::int64_t>(digits, base);
    if (!value) return std::nullopt;
    return Json(negative ? -*value : *value);
}

/// Numbers of a YAML begin with a digit, a sign or a point: "Infinity" of from_chars is none.
std::optional<Json> realNumber(std::string_view text) {
    auto digits = text.substr(text.starts_with('-') || text.starts_with('+') ? 1 : 0);
    if (digits.empty() || (digits.front() != '.' && (digits.front() < '0' || digits.front() > '9')))
        return std::nullopt;
    auto value = number<double>(text.substr(text.starts_with('+') ? 1 : 0));
    if (!value || !std::isfinite(*value)) return std::nullopt;
    return Json(*value);
}

Json scalar(const YAML::Node& node) {
    const auto& text = node.Scalar();
    bool plain = node.Tag() == "?" || node.Tag().empty();
    if (!plain) return text;
    if (isAmong(text, {"", "~", "null", "Null", "NULL"})) return nullptr;
    if (isAmong(text, {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})) return true;
    if (isAmong(text, {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})) return false;
    if (auto whole = wholeNumber(text)) return *whole;
    if (auto real = realNumber(text)) return *real;
    return text;
}

/// Aliases may hold what they are in.
Json jsonOf(const rules::YamlCursor& value, std::size_t depth = 0) {
    constexpr std::size_t deepest = 100;
    if (depth > deepest) {
        value.error("nested more than " + std::to_string(deepest) + " levels deep");
        return {};
    }
    if (value.isMap()) {
        auto object = Json::object();
        for (const auto& [key, child] : value.entries("an object")) object[key.value] = jsonOf(child, depth + 1);
        return object;
    }
    if (value.isList()) {
        auto list = Json::array();
        for (const auto& child : value.items("a list")) list.push_back(jsonOf(child, depth + 1));
        return list;
    }
    return value.isScalar() ? scalar(value.node()) : Json();
}

struct Piece {
    std::string text;
    int line = 1;
};

/// A line of `---` ends a document, whatever it is in the middle of.
std::vector<Piece> pieces(const std::string& text) {
    std::vector<Piece> all(1);
    int number = 1;
    for (std::size_t from = 0; from < text.size(); ++number) {
        auto end = std::min(text.find('\n', from), text.size());
        auto line = std::string_view(text).substr(from, end - from);
        from = end + 1;
        bool ends = line.starts_with("---") && line.find_first_not_of(" \t\r", 3) == line.npos;
        if (ends)
            all.push_back({{}, number + 1});
        else
            all.back().text.append(line).append("\n");
    }
    return all;
}

bool isEmpty(const std::string& text) {
    for (std::size_t from = 0; from < text.size();) {
        auto end = std::min(text.find('\n', from), text.size());
        auto at = text.find_first_not_of(" \t\r", from);
        if (at < end && text[at] != '#') return false;
        from = end + 1;
    }
    return true;
}

Result<YamlDocument> read(const Piece& piece) {
    rules::Problems problems;
    // Above it as many lines as above the document, so that places count from the beginning of the text.
    auto placed = std::string(static_cast<std::size_t>(piece.line - 1), '\n') + piece.text;
    auto file = std::make_shared<const rules::SourceFile>("YAML", placed);
    auto root = rules::YamlCursor::parse(file, placed, problems);
    auto object = root ? jsonOf(*root) : Json();
    if (!problems.errors().empty()) return fail(std::move(problems.errors().front()));
    if (!object.is_object())
        return fail(ErrorCode::InvalidArgument, "this is no object", "YAML:" + std::to_string(piece.line),
                    "an object has apiVersion, kind and metadata");
    return YamlDocument{std::move(object), piece.line};
}

}  // namespace

Result<std::vector<YamlDocument>> readYamlDocuments(const std::string& text) {
    if (text.size() > mostBytes)
        return fail(ErrorCode::InvalidArgument,
                    "the text has " + std::to_string(text.size()) + " bytes, more than the limit of " +
                        std::to_string(mostBytes),
                    {}, remedy);
    if (!isValidUtf8(text)) return fail(ErrorCode::InvalidArgument, "the text is not UTF-8");
    std::vector<YamlDocument> documents;
    for (const auto& piece : pieces(text)) {
        if (isEmpty(piece.text)) continue;
        if (documents.size() == mostDocuments)
            return fail(ErrorCode::InvalidArgument,
                        "there are more than " + std::to_string(mostDocuments) + " documents", {}, remedy);
        auto document = read(piece);
        if (!document) return fail(std::move(document).error());
        documents.push_back(std::move(*document));
    }
    return documents;
}

}  // namespace klaw::operate
