#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/observe/object_cache.hpp"

namespace klaw::observe {

/// Finds the predecessor of an object that a list shows for the first time: the known object of the same namespace and
/// name which the list has not shown. It was deleted and re-created while the stream was broken.
///
/// Built when the first new object turns up, dropped with the list: about 100 bytes per object in between.
class Namesakes {
public:
    std::optional<std::string> find(const ObjectCache& cache, std::string_view ns, std::string_view name);
    void clear();

private:
    boost::unordered_flat_map<std::uint64_t, std::string> uidByName_;
    bool built_ = false;
};

}  // namespace klaw::observe
