#pragma once

#include <string>
#include <vector>

#include "notifiers/dingtalk/errors.hpp"
#include "notifiers/notifier.hpp"
#include "notifiers/outline.hpp"
#include "notifiers/reduce.hpp"

namespace klaw::notifiers::dingtalk {

/// How the next try to send a card differs from the first: it gives way step by step to what the platform refuses. A
/// mention goes alone where the platform names it; the censor gets ever less of what the cluster wrote; a template that
/// does not serve gives way to the public one, and that to a message without buttons.
struct Attempt {
    /// What carries the card.
    enum class Form { OwnTemplate, PublicTemplate, Message };

    Form form = Form::OwnTemplate;
    std::vector<Mention> mentions;
    std::size_t maxBytes = 0;
    CardDetail detail = CardDetail::All;
    bool mayChangeForm = true;      ///< a card that is there cannot
    std::vector<Notice> notices;    ///< for the foot of the card
    std::vector<std::string> done;  ///< for Receipt::detail
    unsigned tries = 0;

    /// Whether another try, now changed, may succeed after that refusal.
    bool improve(const Answer& refusal, const Card& card);
    /// "sent without mentions, shortened"
    std::string whatWasDone() const;

private:
    bool dropMention(const std::string& refusal, const Card& card);
    bool sayLess();
    bool changeForm(Form to);
};

}  // namespace klaw::notifiers::dingtalk
