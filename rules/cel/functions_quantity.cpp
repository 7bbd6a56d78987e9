#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <limits>

#include "rules/cel/functions.hpp"

// Kubernetes' quantities ("100m", "1.5Gi"), as apimachinery's resource.Quantity reads and adds them.

namespace klaw::rules::cel {
namespace {

using Wide = __int128;
constexpr Wide nanosPerUnit = 1'000'000'000;
constexpr Wide largest = Wide(1) << 120;  // beyond it, amounts compare as equal
constexpr int smallestScale = -9;

Wide saturated(Wide value) {
    return value > largest ? largest : value < -largest ? -largest : value;
}

Wide timesPowerOfTen(Wide value, int exponent) {
    for (; exponent > 0 && value != 0; --exponent)
        value =
            saturated(value > largest / 10 || value < -largest / 10 ? (value > 0 ? largest : -largest) : value * 10);
    return value;
}

/// value · 10^scale: amounts of few digits, which alone can be asked for as an integer.
struct Decimal {
    std::int64_t value = 0;
    int scale = 0;

    Wide nanos() const { return timesPowerOfTen(value, scale - smallestScale); }
    /// The same amount at a smaller scale; nullopt when it does not fit.
    std::optional<std::int64_t> at(int smaller) const {
        auto wide = timesPowerOfTen(value, scale - smaller);
        if (wide > std::numeric_limits<std::int64_t>::max() || wide < std::numeric_limits<std::int64_t>::min())
            return std::nullopt;
        return static_cast<std::int64_t>(wide);
    }
    std::optional<std::int64_t> whole() const { return scale < 0 ? std::nullopt : at(0); }
};

std::optional<Decimal> sum(const Decimal& a, const Decimal& b, bool negative) {
    if (b.value == 0) return a;
    auto scale = a.value == 0 ? b.scale : std::min(a.scale, b.scale);
    auto left = a.at(scale), right = b.at(scale);
    std::int64_t result = 0;
    if (!left || !right ||
        (negative ? __builtin_sub_overflow(*left, *right, &result) : __builtin_add_overflow(*left, *right, &result)))
        return std::nullopt;
    return Decimal{result, scale};
}

class Quantity : public Extension {
public:
    explicit Quantity(const Decimal& decimal) : decimal_(decimal), nanos_(decimal.nanos()) {}
    /// An amount that is kept in steps of 10^-decimals, which decides how it is rounded to a double.
    Quantity(Wide nanos, int decimals) : nanos_(saturated(nanos)), decimals_(decimals) {}

    std::string_view typeName() const override { return "kubernetes.Quantity"; }
    bool equals(const Extension& other) const override { return nanos_ == static_cast<const Quantity&>(other).nanos_; }
    /// In units with nine decimals at most; exact, without a suffix.
    std::string toText() const override {
        auto magnitude = nanos_ < 0 ? -nanos_ : nanos_;
        auto text = fmt::format("{}{}", nanos_ < 0 ? "-" : "", magnitude / nanosPerUnit);
        if (auto rest = static_cast<std::int64_t>(magnitude % nanosPerUnit); rest != 0) {
            text += fmt::format(".{:09}", rest);
            text.erase(text.find_last_not_of('0') + 1);
        }
        return text;
    }

    Wide nanos() const { return nanos_; }
    std::optional<std::int64_t> whole() const { return decimal_ ? decimal_->whole() : std::nullopt; }
    double approximate() const {
        auto value = static_cast<Wide>(decimal_ ? decimal_->value : 0);
        if (!decimal_) {
            value = nanos_;
            for (int i = decimals_; i < -smallestScale; ++i) value /= 10;
        }
        auto power = "1e" + std::to_string(-decimals());
        return decimals() == 0 ? static_cast<double>(value)
                               : static_cast<double>(value) * std::strtod(power.c_str(), nullptr);
    }
    Quantity plus(const Quantity& other, bool negative) const {
        if (decimal_ && other.decimal_)
            if (auto total = sum(*decimal_, *other.decimal_, negative)) return Quantity(*total);
        return {nanos_ + (negative ? -other.nanos_ : other.nanos_), std::max(decimals(), other.decimals())};
    }

private:
    int decimals() const { return decimal_ ? -decimal_->scale : decimals_; }

