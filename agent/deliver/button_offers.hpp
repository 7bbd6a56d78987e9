#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "notifiers/card.hpp"
#include "storage/delivery.hpp"
#include "storage/offer.hpp"

namespace klaw::deliver {

/// What the buttons of a card stand for, made when the card leaves: the nonces go to people, only their hashes are
/// stored.
struct ButtonOffers {
    std::vector<storage::Offer> offers;
    std::map<std::string, std::string> nonces;  ///< command of a button → its nonce
};

/// Buttons work as long as the platforms let people press them.
inline constexpr Duration buttonLifetime = 14 * 24h;
/// A confirmation is about what was shown, and an undo about what was done: soon that is another situation.
inline constexpr Duration confirmationLifetime = 30min;

/// For each button of the delivery's card that has a command; none for a payload that is no card.
ButtonOffers offersFor(const storage::Delivery& delivery, TimePoint now, Random& random);
void putNonces(const std::map<std::string, std::string>& nonces, notifiers::Card& card);

}  // namespace klaw::deliver
