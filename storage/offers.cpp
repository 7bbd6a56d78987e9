#include "storage/apply_unit.hpp"

namespace klaw::storage {

Result<Offer> useOffer(Database& database, std::string_view nonce, std::string_view actor, TimePoint now) {
    Offer offer;
    auto hash = offerHash(nonce);
    auto found = database.query(
        "SELECT verb, arguments, target, created_at, expires_at, used_by, used_at FROM offers WHERE nonce_hash = ?",
        [&](const Statement& row) {
            offer.nonceHash = hash;
            offer.verb = row.text(0);
            offer.arguments = row.text(1);
            offer.target = row.text(2);
            offer.createdAt = row.time(3);
            offer.expiresAt = row.time(4);
            offer.usedBy = row.text(5);
            offer.usedAt = row.optionalTime(6);
        },
        hash);
    if (!found) return fail(std::move(found).error());
    if (offer.nonceHash.empty())
        return fail(ErrorCode::NotFound, "this button is unknown, or too old", {}, "open the card again");
    if (offer.usedAt)
        return fail(ErrorCode::Conflict, "already used by " + offer.usedBy + " at " + formatRfc3339(*offer.usedAt));
    if (offer.expiresAt <= now)
        return fail(ErrorCode::Expired, "this button expired at " + formatRfc3339(offer.expiresAt), {},
                    "open the card again");
    offer.usedBy = actor;
    offer.usedAt = now;
    if (auto done = database.run("UPDATE offers SET used_by = ?, used_at = ? WHERE nonce_hash = ?", actor, now, hash);
        !done)
        return fail(std::move(done).error());
    return offer;
}

}  // namespace klaw::storage
