#include "storage/delivery_rows.hpp"

namespace klaw::storage {

Delivery deliveryOf(const Statement& row) {
    Delivery delivery;
    delivery.id = row.text(0);
    delivery.channel = row.text(1);
    delivery.incidentId = row.text(2);
    delivery.reason = row.text(3);
    delivery.idempotencyKey = row.text(4);
    delivery.payload = row.text(5);
    delivery.createdAt = row.time(6);
    delivery.notBefore = row.time(7);
    delivery.livingCard = row.integer(8) != 0;
    delivery.state = deliveryStateFromString(row.text(9)).value_or(DeliveryState::Failed);
    delivery.attempts = static_cast<std::uint32_t>(row.integer(10));
    delivery.batchId = row.text(11);
    delivery.platformRef = row.text(12);
    delivery.uncertain = row.integer(13) != 0;
    delivery.finishedAt = row.optionalTime(14);
    return delivery;
}

}  // namespace klaw::storage
