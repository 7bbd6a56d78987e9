#pragma once

#include "notifiers/concessions.hpp"
#include "notifiers/dingtalk/errors.hpp"

namespace klaw::notifiers::dingtalk {

/// How the next try to send a card differs from the first: it gives way step by step to what the platform refuses. A
/// mention goes alone where the platform names it; the censor gets ever less of what the cluster wrote; a template that
/// does not serve gives way to the public one, and that to a message without buttons.
struct Attempt : Concessions {
    /// What carries the card.
    enum class Form { OwnTemplate, PublicTemplate, Message };

    Form form = Form::OwnTemplate;
    bool mayChangeForm = true;  ///< a card that is there cannot

    /// Whether another try, now changed, may succeed after that refusal.
    bool improve(const Answer& refusal, const Card& card);

private:
    bool sayLess();
    bool changeForm(Form to);
};

}  // namespace klaw::notifiers::dingtalk
