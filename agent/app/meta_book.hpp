#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/unit_of_work.hpp"

namespace klaw::app {

/// What people set while the agent runs, by key, kept in the database under a prefix: an entry counts, or counts no
/// longer, only once that is durable. `T` has toText(const T&) and fromText(key, text, T&), which is false for what
/// cannot be read: that is left out. On the loop thread.
template <class T>
class MetaBook {
public:
    using Meta = std::map<std::string, std::string, std::less<>>;
    explicit MetaBook(std::string_view prefix) : prefix_(prefix) {}

    /// From `RecoveredState::meta`.
    void restore(const Meta& meta) {
        for (auto at = meta.lower_bound(prefix_); at != meta.end() && at->first.starts_with(prefix_); ++at)
            take(at->first.substr(prefix_.size()), at->second);
    }
    void put(const std::string& key, const T& entry) { changes_.push_back({prefix_ + key, toText(entry)}); }
    void remove(const std::string& key) { changes_.push_back({prefix_ + key, {}}); }

    const T* find(std::string_view key) const {
        auto found = entries_.find(key);
        return found == entries_.end() ? nullptr : &found->second;
    }
    /// Whether something about it is on its way to the database.
    bool isPending(const std::string& key) const {
        return std::ranges::find(changes_, prefix_ + key, &storage::MetaEntry::key) != changes_.end();
    }
    const std::map<std::string, T, std::less<>>& all() const { return entries_; }

    /// What is to be stored; after `stored` with the same entries it counts.
    std::vector<storage::MetaEntry> takeChanges() { return std::exchange(changes_, {}); }
    void stored(const std::vector<storage::MetaEntry>& entries) {
        for (const auto& entry : entries) {
            auto key = entry.key.substr(prefix_.size());
            if (entry.value.empty())
                entries_.erase(key);
            else
                take(key, entry.value);
        }
    }

private:
    void take(const std::string& key, const std::string& text) {
        T entry;
        if (fromText(key, text, entry)) entries_[key] = std::move(entry);
    }

    std::string prefix_;
    std::map<std::string, T, std::less<>> entries_;
    std::vector<storage::MetaEntry> changes_;
};

}  // namespace klaw::app
