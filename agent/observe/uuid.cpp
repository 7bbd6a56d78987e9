#include "agent/observe/uuid.hpp"

#include <fmt/format.h>

namespace klaw::observe {
namespace {

constexpr std::size_t textLength = 36;

bool isHyphenPlace(std::size_t i) {
    return i == 8 || i == 13 || i == 18 || i == 23;
}

int hexDigit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

std::optional<Uuid> parseUuid(std::string_view text) {
    if (text.size() != textLength) return std::nullopt;
    Uuid uuid;
    for (std::size_t i = 0; i < textLength; ++i) {
        if (isHyphenPlace(i)) {
            if (text[i] != '-') return std::nullopt;
            continue;
        }
        int digit = hexDigit(text[i]);
        if (digit < 0) return std::nullopt;
        auto& half = i < 19 ? uuid.high : uuid.low;
        half = half << 4 | static_cast<std::uint64_t>(digit);
    }
    return uuid;
}

std::string format(const Uuid& uuid) {
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", uuid.high >> 32, uuid.high >> 16 & 0xFFFF,
                       uuid.high & 0xFFFF, uuid.low >> 48, uuid.low & 0xFFFF'FFFF'FFFF);
}

}  // namespace klaw::observe
