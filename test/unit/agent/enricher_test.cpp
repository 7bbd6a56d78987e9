#include "agent/deliver/enricher.hpp"

#include <gtest/gtest.h>

#include "agent/kube/api_server.hpp"
#include "base/async/loop_clock.hpp"
#include "base/net/http_server.hpp"

namespace klaw::deliver {
namespace {

using Reason = rules::IncidentUpdate::Reason;
using Answer = Enricher::Answer;

/// A Pod of a Deployment that fires, whose rule asks for these.
rules::IncidentUpdate update(Reason reason, TimePoint at, std::vector<std::string> enrich = {"logs", "events"},
                             const std::string& id = "3f9a21c07be4d815") {
    rules::Alert alert;
    alert.object = {"c1", "pods", "Pod", "shop", "web-0", "u1"};
    alert.owner = {"c1", "deployments.apps", "Deployment", "shop", "web", "u2"};
    alert.labels = {{"container", "app"}};
    alert.enrich = std::move(enrich);
    alert.firedAt = at;
    rules::Incident incident;
    incident.id = id;
    incident.cluster = "c1";
    incident.owner = alert.owner;
    incident.alerts = {alert};
    return {reason, incident, at};
}

class EnricherTest : public testing::Test {
protected:
    /// What the API server says to a path that begins like this; everything else is not found.
    void answer(const std::string& path, Result<std::string> body) { answers.emplace_back(path, std::move(body)); }

    void make(EnrichmentLimits limits = {}) {
        auto ask = [this](std::string cluster, std::string path) -> Task<Result<std::string>> {
            EXPECT_EQ(cluster, "c1");
            asked.push_back(path);
            ++asking;
            most = std::max(most, asking);
            co_await clock.sleepFor(1ms);
            --asking;
            for (const auto& [begin, body] : answers)
                if (path.starts_with(begin)) co_return body;
            co_return fail(ErrorCode::NotFound, "404 not found");
        };
        auto note = [this](const std::string&, rules::Findings findings) { found.push_back(std::move(findings)); };
        enricher = std::make_unique<Enricher>(loop, clock, ask, note, limits);
    }
    void await(std::size_t count) {
        ASSERT_TRUE(loop.runUntil([&] { return found.size() == count; }));
    }

    Loop loop;
    SystemLoopClock clock{loop};
    std::vector<std::pair<std::string, Result<std::string>>> answers;
    std::vector<std::string> asked;
    std::size_t asking = 0, most = 0;
    std::vector<rules::Findings> found;
    std::unique_ptr<Enricher> enricher;
};

constexpr auto crashed = R"({"status":{"containerStatuses":[{"name":"app","state":{"waiting":{}},
    "lastState":{"terminated":{"finishedAt":"2026-11-23T09:59:00Z"}}}]}})";
const std::string pod = "/api/v1/namespaces/shop/pods/web-0";

TEST_F(EnricherTest, ReadsTheEventsOfObjectAndOwnerAndTheLogOfTheContainerBeforeItsRestart) {
    answer("/api/v1/namespaces/shop/events?limit=200&fieldSelector=involvedObject.name%3Dweb-0%2C",
           R"({"items":[{"reason":"BackOff","lastTimestamp":"2026-11-23T09:59:00Z"}]})");
    answer("/api/v1/namespaces/shop/events?limit=200&fieldSelector=involvedObject.name%3Dweb%2C",
           R"({"items":[{"reason":"ScalingReplicaSet","lastTimestamp":"2026-11-23T09:50:00Z"}]})");
    answer(pod + "/log?", "starting\npanic: no database, password=hunter2\n");
    answer(pod, crashed);
    make();
    EXPECT_EQ(enricher->consider(update(Reason::Opened, clock.now())), Answer::UnderWay);
    await(1);

    const auto& findings = found[0];
    ASSERT_EQ(findings.events.size(), 2u);
    EXPECT_EQ(findings.events[0].reason, "ScalingReplicaSet");
    EXPECT_EQ(findings.events[1].reason, "BackOff");
    EXPECT_EQ(findings.pod, "web-0");
    EXPECT_EQ(findings.container, "app");
    EXPECT_TRUE(findings.previous);
    EXPECT_EQ(findings.logs, (std::vector<std::string>{"starting", "panic: no database, password=***"}));
    EXPECT_NE(findings.at, TimePoint{});
    EXPECT_EQ(asked.back(), pod + "/log?tailLines=60&limitBytes=131072&container=app&previous=true");
}

