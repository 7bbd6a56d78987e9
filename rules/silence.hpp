#pragma once

#include <string>
#include <vector>

#include "rules/incident.hpp"

namespace klaw::rules {

/// label = value, != value, =~ regex (RE2, whole match), !~ regex. The names `alertname`/`rule`, `cluster`, `severity`
/// match those attributes of the alert; every other name matches its labels.
struct Matcher {
    enum class Kind { Equal, NotEqual, Matches, NotMatches };
    std::string label;
    Kind kind = Kind::Equal;
    std::string value;
    friend bool operator==(const Matcher&, const Matcher&) = default;
};

struct Silence {
    std::string id;
    std::vector<Matcher> matchers;  ///< all must match; never empty
    TimePoint startsAt{};
    TimePoint endsAt{};
    std::string createdBy;
    std::string comment;
    bool activeAt(TimePoint now) const { return startsAt <= now && now < endsAt; }
    friend bool operator==(const Silence&, const Silence&) = default;
};

}  // namespace klaw::rules
