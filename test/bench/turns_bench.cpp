// klaw_turns_bench [ALERTS] [PODS]: how long the largest single pieces of work hold the event loop, with ALERTS
// (10,000) that fire and PODS (100,000) that are watched. One line each, in milliseconds; the aim is 20.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

#include "agent/app/agent.hpp"
#include "agent/deliver/courier.hpp"
#include "agent/observe/object_cache.hpp"
#include "agent/scrape/capacity_source.hpp"
#include "agent/scrape/measured_objects.hpp"
#include "base/async/task_group.hpp"
#include "rules/grouper.hpp"
#include "rules/incident_context.hpp"
#include "rules/load/load_rules.hpp"
#include "rules/rule_engine.hpp"
#include "rules/unavailable_pods.hpp"

namespace {

using namespace klaw;

const TimePoint start = *parseRfc3339("2026-11-24T10:00:00Z");

void measure(const std::string& what, const std::function<void()>& work) {
    auto began = std::chrono::steady_clock::now();
    work();
    auto took = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
    std::cout << fmt::format("{:60} {:10.2f} ms", what, took) << std::endl;
}

/// The longest of all turns until nothing is ready.
void measureTurns(const std::string& what, Loop& loop) {
    Duration longest{}, before{};
    auto last = std::chrono::steady_clock::now();
    auto note = [&] {
        auto now = std::chrono::steady_clock::now();
        before = longest;  // without the last one, in which nothing happens
        longest = std::max(longest, Duration(now - last));
        last = now;
        return false;
    };
    loop.runUntil(note, 1s);
    std::cout << fmt::format("{:60} {:10.2f} ms", what, before / 1.0ms) << std::endl;
}

class Samples final : public scrape::MetricSink {
public:
    void samples(std::string_view, std::string_view, std::string_view, const std::vector<rules::Sample>&) override {}
    void lost(std::string_view, std::string_view, const Error&) override {}
};

/// As they are kept: Pods of Deployments with twenty replicas each, on a hundred nodes.
class Objects final : public rules::ObjectSource {
public:
    explicit Objects(int pods) {
        for (int i = 0; i < pods; ++i) put(pods_, fmt::format("{:08x}-0000-4000-8000-000000000000", i), pod(i));
        for (int i = 0; i < 100; ++i)
            put(nodes_, fmt::format("{:08x}-0000-4000-9000-000000000000", i),
                fmt::format(
                    R"({{"metadata":{{"name":"node-{}","uid":"n-{}"}},"status":{{"allocatable":{{"cpu":"32","memory":"128Gi","pods":"110"}}}}}})",
                    i, i));
    }
    void forEach(std::string_view, std::string_view resource,
                 const std::function<void(PackedView)>& visit) const override {
        cache(resource).forEach(visit);
    }
    PackedView find(std::string_view, std::string_view resource, std::string_view uid) const override {
        return cache(resource).find(uid);
    }

private:
    static std::string pod(int number) {
        return fmt::format(
            R"({{"metadata":{{"name":"web-{0}-5d-{1}","namespace":"shop-{2}","uid":"{1:08x}-0000-4000-8000-000000000000",)"
            R"("creationTimestamp":"2026-11-24T00:00:00Z","ownerReferences":[{{"apiVersion":"apps/v1","kind":"ReplicaSet",)"
            R"("name":"web-{0}-5d","uid":"r-{0}","controller":true}}],"labels":{{"pod-template-hash":"5d"}}}},)"
            R"("spec":{{"nodeName":"node-{3}","containers":[{{"name":"app","image":"shop/web:1","resources":)"
            R"({{"requests":{{"cpu":"100m","memory":"128Mi"}},"limits":{{"cpu":"1","memory":"256Mi"}}}}}}]}},)"
            R"("status":{{"phase":"Running","conditions":[{{"type":"PodScheduled","status":"True"}},)"
            R"({{"type":"Ready","status":"{4}","lastTransitionTime":"2026-11-24T00:00:00Z"}}],"containerStatuses":[{{"name":"app",)"
            R"("image":"shop/web:1","ready":true,"restartCount":0,"state":{{"running":{{"startedAt":"2026-11-24T00:00:00Z"}}}}}}]}}}})",
            number / 20, number, number / 1000, number % 100, number % 100 == 0 ? "False" : "True");
    }
    static void put(observe::ObjectCache& cache, const std::string& uid, const std::string& json) {
        cache.put(uid, packJson(json)->view());
    }
    const observe::ObjectCache& cache(std::string_view resource) const {
        static const observe::ObjectCache none;
        return resource == "pods" ? pods_ : resource == "nodes" ? nodes_ : none;
    }
    observe::ObjectCache pods_, nodes_;
};

std::shared_ptr<const rules::RuleSet> defaultRules() {
    app::Config config;
    return rules::loadRules(app::readRuleFiles(config).sources).rules;
}

rules::Alert alertOf(const std::string& rule, int number) {
    rules::Alert alert;
    alert.rule = rule;
    alert.cluster = "prod";
    alert.fingerprint = fmt::format("{}-{:08}", rule, number);
    alert.object = {"prod", "pods", "Pod", "shop", fmt::format("web-{}", number), fmt::format("u-{}", number)};
    alert.owner = {"prod", "deployments.apps", "Deployment", "shop", "web", "d"};
    alert.node = "node-1";
    alert.labels = {{"namespace", "shop"}, {"pod", alert.object.name}};
    alert.activeAt = start;
    alert.firedAt = start;
    return alert;
}

/// One workload whose Pods are all on a node that has failed.
void groupInhibited(int alerts) {
    rules::AlertGrouper grouper(defaultRules());
    rules::IncidentUpdates updates;
    using Reason = rules::Transition::Reason;
    auto node = alertOf("NodeNotReady", 0);
    node.owner = node.object = {"prod", "nodes", "Node", "", "node-1", "n-1"};
    grouper.apply({Reason::Fired, node, start}, updates);
    auto each = [&](int from, int to, Reason reason) {
        for (int i = from; i < to; ++i) {
            auto alert = alertOf("PodNotReady", i);
            if (reason == Reason::Resolved) alert.resolvedAt = start + 1min;
            grouper.apply({reason, alert, start + 1min}, updates);
            updates.clear();
        }
    };
    measure(fmt::format("{} alerts of one workload begin to fire, inhibited", alerts),
            [&] { each(0, alerts, Reason::Fired); });
    measure("one more of them", [&] { each(alerts, alerts + 1, Reason::Fired); });
    node.resolvedAt = start + 1min;
    measure("their node is well again",
            [&] { grouper.apply({Reason::Resolved, node, start + 1min}, updates), updates.clear(); });
    measure("they are looked at again", [&] { grouper.due(start + 2min, updates), updates.clear(); });
    measure("one of them ends", [&] { each(0, 1, Reason::Resolved); });
    measure("they end", [&] { each(1, alerts + 1, Reason::Resolved); });
}

class Unreachable final : public notifiers::Notifier {
public:
    std::string_view name() const override { return "chat"; }
    std::string_view kind() const override { return "bench"; }
    notifiers::NotifierLimits limits() const override {
        notifiers::NotifierLimits limits;
        limits.canUpdate = true;
        return limits;
    }
    Task<Result<notifiers::Receipt>> send(notifiers::Card, notifiers::SendContext) override {
        co_return fail(Error(ErrorCode::Unavailable, "HTTP 503").withRetry(Retry::later()));
    }
    Task<Result<notifiers::Receipt>> update(std::string, notifiers::Card, notifiers::SendContext) override {
        co_return fail(Error(ErrorCode::Unavailable, "HTTP 503").withRetry(Retry::later()));
    }
};

/// Cards of a channel that is down.
void queueCards(int cards, std::string_view reason) {
    Loop loop;
    FakeLoopClock clock(loop, start);
    SeededRandom random(7);
    auto commit = [&](storage::UnitOfWork, std::function<void(Result<storage::Committed>)> done) {
        if (done) loop.post([done] { done(storage::Committed()); });
    };
    deliver::CourierEvents events;
    std::size_t told = 0;
    events.undelivered = [&](const std::string&, const std::string&) { ++told; };
    deliver::Courier courier(loop, clock, random, commit, deliver::CourierOptions(), events);
    std::vector<std::unique_ptr<notifiers::Notifier>> channels;
    channels.push_back(std::make_unique<Unreachable>());
    courier.follow(std::move(channels));
    courier.start();
    loop.poll();
    auto delivery = [&](int number) {
        notifiers::Card card;
        card.id = card.title = std::to_string(number);
        storage::Delivery made;
        made.id = made.incidentId = card.id;
        made.channel = "chat";
        made.reason = number == 0 ? "opened" : reason;
        made.payload = toJson(card);
        made.createdAt = made.notBefore = start;
        return made;
    };
    courier.commitDone({delivery(0)}, {}, {});
    loop.poll();
    std::vector<storage::Delivery> more;
    for (int i = 1; i < cards; ++i) more.push_back(delivery(i));
    for (auto& each : more) courier.commitDone({std::move(each)}, {}, {});
    measureTurns(fmt::format("{} cards ({}) begin to wait for a channel that is down", cards, reason), loop);
    loop.post([&] { clock.advance(1min); });
    measureTurns("the next tries", loop);
    std::cout << "  told elsewhere: " << told << std::endl;
    TaskGroup end(loop, [](const std::string&, const std::string&) {});
    end.spawn("end", courier.stop({}));
    for (int i = 0; i < 100 && !end.empty(); ++i) clock.advance(10ms);
}

void lookAtPods(int pods) {
    Objects objects(pods);
    rules::RuleEngine engine(defaultRules(), objects);
    rules::EngineOutput out;
    Loop loop;
    TaskGroup looks(loop, [](const std::string&, const std::string&) {});
    scrape::CapacitySource capacity(objects, "prod", 30s, [] { return true; });
    Samples sink;
    looks.spawn("look", capacity.look(sink));
    measureTurns(fmt::format("CapacitySource, {} Pods", pods), loop);
    measure("MeasuredObjects", [&] { scrape::MeasuredObjects measured(objects, "prod"); });
    rules::UnavailablePods unavailable(objects);
    measure("UnavailablePods, of all changes", [&] {
        objects.forEach("prod", "pods", [&](PackedView pod) {
            unavailable.note({rules::Change::Type::Added, "prod", "pods", pod, {}, false});
        });
    });
    measure("  of one alert", [&] { unavailable.nodesOf(alertOf("WorkloadUnavailable", 1)); });
    rules::IncidentContext context(objects);
    rules::Incident incident;
    incident.cluster = "prod";
    incident.owner = {"prod", "nodes", "Node", "", "node-1", "n-1"};
    measure("what depends on a node", [&] { context.describe(incident); });
    measure("all rules look again at all Pods: the first of them",
            [&] { engine.reevaluate("prod", "pods", start, out); });
    measure("  those that come next", [&] { engine.due(start, out); });
    int calls = 2;
    for (; engine.nextDue() == TimePoint(); ++calls) engine.due(start, out);
    std::cout << "  in " << calls << " calls" << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
    spdlog::set_level(spdlog::level::off);
    int alerts = argc > 1 ? std::atoi(argv[1]) : 10'000;
    int pods = argc > 2 ? std::atoi(argv[2]) : 100'000;
    lookAtPods(pods);
    queueCards(alerts, "passed");
    queueCards(alerts, "opened");
    groupInhibited(alerts);
    return 0;
}
