#include "agent/deliver/digest_card.hpp"

#include <algorithm>

#include "agent/deliver/urgency.hpp"
#include "notifiers/words.hpp"

namespace klaw::deliver {
namespace {

constexpr std::size_t mostListed = 30;

std::string noteOf(DigestCause cause, bool zh) {
    switch (cause) {
        case DigestCause::Rate:
            return zh ? "为遵守平台限速合并发送" : "sent together to keep within the platform's rate limit";
        case DigestCause::Month:
            return zh ? "本月调用额度将尽，合并发送" : "sent together because the month's calls are nearly used up";
        case DigestCause::Passed:
            return zh ? "在无法送达期间已发生并恢复" : "began and ended while nothing could be delivered";
    }
    return {};
}

}  // namespace

notifiers::Card digestOf(const std::string& id, const std::vector<notifiers::Card>& cards, DigestCause cause,
                         TimePoint now) {
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
    digest.footer.notes.push_back(noteOf(cause, zh));
    digest.restCommand = "alerts";
    for (const auto& card : cards) {
        digest.severity = std::max(digest.severity, card.severity);
        digest.openedAt = std::min(digest.openedAt, card.openedAt);
        auto detail = std::string(notifiers::statusWord(card.status, card.language));
        if (!card.subtitle.empty()) detail += " · " + card.subtitle;
        if (digest.affected.size() < mostListed)
            digest.affected.push_back({card.title, detail, card.openedAt});
        else
            ++digest.more;
        addMentions(digest.mentions, card.mentions);
    }
    return digest;
}

}  // namespace klaw::deliver
