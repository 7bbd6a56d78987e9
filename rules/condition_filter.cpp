#include "rules/condition_filter.hpp"

#include <algorithm>

namespace klaw::rules {

ConditionFilter::ConditionFilter(const cel::Program& condition) {
    for (const auto& clause : condition.clauses()) {
        const auto& variable = clause.front().variable;
        bool one = std::ranges::all_of(clause, [&](const cel::Guard& guard) { return guard.variable == variable; });
        if (!one || (variable != "object" && variable != "item")) continue;
        auto& kept = (variable == "object" ? object_ : element_).emplace_back();
        for (const auto& guard : clause) {
            auto& made = kept.emplace_back();
            for (const auto& segment : guard.path) made.path.push_back(FieldName::of(segment));
            made.anyOf = guard.anyOf;
        }
    }
}

bool ConditionFilter::Guard::holds(PackedView value) const {
    for (auto name : path) {
        value = value[name];
        if (!value) return false;
    }
    if (anyOf.empty()) return true;
    return value.kind() == PackedKind::String && std::ranges::find(anyOf, value.asString()) != anyOf.end();
}

bool ConditionFilter::admits(const Clauses& clauses, PackedView value) {
    auto holds = [&](const Guard& guard) { return guard.holds(value); };
    return std::ranges::all_of(clauses, [&](const auto& clause) { return std::ranges::any_of(clause, holds); });
}

}  // namespace klaw::rules
