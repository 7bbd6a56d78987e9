#include "notifiers/feishu/escape.hpp"

#include <cctype>

#include "notifiers/defuse.hpp"

namespace klaw::notifiers::feishu {
namespace {

std::string entity(char c) {
    switch (c) {
        case '<':
            return "&lt;";
        case '>':
            return "&gt;";
        case '&':
            return "&amp;";
        default:
            return "&#" + std::to_string(static_cast<int>(c)) + ";";
    }
}

/// Whether the character would begin a list where it stands: "- ", "+ ", "12. ".
bool beginsList(std::string_view line, std::size_t at) {
    auto before = line.substr(0, at);
    bool onlyBlanks = before.find_first_not_of(' ') == std::string_view::npos;
    if (line[at] == '-' || line[at] == '+' || line[at] == '=') return onlyBlanks;
    if (line[at] != '.') return false;
    return at > 0 && before.find_first_not_of(" 0123456789") == std::string_view::npos;
}

}  // namespace

std::string escapeMarkdown(std::string_view raw) {
    auto line = defuseText(raw);
    std::string escaped;
    for (std::size_t at = 0; at < line.size(); ++at) {
        char c = line[at];
        bool markup = std::string_view("<>&*_~`[]()#\\!$|").find(c) != std::string_view::npos;
        if (markup || beginsList(line, at))
            escaped += entity(c);
        else
            escaped += c;
    }
    return escaped;
}

std::string inlineCode(std::string_view line) {
    if (line.empty()) return {};
    std::string code;
    for (char c : defuseCode(line)) {
        if (c == '`')
            code += "\xCB\x8B";  // a modifier letter that looks like it
        else
            code += c;
    }
    return "`" + code + "`";
}

std::string escapeCodeLine(std::string_view line) {
    return defuseCode(line);
}

std::string escapeText(std::string_view line) {
    return defuseCode(line);
}

}  // namespace klaw::notifiers::feishu
