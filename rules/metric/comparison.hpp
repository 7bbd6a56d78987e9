#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace klaw::rules {

/// How people write a value: the unit of a threshold decides.
enum class Unit { Plain, Percent, Bytes, Seconds };

/// A bound on a value: "> 90%", "<= 1.5Gi", "== 0".
struct Comparison {
    enum class Operator { Greater, GreaterOrEqual, Less, LessOrEqual, Equal, NotEqual };
    Operator op = Operator::Greater;
    double bound = 0;
    Unit unit = Unit::Plain;

    /// False for NaN, whatever the operator.
    bool holds(double value) const;
    /// As parseComparison reads it: "> 90.0%".
    std::string text() const;
    friend bool operator==(const Comparison&, const Comparison&) = default;
};

/// Units: % (a hundredth), Ki Mi Gi Ti Pi, k M G T P, ms s m h d (seconds). Nothing for anything else.
std::optional<Comparison> parseComparison(std::string_view text);

/// "93.4%", "1.2Gi", "12.5s", "1042".
std::string formatValue(double value, Unit unit);

}  // namespace klaw::rules
