#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/packed/packed.hpp"
#include "rules/alert.hpp"
#include "rules/due_queue.hpp"
#include "rules/rule.hpp"
#include "rules/text_hash.hpp"

namespace klaw::rules {

/// How often an Event says that it happened, and when last by its own clock.
struct EventReading {
    std::uint64_t total = 1;
    std::optional<TimePoint> at;
    std::optional<TimePoint> since;  ///< when it happened first
    bool counter = true;             ///< what `total` grows by is how often it happened; else each new value is once
};
EventReading readEvent(PackedView event);
/// Of a rule about a resource: a whole number is a counter, a time (RFC 3339) is once and when. Nothing for other text.
std::optional<EventReading> readOccurrence(std::string_view text, TimePoint now);

/// Counts occurrences of Events in sliding windows. Event objects are counters: what their count has grown by since the
/// last look is what happened, however long ago the agent started.
class EventWindows {
public:
    struct Counted {
        std::uint64_t increase = 0;  ///< what this look has added; 0: nothing new
        std::uint64_t inWindow = 0;  ///< occurrences in the window now
        bool met = false;            ///< the threshold is reached
    };

    void restore(const EventCounter& counter, const Threshold& threshold);
    /// An alert whose window was not restored: the window empties at the first due time.
    void restoreEmpty(const Alert& alert);

    /// `window` is the fingerprint of the alert that the rule would raise. `knownBefore`: the count in the Event's
    /// previous version, where the observer remembers it.
    Counted count(const Rule& rule, std::string_view cluster, const std::string& window, std::string_view eventUid,
                  const EventReading& reading, std::optional<std::uint64_t> knownBefore, TimePoint now);

    /// The next window whose time has come and that no longer meets its threshold; call until nullopt.
    std::optional<std::string> takeUnmet(TimePoint now);
    std::optional<TimePoint> nextDue() const { return dues_.next(); }

    /// Thresholds as in the new rules; windows and counts of rules that are gone are forgotten.
    void keepRules(const std::map<std::string, Threshold, std::less<>>& thresholds);
    void forget(std::string_view window);
    std::size_t windows() const { return windows_.size(); }
    std::size_t events() const { return seen_.size(); }

private:
    struct Occurrence {
        TimePoint at;
        std::uint64_t increase;
    };
    struct Window {
        std::string rule;
        Threshold threshold;
        std::vector<Occurrence> occurrences;  ///< by time
    };
    struct Seen {
        std::uint64_t count = 0;
        TimePoint lookedAt{};
    };
    using Windows = std::map<std::string, Window, std::less<>>;

    static std::uint64_t insideOf(Duration window, std::uint64_t increase, TimePoint from, TimePoint at);
    static void add(Window& window, Occurrence occurrence);
    static std::uint64_t drop(Window& window, TimePoint now);
    static std::optional<TimePoint> metUntil(const Window& window);
    void schedule(const std::string& key, const Window& window);
    void forgetOldEvents(TimePoint now);

    Windows windows_;
    std::unordered_map<std::string, Seen, TextHash, std::equal_to<>> seen_;  ///< by rule, cluster and Event uid
    std::size_t sweepAt_ = 1024;
    DueQueue dues_;
};

}  // namespace klaw::rules
