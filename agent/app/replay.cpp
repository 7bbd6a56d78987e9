#include "agent/app/replay.hpp"

#include <algorithm>

#include "agent/recording/marks.hpp"

namespace klaw::app {

void Replay::Objects::forEach(std::string_view cluster, std::string_view resource,
                              const std::function<void(PackedView)>& visit) const {
    if (const auto* found = find(cluster, resource)) found->forEach(visit);
}

PackedView Replay::Objects::find(std::string_view cluster, std::string_view resource, std::string_view uid) const {
    const auto* found = find(cluster, resource);
    return found ? found->find(uid) : PackedView();
}

const observe::ResourceObserver* Replay::Objects::find(std::string_view cluster, std::string_view resource) const {
    auto ofCluster = observers_.find(cluster);
    if (ofCluster == observers_.end()) return nullptr;
    auto found = ofCluster->second.find(resource);
    return found == ofCluster->second.end() ? nullptr : found->second.get();
}

Replay::Replay(std::shared_ptr<const rules::RuleSet> rules, TimePoint start, deliver::DeliveryPlanner planner,
               ReplaySink sink)
    : rules_(rules),
      start_(start),
      now_(start),
      sink_(std::move(sink)),
      objects_(observers_),
      pipeline_(rules, objects_, std::move(planner), [this](const rules::Transition& transition) {
          if (sink_.transition) sink_.transition(transition);
      }) {}

Result<void> Replay::feed(const recording::RecordingEntry& entry) {
    runUntil(start_ + entry.at);
    if (entry.resource.empty()) return {};
    auto* observer = observerOf(entry.cluster, entry.resource);
    if (!observer) return {};
    if (entry.event.text() == recording::listBeginsMark) {
        observer->listBegins();
        return {};
    }
    auto outcome = observer->line(entry.event);
    if (!outcome) return fail(std::move(outcome).error());
    if (outcome->initialEventsEnd) observer->listEnds(outcome->resourceVersion);
    tellCards();
    return {};
}

observe::ResourceObserver* Replay::observerOf(std::string_view cluster, std::string_view resource) {
    auto ofCluster = observers_.find(cluster);
    if (ofCluster == observers_.end()) ofCluster = observers_.emplace(cluster, OfCluster()).first;
    auto& observers = ofCluster->second;
    if (auto found = observers.find(resource); found != observers.end()) return found->second.get();
    const auto& names = rules_->resources();
    if (std::find(names.begin(), names.end(), resource) == names.end()) return nullptr;
    observe::ObserverOptions options;
    options.cluster = cluster;
    options.resource = resource;
    options.fields = rules_->fieldsFor(resource);
    if (resource == "events") options.keep = observe::ObserverOptions::Keep::Counts;
    auto listed = [this](std::string_view of, std::string_view what) {
        const auto* observer = observerOf(of, what);
        pipeline_.listCompleted(of, what, [&](std::string_view uid) { return !observer->find(uid).isMissing(); }, now_);
    };
    auto made = std::make_unique<observe::ResourceObserver>(
        std::move(options), [this](const rules::Change& change) { pipeline_.change(change, now_); }, listed);
    made->listBegins();
    return observers.emplace(resource, std::move(made)).first->second.get();
}

void Replay::runUntil(TimePoint time) {
    for (auto due = pipeline_.nextDue(); due && *due <= time; due = pipeline_.nextDue()) {
        now_ = std::max(now_, *due);
        pipeline_.due(now_);
        tellCards();
        if (auto next = pipeline_.nextDue(); next && *next <= now_) now_ += 1ms;
    }
    now_ = std::max(now_, time);
}

void Replay::tellCards() {
    if (!pipeline_.dirty()) return;
    for (const auto& delivery : pipeline_.take().newDeliveries)
        if (sink_.card) sink_.card(delivery, now_);
}

}  // namespace klaw::app
