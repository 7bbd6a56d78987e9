#pragma once

#include <span>
#include <string_view>

namespace klaw::rules {

/// What `actions` of a rule may name: commands for which a card has a button, and "silence", which every card offers.
std::span<const std::string_view> actionNames();

}  // namespace klaw::rules
