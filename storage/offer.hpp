#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace klaw::storage {

/// What a button stands for. The button carries the nonce, the database only its hash.
struct Offer {
    std::string nonceHash;  ///< offerHash(nonce)
    std::string verb;
    std::string arguments;  ///< JSON text, opaque to storage
    std::string target;     ///< opaque to storage; JSON with UID and resourceVersion
    TimePoint createdAt{};
    TimePoint expiresAt{};
    std::string usedBy;  ///< given by storage
    std::optional<TimePoint> usedAt;

    /// Whether it may be used now: Conflict when it was, the message says by whom and when; Expired.
    Result<void> check(TimePoint now) const;
    friend bool operator==(const Offer&, const Offer&) = default;
};

/// A press that uses up an offer.
struct OfferUse {
    std::string nonceHash;
    std::string by;
    TimePoint at{};
};

/// Hex SHA-256 of the nonce.
std::string offerHash(std::string_view nonce);

}  // namespace klaw::storage
