#include "notifiers/card.hpp"

#include <array>
#include <utility>

namespace klaw::notifiers {
namespace {

constexpr std::array<std::pair<CardStatus, std::string_view>, 11> kStatusNames{{
    {CardStatus::Firing, "firing"},
    {CardStatus::Acknowledged, "acknowledged"},
    {CardStatus::Acting, "acting"},
    {CardStatus::Acted, "acted"},
    {CardStatus::Failed, "failed"},
    {CardStatus::Silenced, "silenced"},
    {CardStatus::Resolved, "resolved"},
    {CardStatus::Continued, "continued"},
    {CardStatus::Digest, "digest"},
    {CardStatus::Test, "test"},
    {CardStatus::Reply, "reply"},
}};

}  // namespace

std::string_view toString(CardStatus status) {
    for (const auto& [value, name] : kStatusNames)
        if (value == status) return name;
    return "firing";
}

std::optional<CardStatus> cardStatusFromString(std::string_view text) {
    for (const auto& [value, name] : kStatusNames)
        if (name == text) return value;
    return std::nullopt;
}

}  // namespace klaw::notifiers
