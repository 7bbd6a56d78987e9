#pragma once

#include <string>
#include <string_view>

#include "storage/delivery.hpp"

namespace klaw::deliver {

/// Of a delivery that ends a card whose incident goes on in a newer one.
inline constexpr std::string_view continuedReason = "continued";

/// Ends the card `earlier` after `newer` has arrived as a message of its own: it says where to look, and has no
/// buttons.
storage::Delivery closingOf(const storage::Delivery& newer, std::string earlier, TimePoint now);

}  // namespace klaw::deliver
