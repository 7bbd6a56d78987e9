#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "agent/observe/uuid.hpp"
#include "base/packed/packed.hpp"

namespace klaw::observe {

/// The projected objects of one resource of one cluster by uid, in as little memory as possible: 16 bytes of key for a
/// UUID, one exact allocation for the object, and a mark that tells which objects a running list has shown.
///
/// On the loop thread. Views are valid until the object is changed or erased.
class ObjectCache {
public:
    /// The new state of an object. Returns the state before; empty when the object is new.
    PackedObject put(std::string_view uid, PackedView object);
    /// Marks an object as seen by the running list and returns its state; missing when it is unknown.
    PackedView see(std::string_view uid);
    /// Returns the last known state; empty when the object is unknown.
    PackedObject erase(std::string_view uid);
    PackedView find(std::string_view uid) const;
    std::size_t size() const { return byUuid_.size() + byText_.size(); }
    void forEach(const std::function<void(PackedView)>& visit) const;
    /// Replaces every object by what `change` makes of it, one after the other.
    void transform(const std::function<PackedObject(PackedView)>& change);

    /// From here on objects count as seen when they are put or seen.
    void beginList() { ++list_; }
    /// Removes everything that was not seen since beginList and hands it out, one object after the other.
    void sweep(const std::function<void(PackedObject)>& gone);

    /// Visits every object that the running list has not shown yet.
    void forEachUnseen(const std::function<void(std::string_view uid, PackedView object)>& visit) const;

    /// Bytes of keys, tables and objects, without the allocator's own overhead.
    std::size_t memoryBytes() const;

private:
    struct Entry {
        PackedObject object;
        std::uint32_t list = 0;  ///< the list that has shown it last
    };
    template <class Self, class Visit>
    static void visitAll(Self& self, Visit visit);
    Entry* entry(std::string_view uid);

    boost::unordered_flat_map<Uuid, Entry, Uuid::Hash> byUuid_;
    std::unordered_map<std::string, Entry> byText_;  ///< uids that are not UUIDs
    std::uint32_t list_ = 0;
};

}  // namespace klaw::observe
