#pragma once

#include "storage/delivery.hpp"
#include "storage/statement.hpp"

namespace klaw::storage {

/// Columns of a query that reads whole deliveries, in the order of deliveryOf().
inline constexpr std::string_view deliveryColumns =
    "id, channel, incident_id, reason, idempotency_key, payload, created_at, not_before, living_card, state, attempts, "
    "batch_id, platform_ref, uncertain, finished_at";
Delivery deliveryOf(const Statement& row);

}  // namespace klaw::storage