TEST_F(EnricherTest, ReadsTheLogOfThePodOfAJobThatFailedLast) {
    answer("/api/v1/namespaces/shop/pods?limit=100&labelSelector=job-name%3Dbackup", R"({"items":[
        {"metadata":{"name":"backup-1","creationTimestamp":"2026-11-23T09:50:00Z"},"status":{"phase":"Failed"}},
        {"metadata":{"name":"backup-2","creationTimestamp":"2026-11-23T09:55:00Z"},"status":{"phase":"Failed"}},
        {"metadata":{"name":"backup-3","creationTimestamp":"2026-11-23T09:59:00Z"},"status":{"phase":"Running"}},7]})");
    answer("/api/v1/namespaces/shop/pods/backup-2/log?", "no space left\n");
    make();
    auto failed = update(Reason::Opened, clock.now(), {"logs"});
    failed.incident.alerts[0].object = {"c1", "jobs", "Job", "shop", "backup", "u1"};
    failed.incident.alerts[0].labels.clear();
    EXPECT_EQ(enricher->consider(failed), Answer::UnderWay);
    await(1);
    EXPECT_EQ(found[0].pod, "backup-2");
    EXPECT_EQ(found[0].logs, std::vector<std::string>{"no space left"});
    EXPECT_EQ(enricher->counts().asked, 3u);
    EXPECT_EQ(enricher->counts().failed, 1u) << "the Pod itself";
}

TEST_F(EnricherTest, AJobWithoutPodsHasNoLog) {
    answer("/api/v1/namespaces/shop/pods?", R"({"items":[]})");
    make();
    auto failed = update(Reason::Opened, clock.now(), {"logs"});
    failed.incident.alerts[0].object = {"c1", "jobs", "Job", "shop", "backup", "u1"};
    enricher->consider(failed);
    await(1);
    EXPECT_EQ(found[0].pod, "");
    EXPECT_EQ(asked.size(), 1u);
}

TEST_F(EnricherTest, SaysWhyWhereItMayNotRead) {
    answer("/api/v1/namespaces/shop/events", fail(ErrorCode::PermissionDenied, "403 events is forbidden"));
    answer(pod + "/log?", fail(ErrorCode::PermissionDenied, "403 pods/log is forbidden: token=abcdefghijklmnop"));
    make();
    enricher->consider(update(Reason::Opened, clock.now()));
    await(1);
    EXPECT_EQ(found[0].eventsTrouble, "403 events is forbidden");
    EXPECT_EQ(found[0].logsTrouble, "403 pods/log is forbidden: token=***");
    EXPECT_EQ(found[0].container, "app") << "as the alert names it, where the Pod cannot be read";
}

TEST_F(EnricherTest, AsksForWhatTheRuleNamesOnly) {
    make();
    auto now = clock.now();
    EXPECT_EQ(enricher->consider(update(Reason::Opened, now, {})), Answer::No);
    EXPECT_EQ(enricher->consider(update(Reason::Opened, now, {"last_change"})), Answer::No);
    EXPECT_EQ(enricher->consider(update(Reason::Opened, now, {"logs"})), Answer::UnderWay);
    await(1);
    for (const auto& path : asked) EXPECT_EQ(path.find("/events"), path.npos) << path;
    auto node = update(Reason::Opened, now, {"logs"}, "b");
    node.incident.alerts[0].object = {"c1", "nodes", "Node", "", "n1", "u9"};
    EXPECT_EQ(enricher->consider(node), Answer::No) << "a node has no log";
}

