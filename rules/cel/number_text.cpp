#include "rules/cel/number_text.hpp"

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
    return text(value, std::chars_format::fixed);
}

}  // namespace klaw::rules::cel
