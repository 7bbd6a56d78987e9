#include <gtest/gtest.h>

#include <map>
#include <set>

#include "agent/app/alert_pipeline.hpp"
#include "agent/app/cluster_watch.hpp"
#include "base/async/loop_condition.hpp"
#include "base/net/http_server.hpp"
#include "rules/load/load_rules.hpp"

namespace klaw::app {
namespace {

constexpr unsigned hostileWatches = 1000;

/// Pods that come and go; each that comes has failed.
class World {
public:
    explicit World(Random& random) : random_(random) {}

    void change() {
        ++version_;
        if (pods_.size() > 5 && random_.fraction() < 0.5) {
            auto victim = std::next(pods_.begin(), static_cast<std::ptrdiff_t>(random_.next() % pods_.size()));
            log_.emplace(version_, line("DELETED", victim->second, version_));
            pods_.erase(victim);
        } else {
            auto uid = "u" + std::to_string(version_);
            log_.emplace(version_, line("ADDED", uid, version_));
            pods_.emplace(uid, uid);
        }
    }
    std::string list() const {
        std::string text;
        for (const auto& [uid, name] : pods_) text += line("ADDED", name, version_);
        return text + R"({"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":")" +
               std::to_string(version_) + "\",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}\n";
    }
    std::string since(std::uint64_t version) const {
        std::string text;
        for (auto at = log_.upper_bound(version); at != log_.end(); ++at) text += at->second;
        return text;
    }
    void compact() {
        log_.clear();
        oldest_ = version_;
    }
    bool knows(std::uint64_t version) const { return version >= oldest_; }
    std::set<std::string> uids() const {
        std::set<std::string> all;
        for (const auto& [uid, name] : pods_) all.insert(uid);
        return all;
    }

private:
    static std::string line(const std::string& type, const std::string& uid, std::uint64_t version) {
        return R"({"type":")" + type + R"(","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":")" + uid +
               R"(","namespace":"shop","uid":")" + uid + R"(","resourceVersion":")" + std::to_string(version) +
               "\"},\"status\":{\"phase\":\"Failed\"}}}\n";
    }
    Random& random_;
    std::map<std::string, std::string> pods_;
    std::map<std::uint64_t, std::string> log_;
    std::uint64_t version_ = 1, oldest_ = 0;
};

/// An API server that fails in every way that watches meet, until it has done so often enough.
class HostileServer {
public:
    HostileServer(Loop& loop, Random& random)
        : world(random),
          random_(random),
          ended_(loop),
          server_(loop, net::HttpServerOptions(),
                  [this](net::ServerRequest request) { return answer(std::move(request)); }) {}
    std::string listen() {
        auto port = server_.listen();
        EXPECT_TRUE(port);
        return "http://127.0.0.1:" + std::to_string(*port);
    }
    Task<void> stop() {
        ending_ = true;
        ended_.notify();
        co_await server_.stop(Duration::zero());
    }
    bool calm() const { return watches_ > hostileWatches; }

    World world;
    std::map<std::string, unsigned> fates;

private:
    Task<net::ServerResponse> answer(net::ServerRequest request) {
        if (request.path() == "/version") co_return net::ServerResponse::json(200, R"({"gitVersion":"v1.36.3"})");
        ++watches_;
        co_return watch(request);
    }

    net::ServerResponse watch(const net::ServerRequest& request) {
        static constexpr const char* ways[] = {"close", "cut", "stall", "500", "429", "compact", "garbage"};
        std::string fate = calm() ? "go on" : ways[random_.next() % std::size(ways)];
        ++fates[fate];
        if (fate == "500") return net::ServerResponse::json(500, "{}");
        if (fate == "429") return net::ServerResponse::json(429, "{}");
        auto text = request.query("resourceVersion").value_or("");
        auto version = text.empty() ? 0 : std::stoull(text);
        bool lists = request.query("sendInitialEvents").has_value();
        if (!lists && !world.knows(version)) {
            ++fates["410"];
            return lineResponse(R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}})"
                                "\n",
                                "close");
        }
        auto body = lists ? world.list() : world.since(version);
        auto before = body.size();
        if (!calm())
            for (auto changes = random_.next() % 4; changes > 0; --changes) world.change();
        // What happens while the watch is there.
        body = body.substr(0, before) + (lists ? std::string() : world.since(version).substr(before));
        if (fate == "compact") world.compact();
        if (fate == "cut" && !body.empty()) body.resize(random_.next() % body.size());
        if (fate == "garbage") body += "{\"type\":\"ADDED\",\"object\":{\"metadata\"\n";
        return lineResponse(std::move(body), fate);
    }

    net::ServerResponse lineResponse(std::string body, const std::string& fate) {
        net::ServerResponse response;
        response.stream = [this, body = std::move(body), fate](net::BodySink& sink) -> Task<void> {
            auto sent = co_await sink.write(body);
            if (!sent) co_return;
            if (fate == "cut") sink.abort();
            auto over = [&] { return ending_ || !sink.open(); };
            if (fate == "stall" || fate == "go on") co_await ended_.until(over);
        };
        return response;
    }

    Random& random_;
    LoopCondition ended_;
    bool ending_ = false;
    unsigned watches_ = 0;
    net::HttpServer server_;
};

