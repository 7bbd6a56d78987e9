#include "rules/suggestion.hpp"

#include <algorithm>
#include <vector>

namespace klaw::rules {
namespace {

/// Levenshtein distance.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row[b.size()];
}

constexpr std::size_t longestWord = 64;

}  // namespace

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates) {
    if (word.empty() || word.size() > longestWord) return std::nullopt;
    std::optional<std::string_view> best;
    std::size_t bestDistance = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (auto candidate : candidates) {
        auto edits = distance(word, candidate);
        if (edits >= bestDistance) continue;
        bestDistance = edits;
        best = candidate;
    }
    return best;
}

std::string didYouMean(std::optional<std::string_view> suggestion, std::string_view otherwise) {
    if (!suggestion) return std::string(otherwise);
    return "did you mean \"" + std::string(*suggestion) + "\"?";
}

}  // namespace klaw::rules
