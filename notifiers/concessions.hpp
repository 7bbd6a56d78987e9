#pragma once

#include <string>
#include <vector>

#include "notifiers/card.hpp"
#include "notifiers/notifier.hpp"
#include "notifiers/outline.hpp"
#include "notifiers/reduce.hpp"

namespace klaw::notifiers {

/// What a try to send a card leaves out of what was meant, on any platform.
struct Concessions {
    std::vector<Mention> mentions;
    std::size_t maxBytes = 0;
    CardDetail detail = CardDetail::All;
    std::vector<Notice> notices;    ///< for the foot of the card
    std::vector<std::string> done;  ///< for Receipt::detail
    unsigned tries = 0;

    static constexpr unsigned mostTries = 7;

    /// The mention that the refusal names, else all. False when there is none to leave out.
    bool dropMention(const std::string& refusal, const Card& card);
    /// "sent without mentions, shortened"
    std::string whatWasDone() const;
};

}  // namespace klaw::notifiers
