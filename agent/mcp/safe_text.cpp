#include "agent/mcp/safe_text.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text/secrets.hpp"
#include "base/text/utf8.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::mcp {
namespace {

/// By which chat templates of models in use mark turns, tools and the system's words; compared without case.
constexpr std::array templateTokens{std::string_view("[inst]"),
                                    std::string_view("[/inst]"),
                                    std::string_view("<<sys>>"),
                                    std::string_view("<</sys>>"),
                                    std::string_view("<s>"),
                                    std::string_view("</s>"),
                                    std::string_view("<bos>"),
                                    std::string_view("<eos>"),
                                    std::string_view("<start_of_turn>"),
                                    std::string_view("<end_of_turn>"),
                                    std::string_view("<tool_call>"),
                                    std::string_view("</tool_call>"),
                                    std::string_view("<tool_response>"),
                                    std::string_view("</tool_response>"),
                                    std::string_view("<function_calls>"),
                                    std::string_view("</function_calls>"),
                                    std::string_view("<think>"),
                                    std::string_view("</think>"),
                                    std::string_view("[available_tools]"),
                                    std::string_view("[/available_tools]"),
                                    std::string_view("[tool_calls]"),
                                    std::string_view("[tool_results]"),
                                    std::string_view("[/tool_results]")};

constexpr std::size_t longestMark = 64;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool beginsWith(std::string_view text, std::string_view token) {
    return text.size() >= token.size() &&
           std::equal(token.begin(), token.end(), text.begin(), [](char a, char b) { return a == lower(b); });
}

/// `<|im_start|>`, `<|eot_id|>` and the like, also with the wide bars that some models have.
std::size_t barMark(std::string_view text) {
    for (std::string_view bar : {"|", "｜"}) {
        auto opening = "<" + std::string(bar), closing = std::string(bar) + ">";
        if (!text.starts_with(opening)) continue;
        auto end = text.substr(0, longestMark).find(closing, opening.size());
        bool whole = end != text.npos && text.substr(0, end).find('\n') == text.npos;
        if (whole) return end + closing.size();
    }
    return 0;
}

std::size_t templateToken(std::string_view text) {
    if (text.front() != '<' && text.front() != '[') return 0;
    for (auto token : templateTokens)
        if (beginsWith(text, token)) return token.size();
    return barMark(text);
}

/// Of a character that has no width, or a tag that only machines see.
std::size_t unseenLength(std::string_view text) {
    auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    if (byte(0) == 0xC2 && byte(1) == 0xAD) return 2;                                        // soft hyphen
    if (byte(0) == 0xE2 && byte(1) == 0x80 && byte(2) >= 0x8B && byte(2) <= 0x8F) return 3;  // U+200B–200F
    if (byte(0) == 0xE2 && byte(1) == 0x81 && byte(2) >= 0xA0 && byte(2) <= 0xAF) return 3;  // U+2060–206F
    if (byte(0) == 0xEF && byte(1) == 0xB8 && byte(2) >= 0x80 && byte(2) <= 0x8F) return 3;  // selectors
    if (byte(0) == 0xEF && byte(1) == 0xBB && byte(2) == 0xBF) return 3;                     // U+FEFF
    if (byte(0) == 0xF3 && byte(1) == 0xA0) return 4;                                        // tags
    return 0;
}

/// What stands around it must not become another one: a token leaves `instead` in its place.
std::string replaced(std::string_view text, std::size_t (*lengthAt)(std::string_view), std::string_view instead) {
    std::string kept;
    kept.reserve(text.size());
    while (!text.empty()) {
        auto length = std::min(lengthAt(text), text.size());
        if (length > 0)
            kept += instead;
        else
            kept += text.front();
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return kept;
}

std::string withoutUnseen(std::string_view raw) {
    return replaced(validUtf8(raw), unseenLength, "");
}

std::string withoutTokens(std::string_view text) {
    return replaced(text, templateToken, "\xEF\xBF\xBD");
}

}  // namespace

std::string safeText(std::string_view raw) {
    std::string text;
    for (bool first = true; const auto& line : notifiers::cleanLines(withoutUnseen(raw))) {
        text += (first ? "" : "\n") + line;
        first = false;
    }
    return withoutTokens(maskSecrets(text));
}

std::string safeLine(std::string_view raw) {
    return withoutTokens(maskSecrets(notifiers::oneLine(withoutUnseen(raw))));
}

std::string withShortLines(std::string_view text) {
    std::string out;
    for (std::size_t from = 0; from < text.size();) {
        auto end = std::min(text.find('\n', from), text.size());
        out += truncateUtf8(text.substr(from, end - from), longestLine);
        if (end < text.size()) out += '\n';
        from = end + 1;
    }
    return out;
}

}  // namespace klaw::mcp
