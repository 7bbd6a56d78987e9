#pragma once

#include <string>
#include <vector>

#include "notifiers/card.hpp"

namespace klaw::deliver {

/// Why cards leave together.
enum class DigestCause {
    Rate,    ///< the platform takes only so many in a while
    Month,   ///< or in a month
    Passed,  ///< what they tell of began and ended while nothing could be delivered
};

/// One card in place of many. It calls everybody whom they would have called. `cards` is not empty.
notifiers::Card digestOf(const std::string& id, const std::vector<notifiers::Card>& cards, DigestCause cause,
                         TimePoint now);

}  // namespace klaw::deliver
