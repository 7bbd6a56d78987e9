#pragma once

#include <functional>
#include <string>
#include <vector>

#include "notifiers/outline.hpp"

namespace klaw::notifiers {

/// A request body for a card, and whether something was left out of it.
struct FittedBody {
    std::string body;
    bool shortened = false;
};

using RenderBody = std::function<std::string(const SafeCard& card, const std::vector<Notice>& notices)>;

/// The longest rendering of at most `maxBytes`. What is left out, in this order: lines of the longest sections, down to
/// none; then affected things, facts and links beyond the first few; then the ends of the remaining texts. Cut on
/// character boundaries; a notice then says how to see the rest. Below about 3,000 bytes it may not succeed.
FittedBody fitBody(const SafeCard& card, std::size_t maxBytes, std::vector<Notice> notices, const RenderBody& render);

}  // namespace klaw::notifiers
