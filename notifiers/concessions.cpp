#include "notifiers/concessions.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "notifiers/words.hpp"

namespace klaw::notifiers {
namespace {

/// Ids of other people may begin with this one, and so may words.
bool namesWhole(std::string_view text, std::string_view id) {
    auto goesOn = [&](std::size_t at) {
        return at < text.size() &&
               (std::isalnum(static_cast<unsigned char>(text[at])) || text[at] == '_' || text[at] == '-');
    };
    for (auto at = text.find(id); at != text.npos; at = text.find(id, at + 1))
        if (!(at > 0 && goesOn(at - 1)) && !goesOn(at + id.size())) return true;
    return false;
}

}  // namespace

bool Concessions::dropMention(const std::string& refusal, const Card& card) {
    if (mentions.empty()) return false;
    auto named = [&](const Mention& mention) { return !mention.id.empty() && namesWhole(refusal, mention.id); };
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
