#pragma once

#include <string>
#include <vector>

namespace klaw::access {

/// Which departments somebody is in, by the word of their platform: those above them included.
struct Membership {
    std::vector<std::string> departments;  ///< "feishu_department:od-…"
    std::string unknown;                   ///< why they could not be found out; empty: they were, or nobody asked
};

}  // namespace klaw::access
