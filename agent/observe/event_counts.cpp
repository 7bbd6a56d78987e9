#include "agent/observe/event_counts.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <charconv>

namespace klaw::observe {
namespace {

/// FNV-1a: the same on every machine, so that a replay is too.
std::uint64_t hashText(std::string_view text, std::uint64_t seed) {
    std::uint64_t hash = 0xCBF29CE484222325u ^ seed;
    for (unsigned char c : text) hash = (hash ^ c) * 0x100000001B3u;
    return hash;
}

Uuid keyOf(std::string_view uid) {
    if (auto uuid = parseUuid(uid)) return *uuid;
    return {hashText(uid, 0), hashText(uid, 0x9E3779B97F4A7C15u)};
}

std::uint64_t versionOf(std::string_view text) {
    std::uint64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? number : hashText(text, 0);
}

}  // namespace

EventCounts::Seen EventCounts::see(std::string_view uid, std::string_view resourceVersion, std::uint32_t count) {
    auto version = versionOf(resourceVersion);
    auto [found, isNew] = events_.try_emplace(keyOf(uid));
    auto& entry = found->second;
    Seen before{!isNew, !isNew && entry.version == version, entry.count};
    entry = {version, count, list_};
    return before;
}

void EventCounts::erase(std::string_view uid) {
    events_.erase(keyOf(uid));
}

void EventCounts::sweep() {
    for (auto it = events_.begin(); it != events_.end();) {
        if (it->second.list == list_)
            ++it;
        else
            events_.erase(it++);
    }
}

std::size_t EventCounts::memoryBytes() const {
    return events_.bucket_count() * (sizeof(std::pair<Uuid, Entry>) + 1);
}

}  // namespace klaw::observe
