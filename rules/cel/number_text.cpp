#include "rules/cel/number_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace klaw::rules::cel {
namespace {

std::string text(double value, std::chars_format format) {
    std::array<char, 400> buffer;  // the longest double without an exponent has 309 digits and those of its fraction
    auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format);
    return {buffer.data(), written.ptr};
}

}  // namespace

std::string shortestText(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    auto scientific = text(value, std::chars_format::scientific);
    auto exponentAt = scientific.find('e') + 1;
    int exponent = std::stoi(scientific.substr(exponentAt));
    if (exponent < -4 || exponent >= 6) return scientific;
    return text(value, std::chars_format::fixed);
}

std::string plainText(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
    auto scientific = text(value, std::chars_format::scientific);
    auto exponentAt = scientific.find('e') + 1;
    int exponent = std::stoi(scientific.substr(exponentAt));
    if (exponent < 15) return text(value, std::chars_format::fixed);
    // Beyond that, "fixed" would give digits that the number does not have.
    auto point = scientific.find('.');
    auto end = exponentAt - 1;
    auto digits =
        scientific.substr(0, std::min(point, end)) + (point < end ? scientific.substr(point + 1, end - point - 1) : "");
    auto whole = static_cast<std::size_t>(exponent) + 1 + (value < 0);
    if (digits.size() <= whole) return digits.append(whole - digits.size(), '0');
    return digits.insert(whole, ".");
}

}  // namespace klaw::rules::cel
