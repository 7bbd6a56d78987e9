#include "agent/lead/lease_store.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/async/task_group.hpp"
#include "base/net/http_server.hpp"

namespace klaw::lead {
namespace {

using ::testing::HasSubstr;

class ClusterLeaseTest : public ::testing::Test {
protected:
    ClusterLeaseTest() {
        kube::ClusterAccess access;
        access.name = "main";
        access.server = "http://127.0.0.1:" + std::to_string(server.listen().value());
        api = std::make_shared<kube::ApiServer>(loop, clock, access);
        store = std::make_unique<ClusterLease>(api, "klaw", "agent");
    }
    ~ClusterLeaseTest() override {
        bool stopped = false;
        auto stop = [](net::HttpServer& of, bool& done) -> Task<void> {
            co_await of.stop(0s);
            done = true;
        };
        tasks.spawn("stop", stop(server, stopped));
        EXPECT_TRUE(loop.runUntil([&] { return stopped && tasks.empty(); }));
    }

    template <class T>
    Result<T> await(Task<Result<T>> task) {
        std::optional<Result<T>> result;
        auto run = [](Task<Result<T>> of, std::optional<Result<T>>& into) -> Task<void> {
            into = co_await std::move(of);
        };
        tasks.spawn("call", run(std::move(task), result));
        EXPECT_TRUE(loop.runUntil([&] { return result.has_value(); }));
        return std::move(*result);
    }
    Task<net::ServerResponse> answer(net::ServerRequest request) {
        asked = request.method + " " + request.target;
        body = request.body;
        co_return net::ServerResponse::json(status, says.empty() ? request.body : says);
    }

    Loop loop;
    SystemLoopClock clock{loop};
    TaskGroup tasks{loop, [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << what; }};
    net::HttpServer server{loop, net::HttpServerOptions(),
                           [this](net::ServerRequest request) { return answer(std::move(request)); }};
    std::string asked, body, says;
    int status = 200;
    std::shared_ptr<kube::ApiServer> api;
    std::unique_ptr<ClusterLease> store;
};

TEST_F(ClusterLeaseTest, ReadsALeaseOfClientGo) {
    says = R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"agent","namespace":"klaw",
        "resourceVersion":"4711"},"spec":{"acquireTime":"2026-11-27T00:00:00.000001Z","holderIdentity":"pod-a_1",
        "leaseDurationSeconds":15,"leaseTransitions":3,"renewTime":"2026-11-27T00:01:00.123456Z"}})";
    auto lease = await(store->get(1s));
    ASSERT_TRUE(lease) << lease.error().describe();
    EXPECT_EQ(asked, "GET /apis/coordination.k8s.io/v1/namespaces/klaw/leases/agent");
    EXPECT_EQ(lease->holder, "pod-a_1");
    EXPECT_EQ(lease->seconds, 15);
    EXPECT_EQ(lease->transitions, 3);
    EXPECT_EQ(lease->renewTime, "2026-11-27T00:01:00.123456Z");
    EXPECT_EQ(lease->resourceVersion, "4711");
}

TEST_F(ClusterLeaseTest, WritesTheVersionThatItHasSeen) {
    says = R"({"kind":"Lease","metadata":{"resourceVersion":"4711","uid":"u"},"spec":{"holderIdentity":"b"}})";
    auto lease = await(store->get(1s));
    ASSERT_TRUE(lease);
    says.clear();
    lease->holder = "a";
    lease->seconds = 10;
    ASSERT_TRUE(await(store->update(*lease, 1s)));
    EXPECT_THAT(asked, HasSubstr("PUT /apis/coordination.k8s.io/v1/namespaces/klaw/leases/agent"));
    auto written = nlohmann::json::parse(body);
    EXPECT_EQ(written["metadata"]["resourceVersion"], "4711");
    EXPECT_EQ(written["metadata"]["uid"], "u");
    EXPECT_EQ(written["spec"]["holderIdentity"], "a");
    EXPECT_EQ(written["spec"]["leaseDurationSeconds"], 10);
}

TEST_F(ClusterLeaseTest, MakesOneWithItsNameAndWithoutVersion) {
    Lease lease;
    lease.holder = "a";
    ASSERT_TRUE(await(store->create(lease, 1s)));
    EXPECT_THAT(asked, HasSubstr("POST /apis/coordination.k8s.io/v1/namespaces/klaw/leases"));
    auto written = nlohmann::json::parse(body);
    EXPECT_EQ(written["metadata"]["name"], "agent");
    EXPECT_FALSE(written["metadata"].contains("resourceVersion"));
}

TEST_F(ClusterLeaseTest, TellsAConflictAndAMissingOneApart) {
    status = 409;
    says = R"({"kind":"Status","message":"the object has been modified","reason":"Conflict","code":409})";
    EXPECT_EQ(await(store->update(Lease(), 1s)).error().code, ErrorCode::Conflict);
    status = 404;
    EXPECT_EQ(await(store->get(1s)).error().code, ErrorCode::NotFound);
}

TEST_F(ClusterLeaseTest, IsNoLeaseWhatIsSomethingElse) {
    says = R"({"kind":"Status","metadata":{}})";
    EXPECT_EQ(await(store->get(1s)).error().code, ErrorCode::DataLoss);
}

TEST_F(ClusterLeaseTest, LetsNothingElseBeWrittenWithoutAPermit) {
    for (const auto* path : {"/api/v1/namespaces/klaw/secrets/leases", "/apis/coordination.k8s.io/v1/namespaces/klaw",
                             "/apis/apps/v1/namespaces/klaw/deployments/leases",
                             "/apis/coordination.k8s.io/v1/namespaces/klaw/leases/a?dryRun=All"})
        EXPECT_EQ(await(api->writeLease("PUT", path, "{}", 1s)).error().code, ErrorCode::InvalidArgument) << path;
    EXPECT_EQ(asked, "");
}

TEST_F(ClusterLeaseTest, OfAGuardedServerNothingLeavesButReadsWhenTheGuardSaysNo) {
    api->setGuard([] { return Result<void>(fail(ErrorCode::Cancelled, "no more")); });
    says = R"({"kind":"Lease","metadata":{},"spec":{}})";
    EXPECT_TRUE(await(store->get(1s)));
    asked.clear();
    EXPECT_EQ(await(store->update(Lease(), 1s)).error().code, ErrorCode::Cancelled);
    EXPECT_EQ(asked, "");
}

TEST(MicroTime, HasSixDigitsAlways) {
    EXPECT_EQ(formatMicroTime(*parseRfc3339("2026-11-27T00:00:00Z")), "2026-11-27T00:00:00.000000Z");
    EXPECT_EQ(formatMicroTime(*parseRfc3339("2026-11-27T00:00:00.0000019Z")), "2026-11-27T00:00:00.000001Z");
}

}  // namespace
}  // namespace klaw::lead
