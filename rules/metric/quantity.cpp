#include "rules/metric/quantity.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace klaw::rules {
namespace {

constexpr std::array<std::pair<std::string_view, double>, 17> suffixes{{
    {"", 1},
    {"n", 1e-9},
    {"u", 1e-6},
    {"m", 1e-3},
    {"k", 1e3},
    {"M", 1e6},
    {"G", 1e9},
    {"T", 1e12},
    {"P", 1e15},
    {"E", 1e18},
    {"Ki", 1024.0},
    {"Mi", 1048576.0},
    {"Gi", 1073741824.0},
    {"Ti", 1099511627776.0},
    {"Pi", 1125899906842624.0},
    {"Ei", 1152921504606846976.0},
    {"K", 1e3},
}};

/// "E" is exa unless digits follow, when it is an exponent.
std::size_t lengthOfNumber(std::string_view text) {
    auto end = text.find_first_not_of("+-.0123456789");
    if (end == std::string_view::npos) return text.size();
    if (text[end] != 'e' && text[end] != 'E') return end;
    auto exponent = end + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    auto digits = text.find_first_not_of("0123456789", exponent);
    bool some = digits == std::string_view::npos ? exponent < text.size() : digits > exponent;
    return some ? std::min(digits, text.size()) : end;
}

}  // namespace

std::optional<double> parseQuantity(std::string_view text) {
    auto length = lengthOfNumber(text);
    auto number = text.substr(0, length);
    if (number.starts_with('+')) number.remove_prefix(1);
    double value = 0;
    auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (failure != std::errc() || end != number.data() + number.size() || !std::isfinite(value)) return std::nullopt;
    auto suffix = text.substr(length);
    for (const auto& [name, factor] : suffixes)
        if (name == suffix) return value * factor;
    return std::nullopt;
}

}  // namespace klaw::rules
