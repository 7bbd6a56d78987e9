#include "notifiers/defuse.hpp"

#include <cctype>

namespace klaw::notifiers {
namespace {

constexpr std::string_view kBreak = "\xE2\x80\x8B";  // U+200B

bool isWord(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

bool startsMention(std::string_view text, std::size_t at) {
    return text[at] == '@' && (at == 0 || !isWord(text[at - 1]));
}

bool endsWithWww(std::string_view text, std::size_t dot) {
    auto lower = [&](std::size_t i) { return std::tolower(static_cast<unsigned char>(text[i])); };
    return dot >= 3 && lower(dot - 1) == 'w' && lower(dot - 2) == 'w' && lower(dot - 3) == 'w';
}

bool startsTag(std::string_view text, std::size_t at) {
    if (text[at] != '<' || at + 1 >= text.size()) return false;
    char next = text[at + 1];
    return std::isalpha(static_cast<unsigned char>(next)) || next == '/' || next == '!' || next == '?';
}

}  // namespace

std::string defuseText(std::string_view text) {
    std::string defused;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '.' && endsWithWww(text, at)) defused += kBreak;
        defused += text[at];
        bool address = text[at] == ':' && text.substr(at + 1, 2) == "//";
        if (address || startsMention(text, at)) defused += kBreak;
    }
    return defused;
}

std::string defuseCode(std::string_view text) {
    std::string defused;
    for (std::size_t at = 0; at < text.size(); ++at) {
        defused += text[at];
        bool fence = (text[at] == '`' || text[at] == '~') && at + 1 < text.size() && text[at + 1] == text[at];
        if (startsTag(text, at) || startsMention(text, at) || fence) defused += kBreak;
    }
    return defused;
}

}  // namespace klaw::notifiers
