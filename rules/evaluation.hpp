#pragma once

#include <string>
#include <vector>

#include "rules/alert.hpp"
#include "rules/change.hpp"
#include "rules/rule.hpp"

namespace klaw::rules {

/// What a rule found wrong with an object: everything of the future alert that does not depend on its life.
struct Match {
    const Rule* rule = nullptr;
    Alert draft;  ///< identity, texts, facts, occurrence; activeAt is when the trouble began
};

struct Evaluation {
    std::vector<Match> matches;
    std::vector<cel::EvalError> errors;  ///< other than absent fields
};

/// Evaluates one resource rule on one object.
Evaluation evaluate(const Rule& rule, const Change& change, TimePoint now);

/// Renders what an event rule shows of an Event. `involved` is the object it is about, missing when unknown.
Alert draftOfEvent(const Rule& rule, std::string_view cluster, PackedView event, PackedView involved);
/// Fills in texts and facts once the count is known.
void renderEventTexts(const Rule& rule, PackedView event, std::uint64_t count, Alert& draft);

/// Whether the Event is one that the rule counts.
cel::Evaluated<bool> selects(const Rule& rule, std::string_view cluster, PackedView event);

/// 32 hex digits of SHA-256 over rule, cluster and labels, each with its length before it.
std::string fingerprintOf(std::string_view rule, std::string_view cluster, const Labels& labels);

}  // namespace klaw::rules
