#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/packed/packed.hpp"
#include "rules/rule.hpp"
#include "rules/text_hash.hpp"

namespace klaw::rules {

/// Finds the rules of one resource that an object could match, by an equality that each condition demands: of several
/// the one that sets it apart from most of the rules before it. A rule without a usable equality is always a candidate.
class RuleIndex {
public:
    /// `position` is the rule's place in its RuleSet.
    void add(const Rule& rule, std::size_t position);
    /// Positions, ascending, each once. `into` is cleared first and reused without allocation.
    void candidates(PackedView object, std::vector<std::size_t>& into) const;

private:
    /// Rules that compare the same field, by the text they compare it with.
    struct Bucket {
        std::vector<FieldName> list;  ///< path of the list whose elements are compared; empty: the object itself
        std::vector<FieldName> path;
        std::unordered_map<std::string, std::vector<std::size_t>, TextHash, std::equal_to<>> byValue;
        void collect(PackedView value, std::vector<std::size_t>& into) const;
    };
    struct Key {
        std::vector<FieldName> list, path;
        std::vector<std::string> values;
    };
    static std::vector<Key> keysOf(const Rule& rule);
    std::size_t crowd(const Key& key) const;

    std::vector<Bucket> buckets_;
    std::vector<std::size_t> unguarded_;
};

}  // namespace klaw::rules
