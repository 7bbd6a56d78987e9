#include "notifiers/feishu/attempt.hpp"

#include "notifiers/words.hpp"

namespace klaw::notifiers::feishu {
namespace {

constexpr unsigned kMaxTries = 4;

}  // namespace

bool Attempt::improve(Answer::Kind refusal, std::string_view language) {
    if (++tries >= kMaxTries) return false;
    switch (refusal) {
        case Answer::Kind::BadMention:
            if (mentions.empty()) return false;
            mentions.clear();
            notices.push_back({std::string(wordsFor(language).withoutMentions), {}, {}});
            done.push_back("sent without mentions");
            return true;
        case Answer::Kind::TooLong:
            maxBytes = maxBytes * 2 / 3;
            return true;
        case Answer::Kind::BadCard:
            if (asText) return false;
            asText = true;
            done.push_back("sent as text");
            return true;
        case Answer::Kind::Taken:
        case Answer::Kind::BadToken:
        case Answer::Kind::Gone:
        case Answer::Kind::Refused:
            return false;
    }
    return false;
}

std::string Attempt::detail() const {
    std::string text;
    for (const auto& part : done) text += (text.empty() ? "" : ", ") + part;
    return text;
}

}  // namespace klaw::notifiers::feishu
