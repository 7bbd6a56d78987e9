#include "notifiers/concessions.hpp"

#include <algorithm>

#include "notifiers/words.hpp"

namespace klaw::notifiers {

bool Concessions::dropMention(const std::string& refusal, const Card& card) {
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

std::string Concessions::whatWasDone() const {
    std::string text;
    for (const auto& part : done) text += (text.empty() ? "" : ", ") + part;
    return text;
}

}  // namespace klaw::notifiers
