#pragma once

#include <string>
#include <vector>

#include "notifiers/feishu/errors.hpp"
#include "notifiers/notifier.hpp"
#include "notifiers/outline.hpp"
#include "notifiers/reduce.hpp"

namespace klaw::notifiers::feishu {

/// How the next try to send a card differs from the first: it gives way step by step to what the platform refuses.
/// A mention goes alone where the platform names it; a card loses its drawing, its forms, what was found out, all but
/// the plain words, and is text at last.
struct Attempt {
    std::vector<Mention> mentions;
    std::size_t maxBytes = 0;
    CardDetail detail = CardDetail::All;
    bool asText = false;
    bool mayBecomeText = true;      ///< a card that is there cannot
    std::vector<Notice> notices;    ///< for the foot of the card
    std::vector<std::string> done;  ///< for Receipt::detail
    unsigned tries = 0;

    /// Whether another try, now changed, may succeed after that refusal.
    bool improve(const Answer& refusal, const Card& card);
    /// "sent without mentions, shortened"
    std::string whatWasDone() const;

private:
    bool dropMention(const std::string& refusal, const Card& card);
    bool simplify(const Card& card);
};

}  // namespace klaw::notifiers::feishu