TEST_F(EnricherTest, LooksAgainOnlyAfterAWhileAndNotForWhatIsQuietOrOver) {
    make();
    auto now = clock.now();
    auto opened = update(Reason::Opened, now);
    EXPECT_EQ(enricher->consider(opened), Answer::UnderWay);
    await(1);
    EXPECT_EQ(enricher->consider(update(Reason::Grew, now + 1min)), Answer::No);
    EXPECT_EQ(enricher->consider(update(Reason::Acknowledged, now + 10min)), Answer::No);
    EXPECT_EQ(enricher->consider(update(Reason::Grew, now + 6min)), Answer::UnderWay);
    await(2);
    auto silenced = update(Reason::Opened, now, {"logs"}, "b");
    silenced.incident.silenced = rules::Mark();
    EXPECT_EQ(enricher->consider(silenced), Answer::No);
    auto resolved = update(Reason::Resolved, now, {"logs"}, "c");
    resolved.incident.resolvedAt = now;
    EXPECT_EQ(enricher->consider(resolved), Answer::No);
}

TEST_F(EnricherTest, LooksForWhatIsMissingAfterARestart) {
    make();
    auto restored = update(Reason::Changed, clock.now());
    EXPECT_EQ(enricher->consider(restored), Answer::UnderWay);
    await(1);
    restored.incident.id = "b";
    restored.incident.findings = found[0];
    EXPECT_EQ(enricher->consider(restored), Answer::No) << "stored before the restart";
}

TEST_F(EnricherTest, AStormOfAThousandAsksLittleAndSaysWhatItSkipped) {
    EnrichmentLimits limits;
    make(limits);
    auto now = clock.now();
    std::size_t underWay = 0, skipped = 0;
    for (int i = 0; i < 1000; ++i) {
        auto answer = enricher->consider(update(Reason::Opened, now, {"logs", "events"}, "i" + std::to_string(i)));
        underWay += answer == Answer::UnderWay;
        skipped += answer == Answer::Skipped;
    }
    EXPECT_EQ(underWay, limits.atOnce + limits.waiting);
    EXPECT_EQ(skipped, 1000 - underWay);
    EXPECT_EQ(enricher->counts().skipped, skipped);
    await(underWay);
    EXPECT_LE(most, limits.atOnce);
    EXPECT_LE(asked.size(), 4 * underWay);
    std::size_t more = 0;
    for (int i = 0; i < 1000; ++i)
        more +=
            enricher->consider(update(Reason::Opened, now, {"events"}, "j" + std::to_string(i))) == Answer::UnderWay;
    EXPECT_EQ(underWay + more, limits.perMinute);
    await(limits.perMinute);
}

TEST_F(EnricherTest, AsksAnApiServerAsItIs) {
    std::vector<std::string> targets;
    auto handler = [&](net::ServerRequest request) -> Task<net::ServerResponse> {
        targets.push_back(request.target);
        if (request.target.find("/log?") != request.target.npos)
            co_return net::ServerResponse::json(403, R"({"kind":"Status","message":"pods \"web-0\" is forbidden"})");
        co_return net::ServerResponse::json(
            200, request.target.find("/events?") != request.target.npos ? R"({"items":[{"reason":"BackOff"}]})" : "{}");
    };
    net::HttpServer server(loop, net::HttpServerOptions(), handler);
    kube::ClusterAccess access;
    access.name = "c1";
    access.server = "http://127.0.0.1:" + std::to_string(server.listen().value());
    kube::ApiServer api(loop, clock, access);
    auto ask = [&](std::string, std::string path) -> Task<Result<std::string>> {
        std::string accept = "*/*";
        auto response = co_await api.get(std::move(path), 3s, std::move(accept));
        if (!response) co_return fail(std::move(response).error());
        co_return std::move(response->body);
    };
    auto note = [this](const std::string&, rules::Findings findings) { found.push_back(std::move(findings)); };
    enricher = std::make_unique<Enricher>(loop, clock, ask, note, EnrichmentLimits());
    enricher->consider(update(Reason::Opened, clock.now()));
    await(1);
    EXPECT_EQ(found[0].events.front().reason, "BackOff");
    EXPECT_EQ(found[0].logsTrouble, R"(403 pods "web-0" is forbidden)");
    EXPECT_EQ(targets.size(), 4u);
    TaskGroup tasks(loop, [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << what; });
    tasks.spawn("end", server.stop(Duration::zero()));
    EXPECT_TRUE(loop.runUntil([&] { return tasks.empty(); }));
}

}  // namespace
}  // namespace klaw::deliver
