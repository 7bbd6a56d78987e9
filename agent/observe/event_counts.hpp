#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <string_view>

#include "agent/observe/uuid.hpp"

namespace klaw::observe {

/// What is remembered of Event objects, which are counters: by uid the version and the count last seen. 32 bytes each.
///
/// On the loop thread. Uids that are not UUIDs and versions that are not numbers are remembered by a hash.
class EventCounts {
public:
    struct Seen {
        bool known = false;       ///< an earlier version of this Event was seen
        bool unchanged = false;   ///< and it was this very version
        std::uint32_t count = 0;  ///< of the earlier version
    };
    /// Remembers this version and answers what was known before.
    Seen see(std::string_view uid, std::string_view resourceVersion, std::uint32_t count);
    void erase(std::string_view uid);
    std::size_t size() const { return events_.size(); }

    void beginList() { ++list_; }
    /// Forgets the Events that were not seen since beginList.
    void sweep();
    std::size_t memoryBytes() const;

private:
    struct Entry {
        std::uint64_t version = 0;
        std::uint32_t count = 0;
        std::uint32_t list = 0;
    };
    boost::unordered_flat_map<Uuid, Entry, Uuid::Hash> events_;
    std::uint32_t list_ = 0;
};

}  // namespace klaw::observe
