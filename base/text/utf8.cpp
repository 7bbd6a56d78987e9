#include "base/text/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace klaw {
namespace {

struct CodePoint {
    std::uint32_t value;
    std::size_t size;  ///< 0 when malformed
};

CodePoint decode(std::string_view text, std::size_t at) {
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    unsigned char first = byte(at);
    if (first < 0x80) return {first, 1};
    std::size_t size = first >= 0xF0 && first <= 0xF4  ? 4
                       : first >= 0xE0 && first < 0xF0 ? 3
                       : first >= 0xC2 && first < 0xE0 ? 2
                                                       : 0;
    if (size == 0 || at + size > text.size()) return {0, 0};
    std::uint32_t value = first & (0x7F >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80) return {0, 0};
        value = value << 6 | (byte(at + i) & 0x3F);
    }
    bool overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
    bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (overlong || surrogate || value > 0x10FFFF) return {0, 0};
    return {value, size};
}

bool isWideBlank(std::uint32_t c) {
    return c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F || c == 0x3000;
}

/// Symbols among narrow ones that terminals show as emoji: East_Asian_Width W in 0x2300 to 0x2BFF.
constexpr std::uint32_t wideSymbols[][2] = {
    {0x231A, 0x231B}, {0x23E9, 0x23EC}, {0x23F0, 0x23F0}, {0x23F3, 0x23F3}, {0x25FD, 0x25FE}, {0x2614, 0x2615},
    {0x2648, 0x2653}, {0x267F, 0x267F}, {0x2693, 0x2693}, {0x26A1, 0x26A1}, {0x26AA, 0x26AB}, {0x26BD, 0x26BE},
    {0x26C4, 0x26C5}, {0x26CE, 0x26CE}, {0x26D4, 0x26D4}, {0x26EA, 0x26EA}, {0x26F2, 0x26F3}, {0x26F5, 0x26F5},
    {0x26FA, 0x26FA}, {0x26FD, 0x26FD}, {0x2705, 0x2705}, {0x270A, 0x270B}, {0x2728, 0x2728}, {0x274C, 0x274C},
    {0x274E, 0x274E}, {0x2753, 0x2755}, {0x2757, 0x2757}, {0x2795, 0x2797}, {0x27B0, 0x27B0}, {0x27BF, 0x27BF},
    {0x2B1B, 0x2B1C}, {0x2B50, 0x2B50}, {0x2B55, 0x2B55}};

bool isWideSymbol(std::uint32_t c) {
    if (c < 0x2300 || c > 0x2BFF) return false;
    return std::any_of(std::begin(wideSymbols), std::end(wideSymbols),
                       [&](const auto& range) { return c >= range[0] && c <= range[1]; });
}

std::size_t columns(std::uint32_t c) {
    if ((c >= 0x300 && c <= 0x36F) || (c >= 0x200B && c <= 0x200F) || (c >= 0xFE00 && c <= 0xFE0F)) return 0;
    bool wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
                (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
                (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF) || (c >= 0x20000 && c <= 0x3FFFD) ||
                isWideSymbol(c);
    return wide ? 2 : 1;
}

}  // namespace

bool isValidUtf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        auto size = decode(text, at).size;
        if (size == 0) return false;
        at += size;
    }
    return true;
}

std::string validUtf8(std::string_view text) {
    std::string valid;
    valid.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        auto size = decode(text, at).size;
        if (size == 0) {
            valid += "\xEF\xBF\xBD";
            ++at;
            continue;
        }
        valid += text.substr(at, size);
        at += size;
    }
    return valid;
}

std::string truncateUtf8(std::string_view text, std::size_t maxBytes, std::string_view ellipsis) {
    if (text.size() <= maxBytes) return std::string(text);
    if (ellipsis.size() > maxBytes) ellipsis = {};
    std::size_t keep = maxBytes - ellipsis.size();
    while (keep > 0 && (static_cast<unsigned char>(text[keep]) & 0xC0) == 0x80) --keep;
    return std::string(text.substr(0, keep)) + std::string(ellipsis);
}

std::string withPlainBlanks(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size();) {
        auto point = decode(text, at);
        auto size = std::max<std::size_t>(point.size, 1);
        if (isWideBlank(point.value))
            plain += ' ';
        else if (point.value != 0x200B && point.value != 0xFEFF)
            plain += text.substr(at, size);
        at += size;
    }
    return plain;
}

std::size_t displayWidth(std::string_view text) {
    std::size_t width = 0;
    for (std::size_t at = 0; at < text.size();) {
        auto point = decode(text, at);
        width += point.size == 0 ? 1 : columns(point.value);
        at += point.size == 0 ? 1 : point.size;
    }
    return width;
}

}  // namespace klaw
