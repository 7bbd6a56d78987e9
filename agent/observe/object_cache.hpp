#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

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
    /// Equal to what is kept: marks the object as seen by the running list and answers true.
    bool confirm(std::string_view uid, PackedView object);
    /// Returns the last known state; empty when the object is unknown.
    PackedObject erase(std::string_view uid);
    PackedView find(std::string_view uid) const;
    bool contains(std::string_view uid) const { return !find(uid).isMissing(); }
    std::size_t size() const { return byUuid_.size() + byText_.size(); }
    void forEach(const std::function<void(PackedView)>& visit) const;
    /// Replaces every object by what `change` makes of it.
    void transform(const std::function<PackedObject(PackedView)>& change);

    /// From here on objects count as seen when they are put or confirmed.
    void beginList();
    /// Removes everything that was not seen since beginList and hands it out, one object after the other.
    void sweep(const std::function<void(PackedObject)>& gone);
    /// The uid of an object of that name which the running list has not shown yet: the one before a re-creation.
    std::optional<std::string> unseenNamesake(std::string_view ns, std::string_view name);

    /// Bytes of keys, table and objects, without the allocator's own overhead.
    std::size_t memoryBytes() const;

private:
    using Uuid = std::array<std::uint8_t, 16>;
    struct UuidHash {
        std::size_t operator()(const Uuid& uuid) const noexcept;
    };
    struct Entry {
        PackedObject object;
        std::uint32_t list = 0;  ///< the list that has shown it last
    };
    static std::optional<Uuid> parseUuid(std::string_view text);
    Entry* entry(std::string_view uid);
    Entry& entryOrNew(std::string_view uid);
    void indexNames();

    boost::unordered_flat_map<Uuid, Entry, UuidHash> byUuid_;
    std::unordered_map<std::string, Entry> byText_;  ///< uids that are not UUIDs
    /// Name hash → uid of objects not seen yet; only while a list shows objects that are new.
    boost::unordered_flat_map<std::uint64_t, std::string> unseenNames_;
    bool namesIndexed_ = false;
    std::uint32_t list_ = 0;
};

}  // namespace klaw::observe
