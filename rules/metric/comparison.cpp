#include "rules/metric/comparison.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace klaw::rules {
namespace {

struct UnitName {
    std::string_view suffix;
    double factor;
    Unit unit;
};
constexpr std::array<UnitName, 17> units{{
    {"", 1, Unit::Plain},
    {"%", 0.01, Unit::Percent},
    {"Ki", 1024.0, Unit::Bytes},
    {"Mi", 1048576.0, Unit::Bytes},
    {"Gi", 1073741824.0, Unit::Bytes},
    {"Ti", 1099511627776.0, Unit::Bytes},
    {"Pi", 1125899906842624.0, Unit::Bytes},
    {"k", 1e3, Unit::Plain},
    {"M", 1e6, Unit::Plain},
    {"G", 1e9, Unit::Plain},
    {"T", 1e12, Unit::Plain},
    {"P", 1e15, Unit::Plain},
    {"ms", 1e-3, Unit::Seconds},
    {"s", 1, Unit::Seconds},
    {"m", 60, Unit::Seconds},
    {"h", 3600, Unit::Seconds},
    {"d", 86400, Unit::Seconds},
}};

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

using Operator = Comparison::Operator;
constexpr std::pair<std::string_view, Operator> signs[] = {
    {">=", Operator::GreaterOrEqual}, {"<=", Operator::LessOrEqual}, {"==", Operator::Equal},
    {"!=", Operator::NotEqual},       {">", Operator::Greater},      {"<", Operator::Less}};

std::optional<Operator> takeOperator(std::string_view& text) {
    for (const auto& [sign, op] : signs) {
        if (!text.starts_with(sign)) continue;
        text.remove_prefix(sign.size());
        return op;
    }
    return std::nullopt;
}

/// Four significant digits without an exponent where people can read it.
std::string shortNumber(double value) {
    auto magnitude = std::abs(value);
    if (magnitude >= 1000 && magnitude < 1e15) return fmt::format("{:.0f}", value);
    return fmt::format("{:.4g}", value);
}

std::string formatSeconds(double value) {
    static constexpr std::pair<double, std::string_view> names[] = {{86400, "d"}, {3600, "h"}, {60, "m"}};
    for (const auto& [seconds, name] : names)
        if (std::abs(value) >= 2 * seconds && std::isfinite(value))
            return fmt::format("{:.1f}{}", value / seconds, name);
    return fmt::format("{:.4g}s", value);
}

std::string formatBytes(double value) {
    static constexpr std::string_view names[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi"};
    std::size_t step = 0;
    for (; std::abs(value) >= 1024 && step + 1 < std::size(names); ++step) value /= 1024;
    return step == 0 ? fmt::format("{:.0f}", value) : fmt::format("{:.1f}{}", value, names[step]);
}

}  // namespace

bool Comparison::holds(double value) const {
    if (std::isnan(value)) return false;
    switch (op) {
        case Operator::Greater:
            return value > bound;
        case Operator::GreaterOrEqual:
            return value >= bound;
        case Operator::Less:
            return value < bound;
        case Operator::LessOrEqual:
            return value <= bound;
        case Operator::Equal:
            return value == bound;
        case Operator::NotEqual:
            return value != bound;
    }
    return false;
}

std::string Comparison::text() const {
    for (const auto& [sign, meaning] : signs)
        if (meaning == op) return std::string(sign) + " " + formatValue(bound, unit);
    return {};
}

std::optional<Comparison> parseComparison(std::string_view text) {
    text = trimmed(text);
    auto op = takeOperator(text);
    if (!op) return std::nullopt;
    text = trimmed(text);
    double number = 0;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || !std::isfinite(number)) return std::nullopt;
    auto suffix = trimmed(text.substr(static_cast<std::size_t>(end - text.data())));
    for (const auto& unit : units)
        if (unit.suffix == suffix) return Comparison{*op, number * unit.factor, unit.unit};
    return std::nullopt;
}

std::string formatValue(double value, Unit unit) {
    switch (unit) {
        case Unit::Percent:
            return fmt::format("{:.1f}%", value * 100);
        case Unit::Bytes:
            return formatBytes(value);
        case Unit::Seconds:
            return formatSeconds(value);
        case Unit::Plain:
            break;
    }
    return shortNumber(value);
}

}  // namespace klaw::rules
