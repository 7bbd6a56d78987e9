#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace klaw::rules {

/// The candidate that a misspelt word most likely meant: few edits away for its length. nullopt when none is near.
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates);

/// "did you mean \"x\"?", or `otherwise` when nothing is near.
std::string didYouMean(std::optional<std::string_view> suggestion, std::string_view otherwise = {});

}  // namespace klaw::rules