TEST(HostileServer, LosesNothingAndMakesNothingFireTwiceInAThousandBrokenWatches) {  // W1
    Loop loop;
    FakeLoopClock clock(loop, *parseRfc3339("2026-11-23T10:00:00Z"));
    SeededRandom random(7);
    TaskGroup tasks(loop,
                    [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << ": " << what; });
    HostileServer server(loop, random);
    auto loaded = rules::loadRules(
        {{"r.yaml",
          "rules:\n  - {alert: PodFailed, resource: pods, when: object.status.phase == 'Failed', title: t}\n"}});
    ASSERT_TRUE(loaded.ok());

    WatchedObjects objects;
    std::map<std::string, unsigned> fired, resolved;
    AlertPipeline pipeline(loaded.rules, objects, deliver::DeliveryPlanner({}),
                           [&](const rules::Transition& transition) {
                               if (transition.reason == rules::Transition::Reason::Fired)
                                   ++fired[transition.alert.object.uid];
                               if (transition.reason == rules::Transition::Reason::Resolved)
                                   ++resolved[transition.alert.object.uid];
                           });
    kube::ClusterAccess access;
    access.name = "prod";
    access.server = server.listen();
    ClusterEvents events;
    std::unique_ptr<ClusterWatch> cluster;
    events.change = [&](const rules::Change& change) { pipeline.change(change, clock.now()); };
    events.listCompleted = [&](std::string_view name, std::string_view resource) {
        const auto* observer = cluster->observer(resource);
        pipeline.listCompleted(
            name, resource, [&](std::string_view uid) { return !observer->find(uid).isMissing(); }, clock.now());
    };
    cluster = std::make_unique<ClusterWatch>(loop, clock, random, access, std::move(events));
    objects.add(*cluster);
    cluster->follow(loaded.rules);

    auto known = [&] {
        std::set<std::string> uids;
        if (const auto* observer = cluster->observer("pods"))
            observer->forEach([&](PackedView pod) { uids.insert(std::string(pod["metadata"]["uid"].asString())); });
        return uids;
    };
    // Virtual time passes as fast as the sockets let it.
    auto giveUp = std::chrono::steady_clock::now() + 60s;
    auto done = [&] { return server.calm() && known() == server.world.uids(); };
    while (!done() && std::chrono::steady_clock::now() < giveUp) {
        loop.poll();
        clock.advance(100ms);
    }
    EXPECT_TRUE(server.calm());
    EXPECT_EQ(known(), server.world.uids());
    for (const auto* fate : {"close", "cut", "stall", "500", "429", "compact", "garbage", "410"})
        EXPECT_GT(server.fates[fate], 20u) << fate;

    std::set<std::string> firing;
    pipeline.engine().forEachAlert([&](const rules::Alert& alert) { firing.insert(alert.object.uid); });
    EXPECT_EQ(firing, server.world.uids());
    EXPECT_GT(fired.size(), 300u);
    for (const auto& [uid, times] : fired) EXPECT_EQ(times, 1u) << uid;
    for (const auto& [uid, times] : resolved) EXPECT_EQ(times, 1u) << uid;
    EXPECT_EQ(fired.size(), resolved.size() + firing.size());

    tasks.spawn("cluster", cluster->stop());
    tasks.spawn("server", server.stop());
    EXPECT_TRUE(loop.runUntil([&] { return tasks.empty(); }));
}

}  // namespace
}  // namespace klaw::app
