#pragma once

#include <string>

#include "base/time.hpp"

namespace klaw::storage {

/// A change of a workload that was watched, by whomever it was made.
struct ObjectChange {
    std::string cluster;
    std::string kind;  ///< "Deployment"
    std::string ns;
    std::string name;
    std::string what;  ///< "app: shop/web:1.0 → shop/web:1.1"
    std::string by;    ///< the field manager; empty where it is not known
    TimePoint at{};    ///< when it was seen
};

}  // namespace klaw::storage
