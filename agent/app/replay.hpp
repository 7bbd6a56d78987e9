#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "agent/app/alert_pipeline.hpp"
#include "agent/observe/resource_observer.hpp"
#include "agent/recording/recording.hpp"

namespace klaw::app {

/// What a replay brings about, as it happens. Either may be empty.
struct ReplaySink {
    std::function<void(const rules::Transition&)> transition;
    std::function<void(const storage::Delivery&, TimePoint at)> card;
};

/// A recording through observers, rules and grouping in virtual time: neither network nor storage, and the same
/// recording gives the same calls.
class Replay {
public:
    /// `start`: the wall clock time of second 0 of the recording.
    Replay(std::shared_ptr<const rules::RuleSet> rules, TimePoint start, deliver::DeliveryPlanner planner,
           ReplaySink sink);

    /// Entries in the order of their times. An Error for an event that is no watch event.
    Result<void> feed(const recording::RecordingEntry& entry);
    /// What `for` and windows still bring about in the half hour after the recording.
    void finish() { runUntil(now_ + 30min); }
    /// What they bring about until then, where that is later than the last entry.
    void runUntil(TimePoint time);

    const AlertPipeline& pipeline() const { return pipeline_; }

private:
    using OfCluster = std::map<std::string, std::unique_ptr<observe::ResourceObserver>, std::less<>>;
    using Observers = std::map<std::string, OfCluster, std::less<>>;

    class Objects final : public rules::ObjectSource {
    public:
        explicit Objects(const Observers& observers) : observers_(observers) {}
        void forEach(std::string_view cluster, std::string_view resource,
                     const std::function<void(PackedView)>& visit) const override;
        PackedView find(std::string_view cluster, std::string_view resource, std::string_view uid) const override;

    private:
        const observe::ResourceObserver* find(std::string_view cluster, std::string_view resource) const;
        const Observers& observers_;
    };

    observe::ResourceObserver* observerOf(std::string_view cluster, std::string_view resource);
    void tellCards();

    std::shared_ptr<const rules::RuleSet> rules_;
    TimePoint start_, now_;
    ReplaySink sink_;
    Observers observers_;  ///< by cluster and resource
    Objects objects_;
    AlertPipeline pipeline_;
};

}  // namespace klaw::app
