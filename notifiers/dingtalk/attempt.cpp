#include "notifiers/dingtalk/attempt.hpp"

namespace klaw::notifiers::dingtalk {

bool Attempt::improve(const Answer& refusal, const Card& card) {
    if (++tries >= mostTries) return false;
    switch (refusal.kind) {
        case Answer::Kind::TooLong:
            maxBytes = maxBytes * 2 / 3;
            return true;
        case Answer::Kind::BadMention:
            return dropMention(refusal.error.message, card);
        case Answer::Kind::Unsafe:
            return sayLess();
        case Answer::Kind::BadTemplate:
            return changeForm(form == Form::OwnTemplate ? Form::PublicTemplate : Form::Message);
        case Answer::Kind::Refused:
            // An application that may not write cards may still write messages.
            return refusal.error.code == ErrorCode::PermissionDenied && changeForm(Form::Message);
        case Answer::Kind::Taken:
        case Answer::Kind::Throttled:
        case Answer::Kind::BadToken:
            return false;
    }
    return false;
}

bool Attempt::sayLess() {
    if (detail == CardDetail::Plain) return false;
    detail = detail < CardDetail::NoLogs       ? CardDetail::NoLogs
             : detail < CardDetail::NoSections ? CardDetail::NoSections
                                               : CardDetail::Plain;
    done.emplace_back(detail == CardDetail::NoLogs       ? "sent without logs"
                      : detail == CardDetail::NoSections ? "sent without details"
                                                         : "sent in plain words");
    return true;
}

bool Attempt::changeForm(Form to) {
    if (!mayChangeForm || form == Form::Message) return false;
    form = to;
    done.emplace_back(to == Form::Message ? "sent as a message" : "sent with the public template");
    return true;
}

}  // namespace klaw::notifiers::dingtalk
