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

}  // namespace

/// The equalities by which a rule could be found: those of elements where the list is known, and of the object.
std::vector<RuleIndex::Key> RuleIndex::keysOf(const Rule& rule) {
    if (rule.kind == Rule::Kind::Event) {
        if (rule.event.reasons.empty()) return {};
        return {{{}, {FieldName::of("reason")}, rule.event.reasons}};
    }
    std::vector<Key> ofElements, ofObject;
    for (const auto& clause : rule.when->clauses()) {
        const auto& guard = clause.front();
        if (clause.size() > 1 || guard.anyOf.empty()) continue;
        if (guard.variable == "object") ofObject.push_back({{}, namesOf(guard.path), guard.anyOf});
        if (guard.variable == "item" && !rule.eachPath.empty())
            ofElements.push_back({namesOf(rule.eachPath), namesOf(guard.path), guard.anyOf});
    }
    for (auto& key : ofObject) ofElements.push_back(std::move(key));
    return ofElements;
}

/// How many rules are found already where this key would put another one.
std::size_t RuleIndex::crowd(const Key& key) const {
    std::size_t most = 0;
    for (const auto& bucket : buckets_) {
        if (bucket.list != key.list || bucket.path != key.path) continue;
        for (const auto& value : key.values)
            if (auto found = bucket.byValue.find(value); found != bucket.byValue.end())
                most = std::max(most, found->second.size());
    }
    return most;
}

void RuleIndex::add(const Rule& rule, std::size_t position) {
    auto keys = keysOf(rule);
    if (keys.empty()) {
        unguarded_.push_back(position);
        return;
    }
    auto key = *std::ranges::min_element(keys, {}, [this](const Key& candidate) { return crowd(candidate); });
    auto bucket = std::ranges::find_if(
        buckets_, [&](const Bucket& known) { return known.list == key.list && known.path == key.path; });
    if (bucket == buckets_.end()) bucket = buckets_.insert(bucket, Bucket{key.list, key.path, {}});
    for (const auto& value : key.values) bucket->byValue[value].push_back(position);
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
