#include "base/time_zone.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <string>

namespace klaw {
namespace {

std::int64_t bigEndian(std::string_view bytes) {
    auto value = static_cast<std::uint64_t>(static_cast<signed char>(bytes.empty() ? 0 : bytes[0]));
    for (char c : bytes.substr(std::min<std::size_t>(1, bytes.size())))
        value = value << 8 | static_cast<unsigned char>(c);
    return static_cast<std::int64_t>(value);
}

struct Header {
    std::size_t isUtc = 0, isStandard = 0, leaps = 0, changes = 0, types = 0, characters = 0;
    std::size_t size(std::size_t timeSize) const {
        return changes * (timeSize + 1) + types * 6 + characters + leaps * (timeSize + 4) + isStandard + isUtc;
    }
};
constexpr std::size_t headerSize = 44;

std::optional<Header> readHeader(std::string_view tzif) {
    if (tzif.size() < headerSize || !tzif.starts_with("TZif")) return std::nullopt;
    auto count = [&](std::size_t index) { return static_cast<std::size_t>(bigEndian(tzif.substr(20 + 4 * index, 4))); };
    Header header{count(0), count(1), count(2), count(3), count(4), count(5)};
    if (std::max({header.isUtc, header.isStandard, header.leaps, header.changes, header.types, header.characters}) >
        100'000)
        return std::nullopt;
    return header;
}

bool isValidName(std::string_view name) {
    return !name.empty() && name.size() < 100 && name[0] != '/' && name[0] != '.' &&
           name.find("..") == std::string_view::npos &&
           std::all_of(
               name.begin(), name.end(),
               [](unsigned char c) {
                   return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
                          c == '_' || c == '-' || c == '+';
               });
}

std::shared_ptr<const TimeZone> readZone(const std::string& name) {
    const char* directory = std::getenv("TZDIR");
    std::ifstream file(std::string(directory ? directory : "/usr/share/zoneinfo") + "/" + name, std::ios::binary);
    if (!file) return nullptr;
    std::string bytes(std::istreambuf_iterator<char>(file), {});
    return TimeZone::parse(bytes);
}

/// Reads a POSIX TZ text from its front.
class PosixReader {
public:
    explicit PosixReader(std::string_view text) : rest_(text) {}
    bool atEnd() const { return rest_.empty(); }
    bool accept(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool name() {
        std::size_t length = 0;
        if (accept('<')) {
            length = std::min(rest_.find('>'), rest_.size());
            rest_.remove_prefix(std::min(length + 1, rest_.size()));
            return length > 0;
        }
        while (length < rest_.size() && std::isalpha(static_cast<unsigned char>(rest_[length]))) ++length;
        rest_.remove_prefix(length);
        return length > 0;
    }
    std::optional<int> number() {
        std::size_t length = 0;
        int value = 0;
        while (length < rest_.size() && length < 5 && rest_[length] >= '0' && rest_[length] <= '9')
            value = value * 10 + (rest_[length++] - '0');
        if (length == 0) return std::nullopt;
        rest_.remove_prefix(length);
        return value;
    }
    /// "[-]h[:m[:s]]" in seconds.
    std::optional<std::int32_t> time() {
        bool negative = accept('-');
        if (!negative) accept('+');
        auto hours = number();
        if (!hours || *hours > 200) return std::nullopt;
        int total = *hours * 3600;
        for (int unit = 60; unit > 0 && accept(':'); unit /= 60) {
            auto part = number();
            if (!part || *part > 59) return std::nullopt;
            total += *part * unit;
        }
        return negative ? -total : total;
    }

private:
    std::string_view rest_;
};

}  // namespace

std::int64_t TimeZone::YearlyChange::at(int year) const {
    using namespace std::chrono;
    sys_days begin = std::chrono::year(year) / 1 / 1;
    sys_days date = begin + days(day);
    if (kind == Kind::JulianWithoutLeapDay)
        date = begin + days(day - 1 + (std::chrono::year(year).is_leap() && day >= 60 ? 1 : 0));
    if (kind == Kind::MonthWeekDay) {
        auto inMonth = std::chrono::year(year) / std::chrono::month(unsigned(month));
        weekday wanted{unsigned(day)};
        date = week == 5 ? sys_days(inMonth / wanted[last]) : sys_days(inMonth / wanted[unsigned(week)]);
    }
    return std::int64_t(date.time_since_epoch().count()) * 86'400 + secondsOfDay;
}

std::int32_t TimeZone::Rule::offsetAt(std::int64_t unixSeconds) const {
    if (!daylight) return standard;
    using namespace std::chrono;
    year_month_day date(floor<days>(sys_seconds(seconds(unixSeconds + standard))));
    auto from = begin.at(int(date.year())) - standard, until = end.at(int(date.year())) - *daylight;
    bool isDaylight =
        from < until ? unixSeconds >= from && unixSeconds < until : unixSeconds >= from || unixSeconds < until;
    return isDaylight ? *daylight : standard;
}

std::optional<TimeZone::Rule> TimeZone::parseRule(std::string_view posix) {
    PosixReader reader(posix);
    Rule rule;
    auto offset = reader.name() ? reader.time() : std::nullopt;
    if (!offset) return std::nullopt;
    rule.standard = -*offset;
    if (reader.atEnd()) return rule;
    if (!reader.name()) return std::nullopt;
    rule.daylight = rule.standard + 3600;
    if (auto written = reader.time()) rule.daylight = -*written;
    for (auto* change : {&rule.begin, &rule.end}) {
        if (!reader.accept(',')) return std::nullopt;
        if (reader.accept('M')) {
            auto month = reader.number();
            auto week = month && reader.accept('.') ? reader.number() : std::nullopt;
            auto day = week && reader.accept('.') ? reader.number() : std::nullopt;
            if (!day || *month < 1 || *month > 12 || *week < 1 || *week > 5 || *day > 6) return std::nullopt;
            change->month = *month;
            change->week = *week;
            change->day = *day;
        } else {
            change->kind =
                reader.accept('J') ? YearlyChange::Kind::JulianWithoutLeapDay : YearlyChange::Kind::DayOfYear;
            auto day = reader.number();
            if (!day || *day > 366) return std::nullopt;
            change->day = *day;
        }
        if (reader.accept('/')) {
            auto time = reader.time();
            if (!time) return std::nullopt;
            change->secondsOfDay = *time;
        }
    }
    return reader.atEnd() ? std::optional(rule) : std::nullopt;
}

std::shared_ptr<const TimeZone> TimeZone::parse(std::string_view tzif) {
    auto old = readHeader(tzif);
    if (!old || tzif[4] < '2') return nullptr;  // version 1 knows 32 bits only; nothing writes it any more
    auto skipped = headerSize + old->size(4);
    if (tzif.size() < skipped) return nullptr;
    tzif.remove_prefix(skipped);
    auto header = readHeader(tzif);
    if (!header || header->types == 0 || tzif.size() < headerSize + header->size(8)) return nullptr;
    auto times = tzif.substr(headerSize), indexes = times.substr(8 * header->changes);
    auto types = indexes.substr(header->changes);
    auto offsetOf = [&](std::size_t type) { return static_cast<std::int32_t>(bigEndian(types.substr(6 * type, 4))); };
    auto zone = std::make_shared<TimeZone>();
    zone->first_ = offsetOf(0);
    for (std::size_t i = 0; i < header->changes; ++i) {
        auto type = static_cast<unsigned char>(indexes[i]);
        if (type >= header->types) return nullptr;
        zone->changes_.push_back(bigEndian(times.substr(8 * i, 8)));
        zone->offsets_.push_back(offsetOf(type));
    }
    auto footer = tzif.substr(headerSize + header->size(8));
    if (footer.size() > 2 && footer.front() == '\n' && footer.back() == '\n')
        zone->rule_ = parseRule(footer.substr(1, footer.size() - 2));
    return zone;
}

std::chrono::seconds TimeZone::offsetAt(std::int64_t unixSeconds) const {
    auto next = std::upper_bound(changes_.begin(), changes_.end(), unixSeconds);
    if (next == changes_.end() && rule_) return std::chrono::seconds(rule_->offsetAt(unixSeconds));
    if (next == changes_.begin()) return std::chrono::seconds(first_);
    return std::chrono::seconds(offsets_[static_cast<std::size_t>(next - changes_.begin()) - 1]);
}

std::shared_ptr<const TimeZone> TimeZone::utc() {
    static const auto zone = std::make_shared<const TimeZone>();
    return zone;
}

std::shared_ptr<const TimeZone> TimeZone::find(std::string_view name) {
    static std::mutex mutex;
    static std::map<std::string, std::shared_ptr<const TimeZone>, std::less<>> known;
    if (name == "UTC") return utc();
    if (!isValidName(name)) return nullptr;
    std::lock_guard lock(mutex);
    if (auto found = known.find(name); found != known.end()) return found->second;
    auto zone = readZone(std::string(name));
    if (zone) known.emplace(name, zone);  // names that nobody knows are not kept: they come from outside
    return zone;
}

}  // namespace klaw
