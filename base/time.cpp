#include "base/time.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace klaw {
namespace {

std::optional<int> digits(std::string_view text, std::size_t from, std::size_t count) {
    if (from + count > text.size()) return std::nullopt;
    int value = 0;
    for (std::size_t i = from; i < from + count; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/// Consumes ".123456789" at the front of `rest`; nullopt when there is a dot without one to nine digits.
std::optional<Duration> takeFraction(std::string_view& rest) {
    if (rest.empty() || rest[0] != '.') return Duration{};
    std::int64_t nanos = 0;
    std::size_t count = 0;
    while (count + 1 < rest.size() && rest[count + 1] >= '0' && rest[count + 1] <= '9') {
        if (count < 9) nanos = nanos * 10 + (rest[count + 1] - '0');
        ++count;
    }
    if (count == 0 || count > 9) return std::nullopt;
    for (std::size_t i = count; i < 9; ++i) nanos *= 10;
    rest.remove_prefix(count + 1);
    return Duration(nanos);
}

/// "Z", "+08:00" or "-05:30" and nothing after it.
std::optional<std::chrono::minutes> parseOffset(std::string_view text) {
    if (text == "Z" || text == "z") return std::chrono::minutes(0);
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
    auto hours = digits(text, 1, 2);
    auto minutes = digits(text, 4, 2);
    if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    std::chrono::minutes offset(*hours * 60 + *minutes);
    return text[0] == '-' ? -offset : offset;
}

constexpr std::array<std::pair<std::string_view, std::int64_t>, 9> units{{
    {"ms", 1'000'000},
    {"us", 1'000},
    {"µs", 1'000},
    {"ns", 1},
    {"w", 604'800'000'000'000},
    {"d", 86'400'000'000'000},
    {"h", 3'600'000'000'000},
    {"m", 60'000'000'000},
    {"s", 1'000'000'000},
}};

}  // namespace

std::string formatRfc3339(TimePoint time) {
    using namespace std::chrono;
    auto day = floor<days>(time);
    year_month_day date(day);
    hh_mm_ss clock(time - day);
    auto text =
        fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", int(date.year()), unsigned(date.month()),
                    unsigned(date.day()), clock.hours().count(), clock.minutes().count(), clock.seconds().count());
    if (auto nanos = clock.subseconds().count(); nanos != 0) {
        auto fraction = fmt::format(".{:09}", nanos);
        fraction.erase(fraction.find_last_not_of('0') + 1);
        text += fraction;
    }
    return text + 'Z';
}

std::optional<TimePoint> parseRfc3339(std::string_view text) {
    using namespace std::chrono;
    auto y = digits(text, 0, 4), mo = digits(text, 5, 2), d = digits(text, 8, 2);
    auto h = digits(text, 11, 2), mi = digits(text, 14, 2), s = digits(text, 17, 2);
    if (!y || !mo || !d || !h || !mi || !s) return std::nullopt;
    if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':')
        return std::nullopt;
    year_month_day date{year(*y), month(unsigned(*mo)), day(unsigned(*d))};
    if (!date.ok() || *h > 23 || *mi > 59 || *s > 60 || *y < 1678 || *y > 2261) return std::nullopt;
    auto rest = text.substr(19);
    auto fraction = takeFraction(rest);
    if (!fraction) return std::nullopt;
    auto offset = parseOffset(rest);
    if (!offset) return std::nullopt;
    return TimePoint(sys_days(date)) + hours(*h) + minutes(*mi) + seconds(*s) + *fraction - *offset;
}

std::optional<Duration> parseDuration(std::string_view text) {
    bool negative = !text.empty() && text[0] == '-';
    if (negative) text.remove_prefix(1);
    if (text == "0") return Duration{};
    if (text.empty()) return std::nullopt;
    long double total = 0;
    while (!text.empty()) {
        std::size_t length = 0;
        long double number = 0, scale = 0;
        for (; length < text.size() && ((text[length] >= '0' && text[length] <= '9') || text[length] == '.');
             ++length) {
            if (text[length] == '.') {
                if (scale != 0) return std::nullopt;
                scale = 1;
                continue;
            }
            number = number * 10 + (text[length] - '0');
            scale *= 10;
        }
        if (length == 0 || text.substr(0, length) == ".") return std::nullopt;
        text.remove_prefix(length);
        auto unit = units.begin();
        while (unit != units.end() && !text.starts_with(unit->first)) ++unit;
        if (unit == units.end()) return std::nullopt;
        text.remove_prefix(unit->first.size());
        total += number / (scale == 0 ? 1 : scale) * static_cast<long double>(unit->second);
        if (total > 9.2e18L) return std::nullopt;
    }
    return Duration(static_cast<std::int64_t>(negative ? -total : total));
}

std::string formatDuration(Duration duration) {
    if (duration == Duration{}) return "0s";
    std::string text = duration < Duration{} ? "-" : "";
    auto rest = duration < Duration{} ? -duration.count() : duration.count();
    constexpr std::array<std::pair<std::string_view, std::int64_t>, 7> descending{{{"d", 86'400'000'000'000},
                                                                                   {"h", 3'600'000'000'000},
                                                                                   {"m", 60'000'000'000},
                                                                                   {"s", 1'000'000'000},
                                                                                   {"ms", 1'000'000},
                                                                                   {"us", 1'000},
                                                                                   {"ns", 1}}};
    for (auto [unit, size] : descending) {
        if (rest < size) continue;
        text += fmt::format("{}{}", rest / size, unit);
        rest %= size;
    }
    return text;
}

}  // namespace klaw