    std::optional<Decimal> decimal_;
    Wide nanos_ = 0;
    int decimals_ = -smallestScale;
};

struct Suffix {
    std::string_view name;
    int exponent;
    bool binary;
};
constexpr std::array<Suffix, 16> suffixes{{{"", 0, false},
                                           {"n", -9, false},
                                           {"u", -6, false},
                                           {"m", -3, false},
                                           {"k", 3, false},
                                           {"M", 6, false},
                                           {"G", 9, false},
                                           {"T", 12, false},
                                           {"P", 15, false},
                                           {"E", 18, false},
                                           {"Ki", 10, true},
                                           {"Mi", 20, true},
                                           {"Gi", 30, true},
                                           {"Ti", 40, true},
                                           {"Pi", 50, true},
                                           {"Ei", 60, true}}};

std::optional<Suffix> readSuffix(std::string_view text) {
    for (const auto& suffix : suffixes)
        if (suffix.name == text) return suffix;
    if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E') || text.size() > 8) return std::nullopt;
    std::string exponent(text.substr(1));
    char* end = nullptr;
    auto value = std::strtol(exponent.c_str(), &end, 10);
    if (end != exponent.c_str() + exponent.size() || exponent[0] == ' ') return std::nullopt;
    return Suffix{"", static_cast<int>(value), false};
}

std::string_view takeDigits(std::string_view& rest) {
    auto length = std::min(rest.find_first_not_of("0123456789"), rest.size());
    auto digits = rest.substr(0, length);
    rest.remove_prefix(length);
    return digits;
}

/// Digits as a number, saturated.
Wide wholeNumber(std::string_view digits) {
    Wide value = 0;
    for (char c : digits) {
        if (value > largest / 10) return largest;
        value = value * 10 + (c - '0');
    }
    return value;
}

/// whole.fraction · 2^exponent or 10^exponent in nanos, rounded away from zero, as nobody should get nothing.
Wide exactNanos(std::string_view whole, std::string_view fraction, const Suffix& suffix) {
    constexpr std::size_t fractionDigits = 18;
    auto digits = std::string(whole) + std::string(fraction);
    auto point = static_cast<std::ptrdiff_t>(whole.size()) + (suffix.binary ? 0 : suffix.exponent);
    if (point < 0) {
        digits.insert(0, static_cast<std::size_t>(std::min<std::ptrdiff_t>(-point, 30)), '0');
        point = 0;
    }
    if (point > static_cast<std::ptrdiff_t>(digits.size()))
        digits.append(static_cast<std::size_t>(std::min<std::ptrdiff_t>(point, 60)) - digits.size(), '0');
    auto split = std::min(static_cast<std::size_t>(point), digits.size());
    auto decimals = digits.substr(split, fractionDigits);
    bool more = digits.find_first_not_of('0', std::min(split + fractionDigits, digits.size())) != std::string::npos;
    decimals.resize(fractionDigits, '0');
    auto factor = Wide(1) << (suffix.binary ? suffix.exponent : 0);
    auto wholePart = wholeNumber(std::string_view(digits).substr(0, split));
    constexpr auto binaryLimit = Wide(std::numeric_limits<std::int64_t>::max()) * nanosPerUnit;
    if (wholePart > largest / (factor * nanosPerUnit)) return suffix.binary ? binaryLimit : largest;
    auto scaled = wholeNumber(decimals) * factor;  // · 10^-18
    auto nanos = scaled / nanosPerUnit;
    if (scaled % nanosPerUnit != 0 || more) ++nanos;
    nanos += wholePart * factor * nanosPerUnit;
    return suffix.binary ? std::min(nanos, binaryLimit) : nanos;
}

/// The decimal form of amounts of few digits.
std::optional<Decimal> fewDigits(std::string_view whole, std::string_view fraction, const Suffix& suffix) {
    auto length = static_cast<int>(whole.size() + fraction.size());
    if (suffix.binary) {
        if (!fraction.empty() || 15 - length - suffix.exponent * 3 / 10 - 1 < 0) return std::nullopt;
        return Decimal{static_cast<std::int64_t>(wholeNumber(whole)) << suffix.exponent, 0};
    }
    auto scale = suffix.exponent - static_cast<int>(fraction.size());
    if (length > 18 || scale < smallestScale) return std::nullopt;
    return Decimal{static_cast<std::int64_t>(wholeNumber(std::string(whole) + std::string(fraction))), scale};
}

std::optional<Quantity> parseQuantity(std::string_view text) {
    if (text.empty()) return std::nullopt;
    auto rest = text;
    bool negative = rest.starts_with('-');
    if (negative || rest.starts_with('+')) rest.remove_prefix(1);
    auto whole = takeDigits(rest);
    whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
    if (whole.empty()) whole = "0";
    std::string_view fraction;
    if (rest.starts_with('.')) {
        rest.remove_prefix(1);
        fraction = takeDigits(rest);
    }
    auto suffix = readSuffix(rest);
    if (!suffix) return std::nullopt;
    if (auto decimal = fewDigits(whole, fraction, *suffix)) {
        if (negative) decimal->value = -decimal->value;
        return Quantity(*decimal);
    }
    auto nanos = exactNanos(whole, fraction, *suffix);
    bool capped = suffix->binary && nanos == Wide(std::numeric_limits<std::int64_t>::max()) * nanosPerUnit;
    // Nothing is rounded to nanos but what is something: zero keeps the decimals that it was written with.
    int written = static_cast<int>(fraction.size()) - (suffix->binary ? 0 : suffix->exponent);
    return Quantity(negative ? -nanos : nanos, nanos == 0 ? written : capped ? 0 : -smallestScale);
}

Value valueOf(Quantity quantity) {
    return Value::extension(std::make_shared<const Quantity>(std::move(quantity)));
}

const Quantity* asQuantity(const Value& value) {
    return value.kind() == Kind::Extension ? dynamic_cast<const Quantity*>(&value.extension()) : nullptr;
}

Evaluated<Value> quantity(Arguments arguments, Meter& meter) {
    if (arguments[0].kind() != Kind::String) return noSuchOverload();
    if (!meter.charge(arguments[0].text().size() / 4)) return costExceeded();
    auto parsed = parseQuantity(arguments[0].text());
    if (!parsed)
        return evalError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
    return valueOf(std::move(*parsed));
}

Evaluated<Value> isQuantity(Arguments arguments, Meter& meter) {
    if (arguments[0].kind() != Kind::String) return noSuchOverload();
    if (!meter.charge(arguments[0].text().size() / 4)) return costExceeded();
    return Value::boolean(parseQuantity(arguments[0].text()).has_value());
}

Evaluated<int> order(Arguments arguments) {
    const auto *a = asQuantity(arguments[0]), *b = asQuantity(arguments[1]);
    if (!a || !b) return noSuchOverload();
    return (a->nanos() > b->nanos()) - (a->nanos() < b->nanos());
}
Evaluated<Value> compareTo(Arguments arguments, Meter&) {
    return order(arguments).map([](int sign) { return Value::integer(sign); });
}
Evaluated<Value> isGreaterThan(Arguments arguments, Meter&) {
    return order(arguments).map([](int sign) { return Value::boolean(sign > 0); });
}
Evaluated<Value> isLessThan(Arguments arguments, Meter&) {
    return order(arguments).map([](int sign) { return Value::boolean(sign < 0); });
}

Evaluated<Value> total(Arguments arguments, bool negative) {
    const auto *a = asQuantity(arguments[0]), *b = asQuantity(arguments[1]);
    if (!a || (!b && arguments[1].kind() != Kind::Int)) return noSuchOverload();
    return valueOf(a->plus(b ? *b : Quantity(Decimal{arguments[1].intValue(), 0}), negative));
}
Evaluated<Value> add(Arguments arguments, Meter&) {
    return total(arguments, false);
}
Evaluated<Value> subtract(Arguments arguments, Meter&) {
    return total(arguments, true);
}

Evaluated<Value> sign(Arguments arguments, Meter&) {
    const auto* a = asQuantity(arguments[0]);
    if (!a) return noSuchOverload();
    return Value::integer((a->nanos() > 0) - (a->nanos() < 0));
}

Evaluated<Value> isInteger(Arguments arguments, Meter&) {
    const auto* a = asQuantity(arguments[0]);
    if (!a) return noSuchOverload();
    return Value::boolean(a->whole().has_value());
}

Evaluated<Value> asInteger(Arguments arguments, Meter&) {
    const auto* a = asQuantity(arguments[0]);
    if (!a) return noSuchOverload();
    if (!a->whole()) return evalError("cannot convert value to integer");
    return Value::integer(*a->whole());
}

Evaluated<Value> asApproximateFloat(Arguments arguments, Meter&) {
    const auto* a = asQuantity(arguments[0]);
    if (!a) return noSuchOverload();
    return Value::number(a->approximate());
}

}  // namespace

std::span<const Function> quantityFunctions() {
    static constexpr std::array<Function, 12> table{{
        {"quantity", false, 1, 1, quantity},
        {"isQuantity", false, 1, 1, isQuantity},
        {"compareTo", true, 2, 2, compareTo},
        {"isGreaterThan", true, 2, 2, isGreaterThan},
        {"isLessThan", true, 2, 2, isLessThan},
        {"add", true, 2, 2, add},
        {"sub", true, 2, 2, subtract},
        {"sign", false, 1, 1, sign},
        {"sign", true, 1, 1, sign},
        {"isInteger", true, 1, 1, isInteger},
        {"asInteger", true, 1, 1, asInteger},
        {"asApproximateFloat", true, 1, 1, asApproximateFloat},
    }};
    return table;
}

}  // namespace klaw::rules::cel
