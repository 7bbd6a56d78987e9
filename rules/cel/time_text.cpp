#include "rules/cel/time_text.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <limits>

#include "rules/cel/number_text.hpp"

namespace klaw::rules::cel {
namespace {

constexpr std::int64_t nanosPerSecond = 1'000'000'000;

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

/// Reads from the front of a text; every step says whether it could.
class TimeReader {
public:
    explicit TimeReader(std::string_view text) : rest_(text) {}

    bool number(std::size_t digits, int& into) {
        if (rest_.size() < digits) return false;
        into = 0;
        for (char c : rest_.substr(0, digits)) {
            if (!isDigit(c)) return false;
            into = into * 10 + (c - '0');
        }
        rest_.remove_prefix(digits);
        return true;
    }
    bool accept(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    /// An optional fraction; digits after the ninth are cut off.
    bool fraction(std::int32_t& nanos) {
        nanos = 0;
        if (!accept('.')) return true;
        std::size_t count = 0;
        for (; !rest_.empty() && isDigit(rest_[0]); ++count, rest_.remove_prefix(1))
            if (count < 9) nanos = nanos * 10 + (rest_[0] - '0');
        for (auto i = count; i < 9; ++i) nanos *= 10;
        return count > 0;
    }
    bool offset(int& minutes) {
        minutes = 0;
        if (accept('Z')) return true;
        bool west = accept('-');
        int hours = 0, rest = 0;
        if (!west && !accept('+')) return false;
        if (!number(2, hours) || !accept(':') || !number(2, rest) || hours > 24 || rest > 60) return false;
        minutes = (west ? -1 : 1) * (hours * 60 + rest);
        return true;
    }
    bool atEnd() const { return rest_.empty(); }

private:
    std::string_view rest_;
};

struct Unit {
    std::string_view name;
    std::int64_t nanos;
};
constexpr std::array<Unit, 8> units{{{"ns", 1},
                                     {"us", 1'000},
                                     {"µs", 1'000},
                                     {"μs", 1'000},
                                     {"ms", 1'000'000},
                                     {"s", nanosPerSecond},
                                     {"m", 60 * nanosPerSecond},
                                     {"h", 3600 * nanosPerSecond}}};

/// One "1.5h" at the front of a duration, in nanoseconds; nullopt when malformed or too large.
std::optional<__int128> takeQuantity(std::string_view& rest) {
    __int128 whole = 0, fraction = 0, scale = 1;
    std::size_t digits = 0;
    for (; !rest.empty() && isDigit(rest[0]); ++digits, rest.remove_prefix(1)) {
        whole = whole * 10 + (rest[0] - '0');
        if (whole > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
    }
    if (rest.starts_with('.')) {
        rest.remove_prefix(1);
        for (; !rest.empty() && isDigit(rest[0]); ++digits, rest.remove_prefix(1)) {
            if (scale >= 1'000'000'000'000'000'000) continue;
            fraction = fraction * 10 + (rest[0] - '0');
            scale *= 10;
        }
    }
    if (digits == 0) return std::nullopt;
    std::size_t length = 0;
    while (length < rest.size() && rest[length] != '.' && !isDigit(rest[length])) ++length;
    for (const auto& unit : units) {
        if (rest.substr(0, length) != unit.name) continue;
        rest.remove_prefix(length);
        return whole * unit.nanos + fraction * unit.nanos / scale;
    }
    return std::nullopt;
}

}  // namespace

std::optional<Value> parseTimestamp(std::string_view text) {
    using namespace std::chrono;
    TimeReader reader(text);
    int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0, offset = 0;
    std::int32_t nanos = 0;
    bool read = reader.number(4, y) && reader.accept('-') && reader.number(2, mo) && reader.accept('-') &&
                reader.number(2, d) && reader.accept('T') && reader.number(2, h) && reader.accept(':') &&
                reader.number(2, mi) && reader.accept(':') && reader.number(2, s) && reader.fraction(nanos) &&
                reader.offset(offset) && reader.atEnd();
    year_month_day date{year(y), month(unsigned(mo)), day(unsigned(d))};
    if (!read || !date.ok() || h > 23 || mi > 59 || s > 59) return std::nullopt;
    auto days = sys_days(date).time_since_epoch().count();
    auto total = std::int64_t(days) * 86'400 + h * 3600 + mi * 60 + s - std::int64_t(offset) * 60;
    if (total < minTimestampSeconds || total > maxTimestampSeconds) return std::nullopt;
    return Value::timestampOf(total, nanos);
}

std::string timestampText(std::int64_t seconds, std::int32_t nanos) {
    using namespace std::chrono;
    sys_seconds time{std::chrono::seconds(seconds)};
    auto midnight = floor<days>(time);
    year_month_day date(midnight);
    hh_mm_ss clock(time - midnight);
    auto text =
        fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", int(date.year()), unsigned(date.month()),
                    unsigned(date.day()), clock.hours().count(), clock.minutes().count(), clock.seconds().count());
    if (nanos != 0) {
        auto fraction = fmt::format(".{:09}", nanos);
        text += fraction.substr(0, fraction.find_last_not_of('0') + 1);
    }
    return text + 'Z';
}

std::optional<Value> parseGoDuration(std::string_view text) {
    bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    if (text == "0") return Value::durationOf(0, 0);
    if (text.empty()) return std::nullopt;
    __int128 total = 0;
    constexpr auto limit = __int128(std::numeric_limits<std::int64_t>::max()) + 1;
    while (!text.empty()) {
        auto part = takeQuantity(text);
        if (!part || (total += *part) > limit) return std::nullopt;
    }
    return durationOfNanos(negative ? -total : total);
}

std::string durationText(const Value& duration) {
    auto nanos = nanosOf(duration);
    auto seconds = static_cast<double>(static_cast<std::int64_t>(nanos / nanosPerSecond)) +
                   static_cast<double>(static_cast<std::int64_t>(nanos % nanosPerSecond)) / 1e9;
    return plainText(seconds) + "s";
}

__int128 nanosOf(const Value& duration) {
    return __int128(duration.seconds()) * nanosPerSecond + duration.nanos();
}

std::optional<Value> durationOfNanos(__int128 nanos) {
    if (nanos > std::numeric_limits<std::int64_t>::max() || nanos < std::numeric_limits<std::int64_t>::min())
        return std::nullopt;
    auto seconds = static_cast<std::int64_t>(nanos / nanosPerSecond);
    auto rest = static_cast<std::int32_t>(nanos % nanosPerSecond);
    return rest < 0 ? Value::durationOf(seconds - 1, rest + static_cast<std::int32_t>(nanosPerSecond))
                    : Value::durationOf(seconds, rest);
}

}  // namespace klaw::rules::cel
