#pragma once

#include <optional>
#include <string_view>

namespace klaw::rules {

/// How people are called beside the card: it rings in the application, by a message to the phone, or the phone rings.
enum class Ring { None, App, Sms, Phone };
std::string_view toString(Ring ring);  ///< "", "app", "sms", "phone"
std::optional<Ring> ringFromString(std::string_view text);

}  // namespace klaw::rules
