#include "agent/app/cluster_watch.hpp"

#include <gmock/gmock.h>

#include "agent/app/metrics.hpp"
#include "base/async/loop_condition.hpp"
#include "base/net/http_server.hpp"
#include "rules/load/load_rules.hpp"

namespace klaw::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto rulesText = R"(rules:
  - alert: PodFailed
    resource: pods
    when: object.status.phase == "Failed"
    title: "${object.metadata.name} failed"
)";

std::shared_ptr<const rules::RuleSet> someRules() {
    auto report = rules::loadRules({{"rules.yaml", rulesText}});
    EXPECT_TRUE(report.ok());
    return report.rules;
}

std::string pod(const std::string& name, int version) {
    return R"({"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":")" + name +
           R"(","namespace":"shop","uid":"u-)" + name + R"(","resourceVersion":")" + std::to_string(version) +
           "\"},\"status\":{\"phase\":\"Failed\"}}}\n";
}

std::string endOfList(int version) {
    return R"({"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":")" +
           std::to_string(version) + "\",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}\n";
}

/// An API server that answers each watch by the next text and then says nothing more, without closing.
class SilentServer {
public:
    SilentServer(Loop& loop, std::vector<std::string> watches)
        : answers_(std::move(watches)),
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
    std::vector<std::string> watches;  ///< targets, as they were asked for

private:
    Task<net::ServerResponse> answer(net::ServerRequest request) {
        if (request.path() == "/version") co_return net::ServerResponse::json(200, R"({"gitVersion":"v1.36.3"})");
        auto text = watches.size() < answers_.size() ? answers_[watches.size()] : std::string();
        watches.push_back(request.target);
        net::ServerResponse response;
        response.stream = [this, text](net::BodySink& sink) -> Task<void> {
            auto sent = co_await sink.write(text);
            EXPECT_TRUE(sent);
            auto over = [this] { return ending_; };
            co_await ended_.until(over);
        };
        co_return response;
    }
    std::vector<std::string> answers_;
    LoopCondition ended_;
    bool ending_ = false;
    net::HttpServer server_;
};

class ClusterWatchTest : public testing::Test {
protected:
    void start(std::vector<std::string> answers) {
        server = std::make_unique<SilentServer>(loop, std::move(answers));
        kube::ClusterAccess access;
        access.name = "prod";
        access.server = server->listen();
        ClusterEvents events;
        events.change = [this](const rules::Change& change) {
            changes.emplace_back(change.object["metadata"]["name"].asString());
        };
        clusters.push_back(std::make_unique<ClusterWatch>(loop, clock, random, access, std::move(events)));
        clusters.front()->follow(someRules());
        ASSERT_TRUE(until([&] { return clusters.front()->ready() && !clusters.front()->view().version.empty(); }));
    }
    void TearDown() override {
        if (clusters.empty()) return;
        tasks.spawn("cluster", clusters.front()->stop());
        tasks.spawn("server", server->stop());
        EXPECT_TRUE(until([&] { return tasks.empty(); }));
    }
    bool until(const std::function<bool()>& done) { return loop.runUntil(done); }

    /// As Prometheus would read it.
    std::string metrics() {
        WatchedObjects objects;
        AlertPipeline pipeline(someRules(), objects, deliver::DeliveryPlanner({}, {}));
        deliver::Courier courier(loop, clock, random, [](auto, auto) {});
        net::HttpClient http(loop, net::HttpClientOptions());
        deliver::SilenceMirrors mirrors(loop, clock, random, http, [](auto, auto) {});
        auto database = storage::Database::open(":memory:");
        EXPECT_TRUE(database);
        storage::Writer writer(std::move(*database));
        return Metrics().text({pipeline, courier, mirrors, clusters, writer, {}, {}, {}, true});
    }

    Loop loop;
    FakeLoopClock clock{loop, *parseRfc3339("2026-11-23T10:00:00Z")};
    SeededRandom random{3};
    TaskGroup tasks{loop,
                    [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << ": " << what; }};
    std::unique_ptr<SilentServer> server;
    std::vector<std::unique_ptr<ClusterWatch>> clusters;
    std::vector<std::string> changes;
};

TEST_F(ClusterWatchTest, ConnectsAgainToAServerThatFellSilentWithinTheStallDeadlineAndCountsIt) {  // W2
    start({pod("before", 3) + endOfList(5), pod("missed", 6)});
    EXPECT_THAT(changes, ElementsAre("before"));
    auto deadline = kube::WatchOptions().stallAfter;
    clock.advance(deadline - 1s);
    loop.poll();
    EXPECT_EQ(server->watches.size(), 1u) << "long pauses between bookmarks are no stall";
    EXPECT_THAT(metrics(), HasSubstr("klaw_watch_stalls_total{cluster=\"prod\",resource=\"pods\"} 0\n"));
    clock.advance(1s);
    ASSERT_TRUE(until([&] { return changes.size() == 2; })) << "it did not connect again";
    EXPECT_THAT(changes, ElementsAre("before", "missed"));
    EXPECT_THAT(server->watches[1], HasSubstr("resourceVersion=5")) << "from where it was, without a list";
    EXPECT_THAT(metrics(), HasSubstr("klaw_watch_stalls_total{cluster=\"prod\",resource=\"pods\"} 1\n"));
    EXPECT_TRUE(clusters.front()->view().problems.empty()) << "all is well again";
}

TEST_F(ClusterWatchTest, NamesTheSilenceUntilSomethingComesAgain) {
    start({endOfList(5)});
    clock.advance(kube::WatchOptions().stallAfter);
    ASSERT_TRUE(until([&] { return server->watches.size() == 2; }));
    EXPECT_THAT(clusters.front()->view().problems, ElementsAre("pods: nothing came for too long; connecting again"));
    EXPECT_TRUE(clusters.front()->ready()) << "what it knows is still true as far as anybody can tell";
}

TEST_F(ClusterWatchTest, KnowsNothingWhileAnotherReplicaWatchesAndListsAnewAfterwards) {
    start({pod("first", 3) + endOfList(5), pod("second", 7) + endOfList(8)});
    auto& cluster = *clusters.front();
    cluster.rest();
    EXPECT_EQ(cluster.observer("pods"), nullptr);
    EXPECT_TRUE(cluster.ready()) << "nothing is missing that it should have";
    EXPECT_THAT(cluster.follow(someRules()), testing::IsEmpty());
    EXPECT_EQ(server->watches.size(), 1u);
    cluster.wake();
    cluster.follow(someRules());
    EXPECT_FALSE(cluster.ready());
    ASSERT_TRUE(until([&] { return cluster.ready(); }));
    EXPECT_THAT(changes, ElementsAre("first", "second"));
    EXPECT_THAT(server->watches[1], HasSubstr("sendInitialEvents"));
}

}  // namespace
}  // namespace klaw::app
