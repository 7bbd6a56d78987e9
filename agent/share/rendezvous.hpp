#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace klaw::share {

/// Which of the members a cluster belongs to, by rendezvous hashing: all who know the same members agree, in any
/// order, and when a member goes nothing moves but what was its own. Empty where there are none.
std::string ownerOf(std::string_view cluster, const std::vector<std::string>& members);

}  // namespace klaw::share
