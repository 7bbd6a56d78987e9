#include "notifiers/dingtalk/escape.hpp"

#include <cctype>

#include "notifiers/defuse.hpp"

namespace klaw::notifiers::dingtalk {
namespace {

/// Where a list number ends ("12." → 2), or npos when the line does not begin with one.
std::size_t listNumberEnd(std::string_view line) {
    std::size_t at = 0;
    while (at < line.size() && std::isdigit(static_cast<unsigned char>(line[at]))) ++at;
    bool number = at > 0 && at < line.size() && (line[at] == '.' || line[at] == ')');
    return number ? at : std::string_view::npos;
}

}  // namespace

std::string escapeMarkdown(std::string_view raw) {
    auto line = defuseText(raw);
    auto first = line.find_first_not_of(' ');
    auto number = listNumberEnd(line);
    std::string escaped;
    for (std::size_t at = 0; at < line.size(); ++at) {
        char c = line[at];
        if (c == '<' || c == '>' || c == '&') {
            escaped += c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&amp;";
            continue;
        }
        bool markup = std::string_view("\\*_~`[]#!|").find(c) != std::string_view::npos;
        bool bullet = at == first && (c == '-' || c == '+' || c == '=');
        if (markup || bullet || at == number) escaped += '\\';
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
    auto text = line.find_first_not_of(' ');
    if (text == std::string_view::npos) text = line.size();
    std::string escaped;
    for (std::size_t i = 0; i < text; ++i) escaped += "\xC2\xA0";
    return escaped + defuseCode(line.substr(text));
}

}  // namespace klaw::notifiers::dingtalk
