#include "agent/deliver/closing_card.hpp"

#include "notifiers/card.hpp"

namespace klaw::deliver {
namespace {

/// What tells which problem it was, and nothing that goes on changing.
notifiers::Card closedCard(const notifiers::Card& card) {
    notifiers::Card closed;
    closed.id = card.id;
    closed.status = notifiers::CardStatus::Continued;
    closed.severity = card.severity;
    closed.title = card.title;
    closed.subtitle = card.subtitle;
    closed.footer.rule = card.footer.rule;
    closed.footer.incident = card.footer.incident;
    closed.language = card.language;
    closed.utcOffsetMinutes = card.utcOffsetMinutes;
    closed.openedAt = closed.updatedAt = card.openedAt;
    closed.revision = card.revision;
    return closed;
}

}  // namespace

storage::Delivery closingOf(const storage::Delivery& newer, std::string earlier, TimePoint now) {
    storage::Delivery closing;
    closing.id = newer.id + ".closing";
    closing.channel = newer.channel;
    closing.incidentId = newer.incidentId;
    closing.reason = continuedReason;
    closing.idempotencyKey = newer.idempotencyKey + "c";
    closing.createdAt = closing.notBefore = now;
    closing.livingCard = false;
    closing.platformRef = std::move(earlier);
    if (auto card = notifiers::cardFromJson(newer.payload)) closing.payload = notifiers::toJson(closedCard(*card));
    return closing;
}

}  // namespace klaw::deliver
