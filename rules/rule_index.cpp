#include "rules/rule_index.hpp"

#include <algorithm>

namespace klaw::rules {
namespace {

std::vector<FieldName> namesOf(const std::vector<std::string>& path) {
    std::vector<FieldName> names;
    for (const auto& segment : path) names.push_back(FieldName::of(segment));
    return names;
}

PackedView follow(PackedView value, const std::vector<FieldName>& path) {
    for (auto name : path) {
        value = value[name];
        if (!value) break;
    }
    return value;
}

/// The equality to index a rule by: one of the element where the list is known, else one of the object.
std::optional<cel::Guard> indexGuard(const Rule& rule) {
    if (rule.kind == Rule::Kind::Event) {
        if (rule.event.reasons.empty()) return std::nullopt;
        return cel::Guard{"event", {"reason"}, rule.event.reasons};
    }
    auto guards = rule.when->guards();
    std::optional<cel::Guard> best;
    for (auto& guard : guards) {
        bool usable =
            !guard.path.empty() && (guard.variable == "object" || (guard.variable == "item" && !rule.eachPath.empty()));
        if (usable && (!best || (best->variable != "item" && guard.variable == "item"))) best = std::move(guard);
    }
    return best;
}

}  // namespace

void RuleIndex::add(const Rule& rule, std::size_t position) {
    auto guard = indexGuard(rule);
    if (!guard) {
        unguarded_.push_back(position);
        return;
    }
    auto& found = bucket(guard->variable == "item" ? rule.eachPath : std::vector<std::string>(), guard->path);
    for (const auto& value : guard->anyOf) found.byValue[value].push_back(position);
}

RuleIndex::Bucket& RuleIndex::bucket(const std::vector<std::string>& list, const std::vector<std::string>& path) {
    auto listNames = namesOf(list);
    auto pathNames = namesOf(path);
    for (auto& known : buckets_)
        if (known.list == listNames && known.path == pathNames) return known;
    return buckets_.emplace_back(Bucket{std::move(listNames), std::move(pathNames), {}});
}

void RuleIndex::Bucket::collect(PackedView value, std::vector<std::size_t>& into) const {
    auto field = follow(value, path);
    if (field.kind() != PackedKind::String) return;
    auto found = byValue.find(field.asString());
    if (found != byValue.end()) into.insert(into.end(), found->second.begin(), found->second.end());
}

void RuleIndex::candidates(PackedView object, std::vector<std::size_t>& into) const {
    into.assign(unguarded_.begin(), unguarded_.end());
    for (const auto& bucket : buckets_) {
        if (bucket.list.empty()) {
            bucket.collect(object, into);
            continue;
        }
        auto list = follow(object, bucket.list);
        if (list.kind() != PackedKind::List && list.kind() != PackedKind::Map) continue;
        for (auto element : list) bucket.collect(element, into);
    }
    std::sort(into.begin(), into.end());
    into.erase(std::unique(into.begin(), into.end()), into.end());
}

}  // namespace klaw::rules
