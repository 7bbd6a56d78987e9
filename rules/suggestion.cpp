#include "rules/suggestion.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace klaw::rules {
namespace {

/// How many letters are wrong, missing or too many; two that are swapped are one mistake.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> beforeLast, last, row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        beforeLast = std::exchange(last, row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], beforeLast[j - 2] + 1);
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
