#pragma once

#include <string>
#include <vector>

#include "rules/alert.hpp"
#include "rules/change.hpp"
#include "rules/rule.hpp"
#include "rules/sample.hpp"

namespace klaw::rules {

/// What one resource rule says about one object.
struct Evaluation {
    /// Alerts as they would begin now: identity, texts, facts, occurrence; activeAt is when the trouble began. Each
    /// fingerprint once.
    std::vector<Alert> drafts;
    std::vector<std::string> errors;  ///< other than absent fields, with their places
};
Evaluation evaluate(const Rule& rule, const Change& change, TimePoint now);

/// Whether the Event is one that the rule counts; or why that cannot be told, and where.
tl::expected<bool, std::string> selects(const Rule& rule, std::string_view cluster, PackedView event);
/// Identity and place of the alert that an Event belongs to. `involved` is the object the Event is about, missing when
/// it is not known.
Alert draftOfEvent(const Rule& rule, std::string_view cluster, PackedView event, PackedView involved, TimePoint now);
/// Sets the count and what a card shows.
void renderEvent(const Rule& rule, PackedView event, std::uint64_t count, Alert& draft);

/// Identity and place of the alert that a series belongs to.
Alert draftOfSample(const Rule& rule, std::string_view cluster, const Sample& sample, TimePoint now);
/// Whether the rule's `when`, if it has one, is true of the reading.
bool admitsSample(const Rule& rule, std::string_view cluster, const Sample& sample, double value);
/// Sets what a card shows of the value.
void renderSample(const Rule& rule, const Sample& sample, double value, Alert& draft);
/// The alert of a rule about absence, whole. `since`: when the awaited was seen last.
Alert draftOfAbsence(const Rule& rule, std::string_view cluster, TimePoint since);

/// 32 hex digits of SHA-256 over rule, cluster and labels, each with its length before it.
std::string fingerprintOf(std::string_view rule, std::string_view cluster, const Labels& labels);

}  // namespace klaw::rules
