#include <array>

#include "rules/cel/functions.hpp"

// The encoders extension of cel-go (https://github.com/google/cel-go/tree/master/ext#encoders).

namespace klaw::rules::cel {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

Evaluated<Value> encode(Arguments arguments, Meter& meter) {
    if (arguments[0].kind() != Kind::Bytes) return noSuchOverload();
    auto bytes = arguments[0].text();
    if (!meter.charge(bytes.size() / 4)) return costExceeded();
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t j = i; j < i + 3; ++j)
            group = group << 8 | (j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0);
        for (std::size_t j = 0; j < 4; ++j) text += i + j > bytes.size() ? '=' : alphabet[group >> (18 - 6 * j) & 63];
    }
    return Value::string(text);
}

/// The padding may be left out.
Evaluated<Value> decode(Arguments arguments, Meter& meter) {
    if (arguments[0].kind() != Kind::String) return noSuchOverload();
    auto text = arguments[0].text();
    if (!meter.charge(text.size() / 4)) return costExceeded();
    auto malformed = [] { return evalError("illegal base64 data"); };
    if (text.ends_with('=')) {
        if (text.size() % 4 != 0) return malformed();
        text.remove_suffix(text.ends_with("==") ? 2 : 1);
    }
    if (text.size() % 4 == 1) return malformed();
    std::string bytes;
    std::uint32_t bits = 0;
    int count = 0;
    for (char c : text) {
        auto digit = alphabet.find(c);
        if (digit == std::string_view::npos) return malformed();
        bits = bits << 6 | static_cast<std::uint32_t>(digit);
        if ((count += 6) < 8) continue;
        count -= 8;
        bytes += static_cast<char>(bits >> count & 0xFF);
    }
    return Value::bytes(bytes);
}

}  // namespace

std::span<const Function> encoderFunctions() {
    static constexpr std::array<Function, 2> table{{
        {"base64.encode", false, 1, 1, encode},
        {"base64.decode", false, 1, 1, decode},
    }};
    return table;
}

}  // namespace klaw::rules::cel
