#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rules/alert.hpp"
#include "rules/due_queue.hpp"
#include "rules/text_hash.hpp"

namespace klaw::rules {

/// The life of every alert: pending, firing, resolved. Is told whether conditions hold and what time it is.
class AlertBook {
public:
    using Transitions = std::vector<Transition>;

    /// What a condition that holds says beside the alert itself.
    struct Holding {
        Duration keepFiringFor{};
        bool initial = false;  ///< seen in a first list
        Duration lookback{};   ///< counts as holding that long after it last did
    };

    /// An alert that fires so often within `flapWindow` is flapping: from then on it ends only after `flapQuiet` in
    /// which its condition did not hold, and says so.
    static constexpr std::size_t flapFires = 3;
    static constexpr Duration flapWindow = 30min, flapQuiet = 10min;

    /// A fact from before a restart. An alert that follows an object stays as it is until hold or cease has confirmed
    /// it; one that follows Events is confirmed by its window. Resolved alerts only leave their occurrence as spent.
    void restore(Alert alert, const Holding& holding, bool confirmed);
    /// Occurrences older than this are no news when they are seen in a first list. Before restore().
    void setLastAlive(TimePoint time) { lastAlive_ = time; }

    /// The condition holds: `draft` is the alert as it would look now.
    void hold(Alert draft, const Holding& holding, TimePoint now, Transitions& out);
    /// The condition holds no longer.
    void cease(std::string_view fingerprint, TimePoint now, Transitions& out);
    /// Nothing is known any more: what fires goes on and says so, what is pending waits until hold or cease.
    void suspend(std::string_view fingerprint, TimePoint now, Transitions& out);
    /// The alert ends at once: its object or its rule is gone.
    void end(std::string_view fingerprint, TimePoint now, Transitions& out);
    /// Ends everything about an object, spent occurrences included.
    void endObject(std::string_view cluster, std::string_view uid, TimePoint now, Transitions& out);
    /// Ends everything about objects of the resource for which `exists` is false.
    void endMissing(std::string_view cluster, std::string_view resource,
                    const std::function<bool(std::string_view uid)>& exists, TimePoint now, Transitions& out);

    void due(TimePoint now, Transitions& out);
    std::optional<TimePoint> nextDue() const { return dues_.next(); }

    const Alert* find(std::string_view fingerprint) const;
    /// Pending and firing alerts about an object; does not allocate.
    const std::vector<const Alert*>& ofObject(std::string_view cluster, std::string_view uid) const;
    void forEach(const std::function<void(const Alert&)>& visit) const;
    std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        Alert alert;
        Duration keepFiringFor{};
        bool confirmed = true;
        Duration lookback{};
    };
    struct Spent {
        std::string fingerprint;
        std::string occurrence;
    };
    struct Object {
        std::string resource;
        std::vector<const Alert*> alerts;
        std::vector<Spent> spent;
    };
    using Objects = std::unordered_map<std::string, Object, TextHash, std::equal_to<>>;
    using Entries = std::map<std::string, Entry, std::less<>>;

    void begin(Alert draft, const Holding& holding, TimePoint now, Transitions& out);
    void update(Entry& entry, Alert draft, const Holding& holding, TimePoint now, Transitions& out);
    void fireWhenDue(Entry& entry, TimePoint now, Transitions& out);
    std::vector<TimePoint> firesBefore(std::string_view fingerprint, TimePoint now) const;
    void noteFire(const std::string& fingerprint, TimePoint at);
    void recallFires(const Alert& alert);
    static Duration lingering(const Entry& entry);
    void lapse(Entries::iterator at, TimePoint now, Transitions& out);
    void schedule(const Entry& entry);
    Entry& insert(Entry entry);
    void erase(Entries::iterator at, TimePoint now, Transitions& out);
    bool isSpent(const Alert& draft, const Holding& holding, TimePoint now);
    void markSpent(const Alert& alert);
    Object& objectOf(const Alert& alert);
    const Object* findObject(std::string_view cluster, std::string_view uid) const;

    Entries entries_;
    std::map<std::string, Objects, std::less<>> objects_;  ///< by cluster, then uid
    std::unordered_map<std::string, std::vector<TimePoint>, TextHash, std::equal_to<>> fires_;  ///< lately
    static constexpr std::size_t fewFires = 4096;
    std::size_t forgetFiresAt_ = fewFires;  ///< entries in fires_ at which the old ones are forgotten
    DueQueue dues_;
    std::optional<TimePoint> lastAlive_;
};

}  // namespace klaw::rules
