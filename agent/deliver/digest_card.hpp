#pragma once

#include <string>
#include <vector>

#include "notifiers/card.hpp"

namespace klaw::deliver {

/// One card in place of many that would not fit into the channel's budget. `cards` is not empty.
notifiers::Card digestOf(const std::string& id, const std::vector<notifiers::Card>& cards, TimePoint now);

}  // namespace klaw::deliver
