#pragma once

#include "notifiers/concessions.hpp"
#include "notifiers/feishu/errors.hpp"

namespace klaw::notifiers::feishu {

/// How the next try to send a card differs from the first: it gives way step by step to what the platform refuses.
/// A mention goes alone where the platform names it; a card loses its drawing, its forms, what was found out, all but
/// the plain words, and is text at last.
struct Attempt : Concessions {
    bool asText = false;
    bool mayBecomeText = true;  ///< a card that is there cannot

    /// Whether another try, now changed, may succeed after that refusal.
    bool improve(const Answer& refusal, const Card& card);

private:
    bool simplify(const Card& card);
};

}  // namespace klaw::notifiers::feishu
