#include <array>
#include <utility>

#include "base/digest.hpp"
#include "storage/audit.hpp"
#include "storage/delivery.hpp"
#include "storage/offer.hpp"

namespace klaw::storage {
namespace {

constexpr std::array<std::pair<DeliveryState, std::string_view>, 5> states{{{DeliveryState::Queued, "queued"},
                                                                            {DeliveryState::Sending, "sending"},
                                                                            {DeliveryState::Sent, "sent"},
                                                                            {DeliveryState::Failed, "failed"},
                                                                            {DeliveryState::Superseded, "superseded"}}};
constexpr std::array<std::pair<AttemptOutcome, std::string_view>, 4> outcomes{
    {{AttemptOutcome::Delivered, "delivered"},
     {AttemptOutcome::RetryLater, "retry_later"},
     {AttemptOutcome::Refused, "refused"},
     {AttemptOutcome::Unknown, "unknown"}}};

template <class Table, class Key>
std::string_view textOf(const Table& table, Key key) {
    for (const auto& [value, text] : table)
        if (value == key) return text;
    return "";
}

template <class Table>
auto valueOf(const Table& table, std::string_view text) -> std::optional<std::decay_t<decltype(table.front().first)>> {
    for (const auto& [value, name] : table)
        if (name == text) return value;
    return std::nullopt;
}

/// A short key in which no two different lists of parts meet.
std::string keyOf(std::string_view prefix, std::initializer_list<std::string_view> parts) {
    std::string text;
    for (auto part : parts) text += std::to_string(part.size()) + ":" + std::string(part);
    return std::string(prefix) + sha256Hex(text).substr(0, 40);
}

}  // namespace

std::string_view toString(DeliveryState state) {
    return textOf(states, state);
}
std::optional<DeliveryState> deliveryStateFromString(std::string_view text) {
    return valueOf(states, text);
}
std::string_view toString(AttemptOutcome outcome) {
    return textOf(outcomes, outcome);
}
std::optional<AttemptOutcome> attemptOutcomeFromString(std::string_view text) {
    return valueOf(outcomes, text);
}

std::string deliveryKey(std::string_view incidentId, std::uint64_t revision, std::string_view channel) {
    return keyOf("klaw-", {incidentId, std::to_string(revision), channel});
}

std::string batchKey(std::string_view batchId, std::string_view channel) {
    return keyOf("klaw-", {"digest", batchId, channel});
}

std::string offerHash(std::string_view nonce) {
    return sha256Hex(nonce);
}

std::string auditHash(const AuditRow& row) {
    std::string text = "klaw-audit-1\n";
    auto add = [&](std::string_view part) { text += std::to_string(part.size()) + ":" + std::string(part) + "\n"; };
    add(std::to_string(row.seq));
    add(std::to_string(toUnixNanos(row.entry.at)));
    for (const auto* part : {&row.entry.actor, &row.entry.action, &row.entry.decision, &row.entry.target,
                             &row.entry.detail, &row.prevHash})
        add(*part);
    return sha256Hex(text);
}

}  // namespace klaw::storage
