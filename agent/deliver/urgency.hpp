#pragma once

#include <cstddef>
#include <string_view>

#include "notifiers/card.hpp"
#include "storage/delivery.hpp"

namespace klaw::deliver {

/// How much people need it.
enum class Urgency {
    Quiet,  ///< only numbers and details are others than before
    State,  ///< somebody did something, or it is over
    Call,   ///< people must hear of it: it comes as a new message, as one changed in place tells nobody
};

/// The reason of a delivery that tells of something that began and ended before anybody could be told.
inline constexpr std::string_view passedReason = "passed";
/// The same of something that did so in quiet hours: nobody is told.
inline constexpr std::string_view sleptThroughReason = "slept_through";

/// The reason of a delivery that shows how far something has come that somebody asked for.
inline constexpr std::string_view progressReason = "progress";

/// What the courier decides by.
struct Gist {
    Urgency urgency = Urgency::State;
    notifiers::CardStatus status = notifiers::CardStatus::Firing;
    rules::Severity severity = rules::Severity::Warning;
    std::size_t affected = 0;
    bool isReply = false;  ///< goes where it was asked, so it joins nothing
    bool ends = false;     ///< the incident is over
    bool passed = false;   ///< passedReason
};
Gist gistOf(const storage::Delivery& delivery);

/// `newer` replaces `older`, which nobody has seen: whom it called and what people must hear of is now said by `newer`.
/// Nobody is called for what is over. Once more changes nothing.
void takeOver(const storage::Delivery& older, storage::Delivery& newer);

/// Adds those of `more` that are not there yet.
void addMentions(std::vector<notifiers::CardMention>& mentions, const std::vector<notifiers::CardMention>& more);

}  // namespace klaw::deliver
