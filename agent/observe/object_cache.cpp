#include "agent/observe/object_cache.hpp"

#include <utility>

namespace klaw::observe {

ObjectCache::Entry* ObjectCache::entry(std::string_view uid) {
    if (auto uuid = parseUuid(uid)) {
        auto found = byUuid_.find(*uuid);
        return found == byUuid_.end() ? nullptr : &found->second;
    }
    auto found = byText_.find(std::string(uid));
    return found == byText_.end() ? nullptr : &found->second;
}

PackedObject ObjectCache::put(std::string_view uid, PackedView object) {
    auto uuid = parseUuid(uid);
    auto& entry = uuid ? byUuid_[*uuid] : byText_[std::string(uid)];
    entry.list = list_;
    return std::exchange(entry.object, PackedObject(object.bytes()));
}

PackedView ObjectCache::see(std::string_view uid) {
    auto* known = entry(uid);
    if (!known) return {};
    known->list = list_;
    return known->object.view();
}

PackedObject ObjectCache::erase(std::string_view uid) {
    auto* known = entry(uid);
    if (!known) return {};
    auto last = std::move(known->object);
    if (auto uuid = parseUuid(uid))
        byUuid_.erase(*uuid);
    else
        byText_.erase(std::string(uid));
    return last;
}

PackedView ObjectCache::find(std::string_view uid) const {
    const auto* known = const_cast<ObjectCache*>(this)->entry(uid);
    return known ? known->object.view() : PackedView();
}

void ObjectCache::forEach(const std::function<void(PackedView)>& visit) const {
    for (const auto& [uid, entry] : byUuid_) visit(entry.object.view());
    for (const auto& [uid, entry] : byText_) visit(entry.object.view());
}

void ObjectCache::transform(const std::function<PackedObject(PackedView)>& change) {
    for (auto& [uid, entry] : byUuid_) entry.object = change(entry.object.view());
    for (auto& [uid, entry] : byText_) entry.object = change(entry.object.view());
}

void ObjectCache::sweep(const std::function<void(PackedObject)>& gone) {
    auto sweepTable = [&](auto& table) {
        for (auto it = table.begin(); it != table.end();) {
            if (it->second.list == list_) {
                ++it;
                continue;
            }
            auto last = std::move(it->second.object);
            table.erase(it++);
            gone(std::move(last));
        }
    };
    sweepTable(byUuid_);
    sweepTable(byText_);
}

void ObjectCache::forEachUnseen(const std::function<void(std::string_view, PackedView)>& visit) const {
    for (const auto& [uuid, entry] : byUuid_)
        if (entry.list != list_) visit(format(uuid), entry.object.view());
    for (const auto& [uid, entry] : byText_)
        if (entry.list != list_) visit(uid, entry.object.view());
}

std::size_t ObjectCache::memoryBytes() const {
    std::size_t total =
        byUuid_.bucket_count() * (sizeof(std::pair<Uuid, Entry>) + 1) + byText_.bucket_count() * sizeof(void*);
    for (const auto& [uid, entry] : byUuid_) total += entry.object.bytes().size();
    for (const auto& [uid, entry] : byText_)
        total +=
            entry.object.bytes().size() + sizeof(std::pair<std::string, Entry>) + 2 * sizeof(void*) + uid.capacity();
    return total;
}

}  // namespace klaw::observe
