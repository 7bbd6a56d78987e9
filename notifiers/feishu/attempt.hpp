#pragma once

#include <string>
#include <vector>

#include "notifiers/feishu/errors.hpp"
#include "notifiers/notifier.hpp"
#include "notifiers/outline.hpp"

namespace klaw::notifiers::feishu {

/// How the next try to send a card differs from the first: it gives way step by step to what the platform refuses.
struct Attempt {
    std::vector<Mention> mentions;
    std::size_t maxBytes = 0;
    bool asText = false;
    std::vector<Notice> notices;    ///< for the foot of the card
    std::vector<std::string> done;  ///< for Receipt::detail
    unsigned tries = 0;

    /// Whether another try, now changed, may succeed after that refusal.
    bool improve(Answer::Kind refusal, std::string_view language);
    /// "sent without mentions, shortened"
    std::string detail() const;
};

}  // namespace klaw::notifiers::feishu
