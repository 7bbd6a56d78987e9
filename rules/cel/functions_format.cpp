#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/text/utf8.hpp"
#include "rules/cel/functions.hpp"
#include "rules/cel/number_text.hpp"
#include "rules/cel/time_text.hpp"

// format() and strings.quote() of the strings extension of cel-go
// (https://github.com/google/cel-go/tree/master/ext#strings).

namespace klaw::rules::cel {
namespace {

using Text = Evaluated<std::string>;
constexpr int maxPrecision = 1000;

tl::unexpected<EvalError> unfit(std::string_view rule, const Value& value) {
    return evalError("error during formatting: " + std::string(rule) + ", was given " + std::string(typeNameOf(value)));
}

/// Adds what %s writes for the value; false for a value that has no text, and when the budget is spent.
bool appendText(std::string& out, const Value& value, Meter& meter);

bool appendList(std::string& out, const Value& list, Meter& meter) {
    out += '[';
    bool written = true, first = true;
    list.forEach([&](const Value&, const Value& element) {
        if (!written) return;
        if (!std::exchange(first, false)) out += ", ";
        written = appendText(out, element, meter);
    });
    out += ']';
    return written;
}

/// Entries in the order of their keys' text.
bool appendMap(std::string& out, const Value& map, Meter& meter) {
    std::multimap<std::string, std::string> entries;
    bool written = true;
    map.forEach([&](const Value& key, const Value& element) {
        if (!written) return;
        std::string name, text;
        written = appendText(name, key, meter) && appendText(text, element, meter);
        entries.emplace(std::move(name), std::move(text));
    });
    out += '{';
    bool first = true;
    for (const auto& [name, text] : entries) out += (std::exchange(first, false) ? "" : ", ") + name + ": " + text;
    out += '}';
    return written;
}

bool appendText(std::string& out, const Value& value, Meter& meter) {
    bool isText = value.kind() == Kind::String || value.kind() == Kind::Bytes;
    if (!meter.charge(1 + (isText ? value.text().size() / 8 : 0))) return false;
    switch (value.kind()) {
        case Kind::Optional:
        case Kind::Extension:
            return false;
        case Kind::Double:
            out += plainText(value.doubleValue());
            return true;
        case Kind::Duration:
            out += durationText(value);
            return true;
        case Kind::List:
            return appendList(out, value, meter);
        case Kind::Map:
            return appendMap(out, value, meter);
        default:
            out += value.toText();
            return true;
    }
}

std::string digits(std::uint64_t magnitude, bool negative, unsigned base) {
    std::string text;
    do text += "0123456789abcdef"[magnitude % base];
    while ((magnitude /= base) > 0);
    if (negative) text += '-';
    std::reverse(text.begin(), text.end());
    return text;
}

std::optional<std::string> wholeNumber(const Value& value, unsigned base) {
    if (value.kind() == Kind::Uint) return digits(value.uintValue(), false, base);
    if (value.kind() != Kind::Int) return std::nullopt;
    bool negative = value.intValue() < 0;
    return digits(negative ? 0 - value.uintValue() : value.uintValue(), negative, base);
}

Text decimal(const Value& value) {
    if (value.kind() == Kind::Double) return plainText(value.doubleValue());
    if (auto text = wholeNumber(value, 10)) return *text;
    return unfit("decimal clause can only be used on ints, uints, and doubles", value);
}

Text binary(const Value& value) {
    if (value.kind() == Kind::Bool) return std::string(value.boolValue() ? "1" : "0");
    if (auto text = wholeNumber(value, 2)) return *text;
    return unfit("only ints, uints, and bools can be formatted as binary", value);
}

Text octal(const Value& value) {
    if (auto text = wholeNumber(value, 8)) return *text;
    return unfit("octal clause can only be used on ints and uints", value);
}

Text hexadecimal(const Value& value, bool upper) {
    std::string text;
    if (value.kind() == Kind::String || value.kind() == Kind::Bytes)
        for (unsigned char c : value.text()) text += fmt::format("{:02x}", c);
    else if (auto whole = wholeNumber(value, 16))
        text = *whole;
    else
        return unfit("only ints, uints, bytes, and strings can be formatted as hex", value);
    if (upper)
        for (auto& c : text) c = c >= 'a' ? static_cast<char>(c - 32) : c;
    return text;
}

Text fraction(const Value& value, int precision, bool scientific) {
    auto number = value.asNumber();
    if (!number)
        return unfit(scientific ? "scientific clause can only be used on ints, uints, and doubles"
                                : "fixed-point clause can only be used on ints, uints, and doubles",
                     value);
    if (!std::isfinite(*number)) return plainText(*number);
    return scientific ? fmt::format("{:.{}e}", *number, precision) : fmt::format("{:.{}f}", *number, precision);
}

/// Reads ".3" before a clause letter; 6 when there is none.
Evaluated<int> takePrecision(std::string_view& rest) {
    if (!rest.starts_with('.')) return 6;
    rest.remove_prefix(1);
    int precision = 0;
    bool any = false;
    for (; !rest.empty() && rest[0] >= '0' && rest[0] <= '9'; rest.remove_prefix(1), any = true)
        if (precision <= maxPrecision) precision = precision * 10 + (rest[0] - '0');
    if (!any || precision > maxPrecision)
        return evalError("could not parse formatting clause: error while parsing precision");
    return precision;
}

Text clause(char letter, int precision, const Value& value, Meter& meter) {
    switch (letter) {
        case 's': {
            std::string text;
            if (appendText(text, value, meter)) return text;
            if (meter.spent()) return costExceeded();
            return unfit(
                "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, "
                "durations, "
                "and timestamps",
                value);
        }
        case 'd':
            return decimal(value);
        case 'f':
        case 'e':
            return fraction(value, precision, letter == 'e');
        case 'b':
            return binary(value);
        case 'o':
            return octal(value);
        case 'x':
        case 'X':
            return hexadecimal(value, letter == 'X');
        default:
            return evalError("could not parse formatting clause: unrecognized formatting clause \"" +
                             std::string(1, letter) + "\"");
    }
}

Evaluated<Value> format(Arguments arguments, Meter& meter) {
    if (arguments[0].kind() != Kind::String || arguments[1].kind() != Kind::List) return noSuchOverload();
    std::string text;
    std::size_t used = 0;
    for (auto rest = arguments[0].text(); !rest.empty();) {
        auto percent = std::min(rest.find('%'), rest.size());
        text += rest.substr(0, percent);
        rest.remove_prefix(percent);
        if (rest.empty()) break;
        rest.remove_prefix(1);
        if (rest.starts_with('%')) {
            text += '%';
            rest.remove_prefix(1);
            continue;
        }
        if (used >= arguments[1].size()) return evalError("index " + std::to_string(used) + " out of range");
        auto precision = takePrecision(rest);
        if (!precision) return tl::unexpected<EvalError>(std::move(precision.error()));
        if (rest.empty()) return evalError("unexpected end of string");
        auto part = clause(rest[0], *precision, arguments[1].at(used++), meter);
        if (!part) return tl::unexpected<EvalError>(std::move(part.error()));
        if (!meter.charge(1 + text.size() / 64 + part->size() / 8)) return costExceeded();
        text += *part;
        rest.remove_prefix(1);
    }
    return Value::string(text);
}

Evaluated<Value> quote(Arguments arguments, Meter& meter) {
    if (arguments[0].kind() != Kind::String) return noSuchOverload();
    if (!meter.charge(arguments[0].text().size() / 8)) return costExceeded();
    static constexpr std::string_view special = "\a\b\f\n\r\t\v\\\"", names = "abfnrtv\\\"";
    std::string text = "\"";
    for (char c : validUtf8(arguments[0].text())) {
        if (auto found = special.find(c); found != std::string_view::npos)
            (text += '\\') += names[found];
        else
            text += c;
    }
    return Value::string(text + '"');
}

}  // namespace

std::span<const Function> formatFunctions() {
    static constexpr std::array<Function, 2> table{{
        {"format", true, 2, 2, format},
        {"strings.quote", false, 1, 1, quote},
    }};
    return table;
}

}  // namespace klaw::rules::cel
