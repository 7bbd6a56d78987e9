#include "agent/observe/json_number.hpp"

#include <charconv>

namespace klaw::observe {
namespace {

const char* skipDigits(const char* at, const char* end) {
    while (at != end && *at >= '0' && *at <= '9') ++at;
    return at;
}

struct NumberShape {
    bool valid = false;
    bool integer = false;
};

NumberShape shapeOf(std::string_view token) {
    const char* at = token.data();
    const char* end = at + token.size();
    if (at != end && *at == '-') ++at;
    const char* digits = at;
    at = skipDigits(at, end);
    if (at == digits || (*digits == '0' && at - digits > 1)) return {};
    if (at == end) return {true, true};
    if (*at == '.') {
        const char* fraction = ++at;
        at = skipDigits(at, end);
        if (at == fraction) return {};
    }
    if (at != end && (*at == 'e' || *at == 'E')) {
        if (++at != end && (*at == '+' || *at == '-')) ++at;
        const char* exponent = at;
        at = skipDigits(at, end);
        if (at == exponent) return {};
    }
    return {at == end, false};
}

}  // namespace

bool writeNumber(std::string_view token, PackedWriter& into) {
    auto shape = shapeOf(token);
    if (!shape.valid) return false;
    const char* end = token.data() + token.size();
    if (std::int64_t integer = 0; shape.integer && std::from_chars(token.data(), end, integer).ec == std::errc()) {
        into.integer(integer);
        return true;
    }
    double number = 0;
    if (std::from_chars(token.data(), end, number).ec != std::errc()) return false;
    into.number(number);
    return true;
}

}  // namespace klaw::observe
