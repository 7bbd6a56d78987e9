#include "base/cron_schedule.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string>
#include <vector>

namespace klaw {
namespace {

using std::chrono::days;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr int horizonYears = 8;  // between two 29 February there are at most that many

struct FieldFormat {
    std::string_view name;
    int first, last;
    std::span<const std::string_view> words;  ///< of the numbers from `first`
};

constexpr std::string_view monthWords[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                           "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::string_view dayWords[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr std::array<FieldFormat, 5> formats{{{"minute", 0, 59, {}},
                                              {"hour", 0, 23, {}},
                                              {"day of month", 1, 31, {}},
                                              {"month", 1, 12, monthWords},
                                              {"day of week", 0, 7, dayWords}}};

constexpr std::pair<std::string_view, std::string_view> nicknames[] = {
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"}, {"@weekly", "0 0 * * 0"},
    {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@hourly", "0 * * * *"},
};

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (std::size_t begin = 0; begin <= text.size();) {
        auto end = std::min(text.find(separator, begin), text.size());
        if (end > begin || separator != ' ') parts.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

std::optional<int> number(std::string_view text, const FieldFormat& format) {
    std::string lower;
    for (char c : text) lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    for (std::size_t i = 0; i < format.words.size(); ++i)
        if (format.words[i] == lower) return format.first + static_cast<int>(i);
    int value = 0;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    bool whole = failure == std::errc() && end == text.data() + text.size() && !text.empty() && text[0] != '-';
    return whole ? std::optional(value) : std::nullopt;
}

Error wrong(const FieldFormat& format, std::string_view text) {
    return Error(ErrorCode::InvalidArgument,
                 "the " + std::string(format.name) + " \"" + std::string(text) + "\" is none", {},
                 "write numbers from " + std::to_string(format.first) + " to " + std::to_string(format.last) +
                     ", `*`, a range `1-5`, a list `1,15` or a step `*/10`");
}

/// The numbers that one field of the schedule stands for.
Result<std::vector<int>> readField(std::string_view text, const FieldFormat& format) {
    std::vector<int> numbers;
    for (auto item : split(text, ',')) {
        int first = format.first, last = format.last, step = 1;
        auto slash = item.find('/');
        auto range = item.substr(0, slash);
        if (slash != std::string_view::npos) {
            auto written = number(item.substr(slash + 1), {});
            if (!written || *written < 1) return fail(wrong(format, text));
            step = *written;
        }
        if (range != "*" && range != "?") {
            auto dash = range.find('-');
            auto from = number(range.substr(0, dash), format);
            auto until = dash == std::string_view::npos ? from : number(range.substr(dash + 1), format);
            if (!from || !until || *from < format.first || *until > format.last || *from > *until)
                return fail(wrong(format, text));
            first = *from;
            // "5/15" means from 5 on.
            last = dash == std::string_view::npos && slash != std::string_view::npos ? format.last : *until;
        }
        for (int value = first; value <= last; value += step) numbers.push_back(value);
    }
    return numbers;
}

/// The moment at which clocks of the zone first show this local time, or jump over it.
std::int64_t firstInstantOf(std::int64_t local, const TimeZone& zone) {
    constexpr std::int64_t day = 86'400;
    auto before = zone.offsetAt(local - day).count(), after = zone.offsetAt(local + day).count();
    auto early = local - std::max(before, after), late = local - std::min(before, after);
    if (early + zone.offsetAt(early).count() == local) return early;
    if (late + zone.offsetAt(late).count() == local) return late;
    while (early < late) {  // left out: the change of clocks lies between
        auto middle = early + (late - early) / 2;
        if (zone.offsetAt(middle).count() == before)
            early = middle + 1;
        else
            late = middle;
    }
    return early;
}

}  // namespace

Result<CronSchedule> CronSchedule::parse(std::string_view text) {
    for (const auto& [nickname, fields] : nicknames)
        if (text == nickname) return parse(fields);
    auto fields = split(text, ' ');
    if (fields.size() != formats.size())
        return fail(ErrorCode::InvalidArgument, "\"" + std::string(text) + "\" is no schedule", {},
                    "write five fields: minute, hour, day of month, month, day of week; for example \"0 2 * * 6\"");
    CronSchedule schedule;
    for (std::size_t i = 0; i < formats.size(); ++i) {
        auto numbers = readField(fields[i], formats[i]);
        if (!numbers) return fail(std::move(numbers).error());
        for (auto number : *numbers) {
            auto at = static_cast<std::size_t>(number);
            if (i == 0) schedule.minutes_.set(at);
            if (i == 1) schedule.hours_.set(at);
            if (i == 2) schedule.daysOfMonth_.set(at);
            if (i == 3) schedule.months_.set(at);
            if (i == 4) schedule.daysOfWeek_.set(at % 7);  // 7 is Sunday too
        }
    }
    schedule.anyDayOfMonth_ = fields[2].starts_with('*') || fields[2] == "?";
    schedule.anyDayOfWeek_ = fields[4].starts_with('*') || fields[4] == "?";
    return schedule;
}

bool CronSchedule::matchesDay(sys_days day) const {
    std::chrono::year_month_day date(day);
    if (!months_[unsigned(date.month())]) return false;
    bool ofMonth = daysOfMonth_[unsigned(date.day())];
    bool ofWeek = daysOfWeek_[std::chrono::weekday(day).c_encoding()];
    return anyDayOfMonth_ || anyDayOfWeek_ ? ofMonth && ofWeek : ofMonth || ofWeek;
}

std::optional<TimePoint> CronSchedule::nextAfter(TimePoint time, const TimeZone& zone) const {
    auto now = std::chrono::floor<seconds>(time.time_since_epoch()).count();
    auto today = std::chrono::floor<days>(sys_seconds(seconds(now + zone.offsetAt(now).count())));
    for (auto day = today - days(1); day < today + days(366 * horizonYears); day += days(1)) {
        if (!matchesDay(day)) continue;
        auto midnight = std::chrono::duration_cast<seconds>(day.time_since_epoch()).count();
        for (std::size_t hour = 0; hour < hours_.size(); ++hour)
            for (std::size_t minute = 0; hours_[hour] && minute < minutes_.size(); ++minute) {
                if (!minutes_[minute]) continue;
                auto start = firstInstantOf(midnight + static_cast<std::int64_t>(hour * 3600 + minute * 60), zone);
                if (start > now) return TimePoint(seconds(start));
            }
    }
    return std::nullopt;
}

}  // namespace klaw
