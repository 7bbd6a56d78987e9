#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rules/load/rule_spec.hpp"
#include "rules/load/yaml_cursor.hpp"

namespace klaw::rules {

/// Readers of the values that several keys share. What does not fit is reported, and a default given.

std::vector<std::string> values(const std::vector<Text>& texts);
/// "5m"; never negative.
Duration readDuration(const YamlCursor& value, std::string_view key);
std::optional<Severity> readSeverity(const YamlCursor& value);
/// "app", "sms", "phone"; "none", to take back what `defaults` or an overridden rule say.
Ring readRing(const YamlCursor& value);
/// ">= 3 in 10m", "> 3 in 1h": the threshold of an event rule.
std::optional<Threshold> parseThreshold(std::string_view text);
constexpr std::uint64_t maxThreshold = 10'000;
/// [{alert: NodeNotReady, equal: [cluster, node]}]
std::vector<Inhibitor> readInhibitors(const YamlCursor& value);
std::vector<EventScope> readScopes(const YamlCursor& value);
std::string readEventType(const YamlCursor& value);
/// Lower-case identifiers, one or a list.
/// What cards of a rule shall show beside what it says itself.
std::vector<std::string> readEnrichments(const YamlCursor& value);
std::vector<std::string> readNames(const YamlCursor& value, std::string_view key);
/// Names of actionNames(); any other is reported.
std::vector<std::string> readActions(const YamlCursor& value);
/// A map of texts, added to what is there.
void readTexts(const YamlCursor& value, std::string_view key, std::map<std::string, Text>& into);
/// One text for both languages, or a map with `en` and `zh`.
void readLocalized(const YamlCursor& value, std::string_view key, LocalizedSpec& into);

}  // namespace klaw::rules
