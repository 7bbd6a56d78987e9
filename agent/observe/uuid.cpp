#include "agent/observe/uuid.hpp"

#include <fmt/format.h>

namespace klaw::observe {
namespace {

constexpr std::size_t textLength = 36;

/// By character: its value, or a bit that no digit has.
struct HexDigits {
    static constexpr std::uint8_t none = 0x80;
    std::uint8_t of[256];
    constexpr HexDigits() : of() {
        for (auto& digit : of) digit = none;
        for (int i = 0; i < 10; ++i) of['0' + i] = static_cast<std::uint8_t>(i);
        for (int i = 0; i < 6; ++i) of['a' + i] = static_cast<std::uint8_t>(10 + i);
    }
};
constexpr HexDigits hexDigits;

/// Reads `count` digits from `at` into the low bits; `bad` gets HexDigits::none where one is none.
std::uint64_t readHex(const char* at, int count, std::uint8_t& bad) {
    std::uint64_t value = 0;
    for (int i = 0; i < count; ++i) {
        auto digit = hexDigits.of[static_cast<unsigned char>(at[i])];
        bad |= digit;
        value = value << 4 | digit;
    }
    return value;
}

}  // namespace

std::optional<Uuid> parseUuid(std::string_view text) {
    if (text.size() != textLength) return std::nullopt;
    const char* at = text.data();
    if (at[8] != '-' || at[13] != '-' || at[18] != '-' || at[23] != '-') return std::nullopt;
    std::uint8_t bad = 0;
    Uuid uuid;
    uuid.high = readHex(at, 8, bad) << 32 | readHex(at + 9, 4, bad) << 16 | readHex(at + 14, 4, bad);
    uuid.low = readHex(at + 19, 4, bad) << 48 | readHex(at + 24, 12, bad);
    if ((bad & HexDigits::none) != 0) return std::nullopt;
    return uuid;
}

std::string format(const Uuid& uuid) {
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", uuid.high >> 32, uuid.high >> 16 & 0xFFFF,
                       uuid.high & 0xFFFF, uuid.low >> 48, uuid.low & 0xFFFF'FFFF'FFFF);
}

}  // namespace klaw::observe
