#include "agent/deliver/digest_card.hpp"

#include <algorithm>

#include "notifiers/words.hpp"

namespace klaw::deliver {

notifiers::Card digestOf(const std::string& id, const std::vector<notifiers::Card>& cards, TimePoint now) {
    const auto& first = cards.front();
    bool zh = first.language.starts_with("zh");
    notifiers::Card digest;
    digest.id = id;
    digest.status = notifiers::CardStatus::Digest;
    digest.severity = rules::Severity::Info;
    digest.language = first.language;
    digest.utcOffsetMinutes = first.utcOffsetMinutes;
    digest.openedAt = first.openedAt;
    digest.updatedAt = now;
    digest.title = zh ? std::to_string(cards.size()) + " 条告警更新" : std::to_string(cards.size()) + " alert updates";
    digest.footer.notes.push_back(zh ? "为遵守平台限速合并发送"
                                     : "sent together to keep within the platform's rate limit");
    for (const auto& card : cards) {
        digest.severity = std::max(digest.severity, card.severity);
        digest.openedAt = std::min(digest.openedAt, card.openedAt);
        auto detail = std::string(notifiers::statusWord(card.status, card.language));
        if (!card.subtitle.empty()) detail += " · " + card.subtitle;
        digest.affected.push_back({card.title, detail, card.openedAt});
        digest.restCommand = "alerts";
    }
    return digest;
}

}  // namespace klaw::deliver
