#include "storage/retention.hpp"

namespace klaw::storage {

std::uint64_t PruneReport::total() const {
    return alerts + incidents + deliveries + silences + offers + eventIncreases + eventsSeen + objectChanges + audit;
}

PruneReport& PruneReport::operator+=(const PruneReport& other) {
    alerts += other.alerts;
    incidents += other.incidents;
    deliveries += other.deliveries;
    silences += other.silences;
    offers += other.offers;
    eventIncreases += other.eventIncreases;
    eventsSeen += other.eventsSeen;
    objectChanges += other.objectChanges;
    audit += other.audit;
    return *this;
}

}  // namespace klaw::storage
