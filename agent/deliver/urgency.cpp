#include "agent/deliver/urgency.hpp"

#include <algorithm>

#include "rules/incident.hpp"

namespace klaw::deliver {
namespace {

using Reason = rules::IncidentUpdate::Reason;

bool is(const storage::Delivery& delivery, Reason reason) {
    return delivery.reason == rules::toString(reason);
}

Urgency urgencyOf(const storage::Delivery& delivery, bool callsSomebody) {
    if (is(delivery, Reason::Opened) || is(delivery, Reason::Reminded) || callsSomebody) return Urgency::Call;
    bool quiet = is(delivery, Reason::Grew) || is(delivery, Reason::Shrank) || is(delivery, Reason::Changed) ||
                 delivery.reason == progressReason;
    return quiet ? Urgency::Quiet : Urgency::State;
}

bool isOverUnheard(const storage::Delivery& delivery) {
    return delivery.reason == passedReason || delivery.reason == sleptThroughReason;
}

/// Whether quiet hours kept what would have begun the card from people until it was over.
bool sleptThrough(const storage::Delivery& older, const storage::Delivery& resolved) {
    bool waited = older.quiet && resolved.createdAt < older.notBefore;
    return waited && (is(older, Reason::Opened) || is(older, Reason::Reopened) || is(older, Reason::SilenceEnded) ||
                      is(older, Reason::InhibitionEnded) || isOverUnheard(older));
}

}  // namespace

Gist gistOf(const storage::Delivery& delivery) {
    Gist gist;
    gist.passed = delivery.reason == passedReason;
    gist.ends = gist.passed || is(delivery, Reason::Resolved);
    auto card = notifiers::cardFromJson(delivery.payload);
    gist.urgency = urgencyOf(delivery, card && !card->mentions.empty());
    if (!card) return gist;
    gist.status = card->status;
    gist.severity = card->severity;
    gist.affected = card->affected.size() + card->more;
    gist.isReply = card->reply.has_value();
    return gist;
}

void takeOver(const storage::Delivery& older, storage::Delivery& newer) {
    if (isOverUnheard(newer)) return;
    if (is(newer, Reason::Resolved)) {
        if (sleptThrough(older, newer))
            newer.reason = sleptThroughReason;
        else if (is(older, Reason::Opened) || isOverUnheard(older))
            newer.reason = passedReason;
        return;
    }
    if (is(older, Reason::Resolved)) return;
    auto before = notifiers::cardFromJson(older.payload), after = notifiers::cardFromJson(newer.payload);
    bool called = before && !before->mentions.empty();
    auto urgency = urgencyOf(older, false);
    if (isOverUnheard(older))
        newer.reason = rules::toString(Reason::Opened);
    else if (urgency > urgencyOf(newer, false))
        newer.reason = older.reason;
    if (!called || !after) return;
    addMentions(before->mentions, after->mentions);
    after->mentions = std::move(before->mentions);
    newer.payload = notifiers::toJson(*after);
}

void addMentions(std::vector<notifiers::CardMention>& mentions, const std::vector<notifiers::CardMention>& more) {
    for (const auto& mention : more)
        if (std::ranges::find(mentions, mention.id, &notifiers::CardMention::id) == mentions.end())
            mentions.push_back(mention);
}

}  // namespace klaw::deliver
