#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "rules/load/load_rules.hpp"
#include "rules/rule_engine.hpp"

namespace klaw::rules {

inline std::shared_ptr<const RuleSet> rulesOf(const std::string& yaml) {
    auto report = loadRules({{"rules.yaml", yaml}});
    for (const auto& error : report.errors) ADD_FAILURE() << error.describe();
    return report.rules;
}

/// What is in the cluster, as an observer's cache would know it.
class FakeObjects final : public ObjectSource {
public:
    void forEach(std::string_view, std::string_view resource,
                 const std::function<void(PackedView)>& visit) const override {
        for (const auto& [key, object] : all_)
            if (key.first == resource) visit(object.view());
    }
    PackedView find(std::string_view, std::string_view resource, std::string_view uid) const override {
        auto found = all_.find({std::string(resource), std::string(uid)});
        return found == all_.end() ? PackedView() : found->second.view();
    }

private:
    friend class EngineTest;
    std::map<std::pair<std::string, std::string>, PackedObject> all_;
};

/// An engine under a clock that the test moves. What happened since the last look is told as text by took().
class EngineTest : public testing::Test {
protected:
    void start(const std::string& yaml) { engine_ = std::make_unique<RuleEngine>(rulesOf(yaml), objects_); }

    /// A restart: a new engine with the facts of the one before.
    void restart(const std::string& yaml, std::optional<TimePoint> lastAlive = std::nullopt) {
        start(yaml);
        engine_->restore(stored(), counters_, lastAlive);
        std::vector<WindowReading> readings;
        for (const auto& [key, reading] : readings_) readings.push_back(reading);
        std::ranges::sort(readings, {}, [](const WindowReading& kept) { return kept.reading.at; });
        engine_->restoreReadings(std::move(readings));
    }

    void put(const std::string& json, const char* resource = "pods", bool initial = false) {
        auto object = packJson(json);
        ASSERT_TRUE(object) << json;
        std::pair key{std::string(resource), std::string(object->view()["metadata"]["uid"].asString())};
        auto before = std::move(objects_.all_[key]);
        auto& kept = objects_.all_[key] = std::move(*object);
        Change change{before.empty() ? Change::Type::Added : Change::Type::Modified,
                      "c1",
                      resource,
                      kept.view(),
                      before.view(),
                      initial};
        engine_->apply(change, now_, output_);
        note();
    }

    void remove(const std::string& uid, const char* resource = "pods") {
        auto at = objects_.all_.find({resource, uid});
        ASSERT_NE(at, objects_.all_.end());
        auto last = std::move(at->second);
        objects_.all_.erase(at);
        engine_->apply({Change::Type::Deleted, "c1", resource, last.view(), {}, false}, now_, output_);
        note();
    }

    void event(const std::string& json) {
        auto object = packJson(json);
        ASSERT_TRUE(object) << json;
        engine_->apply({Change::Type::Added, "c1", "events", object->view(), {}, false}, now_, output_);
        note();
    }

    /// Everything that the source says now.
    void samples(const std::vector<Sample>& all, const char* source = "scrape", const char* rule = "") {
        engine_->observe({"c1", source, rule, all}, now_, output_);
        note();
    }
    void receive(std::vector<ReceivedAlert> alerts) {
        engine_->receive(std::move(alerts), now_, output_);
        note();
    }
    void lost(const char* source = "scrape") {
        engine_->sourceLost("c1", source, now_, output_);
        note();
    }

    /// Moves the clock and wakes the engine whenever it asked for it.
    void pass(Duration time) {
        auto until = now_ + time;
        for (auto due = engine_->nextDue(); due && *due <= until; due = engine_->nextDue()) {
            now_ = std::max(now_, *due);
            engine_->due(now_, output_);
            note();
        }
        now_ = until;
    }

    void replace(const std::string& yaml) {
        engine_->replaceRules(rulesOf(yaml), now_, output_);
        note();
    }

    void listCompleted(const std::string& resource, const std::set<std::string, std::less<>>& uids) {
        engine_->listCompleted("c1", resource, [&](std::string_view uid) { return uids.contains(uid); }, now_, output_);
        note();
    }

    void keepClusters(const std::set<std::string, std::less<>>& clusters) {
        engine_->keepClusters(clusters, now_, output_);
        note();
    }

    void reevaluate(const std::string& resource) {
        engine_->reevaluate("c1", resource, now_, output_);
        note();
    }

    /// "A fired, B resolved": what has happened since the last call.
    std::string took() { return std::exchange(happened_, {}); }

    Alert only() const {
        std::vector<Alert> all;
        engine_->forEachAlert([&](const Alert& alert) { all.push_back(alert); });
        EXPECT_EQ(all.size(), 1u);
        return all.empty() ? Alert() : all.front();
    }

    /// As told last, by fingerprint; also those that have resolved.
    std::vector<Alert> stored() const {
        std::vector<Alert> alerts;
        for (const auto& [fingerprint, alert] : stored_) alerts.push_back(alert);
        return alerts;
    }

    TimePoint now_ = *parseRfc3339("2026-11-23T10:00:00Z");
    std::unique_ptr<RuleEngine> engine_;
    FakeObjects objects_;

private:
    /// As storage would: the last state of each alert, and the counters in order.
    void note() {
        for (auto& transition : output_.transitions) {
            stored_.insert_or_assign(transition.alert.fingerprint, transition.alert);
            if (transition.reason == Transition::Reason::Noted) continue;
            happened_ += (happened_.empty() ? "" : ", ") + transition.alert.rule + " " +
                         std::string(toString(transition.reason));
            if (transition.reason == Transition::Reason::Withdrawn) stored_.erase(transition.alert.fingerprint);
        }
        for (auto& kept : output_.readings) readings_.insert_or_assign({kept.series, kept.place}, kept);
        counters_.insert(counters_.end(), output_.counters.begin(), output_.counters.end());
        output_ = {};
    }

    EngineOutput output_;
    std::string happened_;
    std::map<std::string, Alert> stored_;
    std::vector<EventCounter> counters_;
    std::map<std::pair<std::string, std::uint32_t>, WindowReading> readings_;
};

}  // namespace klaw::rules
