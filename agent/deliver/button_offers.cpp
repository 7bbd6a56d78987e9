#include "agent/deliver/button_offers.hpp"

#include <nlohmann/json.hpp>

namespace klaw::deliver {
namespace {

constexpr std::size_t nonceBytes = 18;

std::string targetOf(const storage::Delivery& delivery) {
    nlohmann::json target{{"incident", delivery.incidentId}, {"channel", delivery.channel}};
    return target.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

ButtonOffers offersFor(const storage::Delivery& delivery, TimePoint now, Random& random) {
    ButtonOffers made;
    auto card = notifiers::cardFromJson(delivery.payload);
    if (!card) return made;
    for (const auto& button : card->buttons) {
        if (button.command.empty() || made.nonces.contains(button.command)) continue;
        auto nonce = random.token(nonceBytes);
        storage::Offer offer;
        offer.nonceHash = storage::offerHash(nonce);
        offer.verb = button.verb;
        offer.arguments = button.command;
        offer.target = targetOf(delivery);
        offer.createdAt = now;
        bool soon = button.verb == "confirm" || button.verb == "undo";
        offer.expiresAt = now + (soon ? confirmationLifetime : buttonLifetime);
        made.offers.push_back(std::move(offer));
        made.nonces.emplace(button.command, std::move(nonce));
    }
    return made;
}

void putNonces(const std::map<std::string, std::string>& nonces, notifiers::Card& card) {
    for (auto& button : card.buttons)
        if (auto nonce = nonces.find(button.command); nonce != nonces.end()) button.nonce = nonce->second;
}

}  // namespace klaw::deliver
