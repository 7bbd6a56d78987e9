#include "notifiers/dingtalk/attempt.hpp"

#include <algorithm>

#include "notifiers/words.hpp"

namespace klaw::notifiers::dingtalk {
namespace {

constexpr unsigned kMaxTries = 7;

}  // namespace

bool Attempt::improve(const Answer& refusal, const Card& card) {
    if (++tries >= kMaxTries) return false;
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

bool Attempt::dropMention(const std::string& refusal, const Card& card) {
    if (mentions.empty()) return false;
    auto named = [&](const Mention& mention) {
        return !mention.id.empty() && refusal.find(mention.id) != refusal.npos;
    };
    auto bad = std::ranges::find_if(mentions, named);
    if (bad != mentions.end()) {
        done.push_back("sent without mentioning " + (bad->name.empty() ? bad->id : bad->name));
        mentions.erase(bad);
    } else {
        done.emplace_back("sent without mentions");
        mentions.clear();
    }
    Notice notice{std::string(wordsFor(card.language).withoutMentions), {}, {}};
    if (std::ranges::find(notices, notice) == notices.end()) notices.push_back(std::move(notice));
    return true;
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

std::string Attempt::whatWasDone() const {
    std::string text;
    for (const auto& part : done) text += (text.empty() ? "" : ", ") + part;
    return text;
}

}  // namespace klaw::notifiers::dingtalk
