#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rules/load/source_file.hpp"
#include "rules/rule.hpp"

namespace klaw::rules {

/// Text in both languages, not compiled yet.
struct LocalizedSpec {
    std::optional<Text> en;
    std::optional<Text> zh;
};

/// A rule as written, with places; the file's defaults filled in. Reading a section again over it overrides.
struct RuleSpec {
    Text name;
    Place at;
    std::string group;
    bool enabled = true;
    std::string overrides;   ///< name of the earlier rule that this one changes, and takes the place of
    std::string formerName;  ///< what that one was called at first; empty: as this one

    std::vector<Text> resources;
    std::optional<Text> each;
    std::optional<Text> when;
    std::optional<Text> since;
    std::optional<Text> notBefore;
    std::optional<Text> occurrence;
    std::optional<Text> waitAnew;

    std::optional<Place> eventAt;  ///< set when there is an `event` section
    EventSelector event;
    std::optional<Text> threshold;
    std::optional<Text> clear;
    std::optional<Text> metric;
    std::optional<Text> promql;
    std::optional<Text> absent;
    std::optional<Text> every;
    std::vector<Inhibitor> inhibitedBy;
    std::optional<Place> perAt;
    std::vector<EventScope> per;

    Severity severity = Severity::Warning;
    Duration holdFor{};
    Duration lookback{};
    Duration keepFiringFor{};
    std::map<std::string, Text> labels;
    std::map<std::string, Text> facts;
    LocalizedSpec title;
    LocalizedSpec description;
    LocalizedSpec runbook;
    std::vector<std::string> enrich;
    std::vector<std::string> actions;
    std::vector<std::string> notify;
    Ring ring = Ring::None;
    std::vector<std::string> groupBy;
};

}  // namespace klaw::rules
