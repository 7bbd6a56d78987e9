#include "storage/apply_unit.hpp"

namespace klaw::storage {

Result<void> useOffer(Database& database, const OfferUse& use) {
    std::optional<Offer> offer;
    auto found = database.query(
        "SELECT expires_at, used_by, used_at FROM offers WHERE nonce_hash = ?",
        [&](const Statement& row) {
            offer.emplace();
            offer->expiresAt = row.time(0);
            offer->usedBy = row.text(1);
            offer->usedAt = row.optionalTime(2);
        },
        use.nonceHash);
    if (!found) return fail(std::move(found).error());
    if (!offer) return fail(ErrorCode::NotFound, "this button is unknown, or too old", {}, "open the card again");
    if (auto open = offer->check(use.at); !open) return open;
    return database.run("UPDATE offers SET used_by = ?, used_at = ? WHERE nonce_hash = ?", use.by, use.at,
                        use.nonceHash);
}

Result<void> Offer::check(TimePoint now) const {
    if (usedAt) return fail(ErrorCode::Conflict, "already used by " + usedBy + " at " + formatRfc3339(*usedAt));
    if (expiresAt <= now)
        return fail(ErrorCode::Expired, "this button expired at " + formatRfc3339(expiresAt), {},
                    "open the card again");
    return {};
}

}  // namespace klaw::storage
