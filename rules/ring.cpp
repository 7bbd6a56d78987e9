#include "rules/ring.hpp"

#include <array>
#include <utility>

namespace klaw::rules {
namespace {

constexpr std::array<std::pair<Ring, std::string_view>, 3> names{
    {{Ring::App, "app"}, {Ring::Sms, "sms"}, {Ring::Phone, "phone"}}};

}  // namespace

std::string_view toString(Ring ring) {
    for (const auto& [value, name] : names)
        if (value == ring) return name;
    return {};
}

std::optional<Ring> ringFromString(std::string_view text) {
    for (const auto& [value, name] : names)
        if (name == text) return value;
    return std::nullopt;
}

}  // namespace klaw::rules
