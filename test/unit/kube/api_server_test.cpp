#include "agent/kube/api_server.hpp"

#include <gmock/gmock.h>

#include "agent/access/gate.hpp"
#include "base/async/task_group.hpp"

namespace klaw::kube {
namespace {

using testing::HasSubstr;

const ChangeRequest scaling{"PATCH", "/apis/apps/v1/namespaces/shop/deployments/web", "application/json-patch+json",
                            "[]"};

class ApiServerTest : public testing::Test {
protected:
    /// What becomes of `sent` with a permit for `scaling` in that place; nobody listens at the address.
    Error change(access::Place place, ChangeRequest sent) {
        std::optional<Error> error;
        tasks.spawn("change", changing(std::move(place), std::move(sent), error));
        EXPECT_TRUE(loop.runUntil([&] { return error.has_value(); }));
        return error.value_or(Error(ErrorCode::Internal, "no end"));
    }

    Loop loop;
    SystemLoopClock clock{loop};
    TaskGroup tasks{loop, [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << what; }};

private:
    Task<void> changing(access::Place place, ChangeRequest sent, std::optional<Error>& error) {
        auto append = [](storage::UnitOfWork) -> Task<Result<storage::Committed>> {
            storage::Committed committed;
            committed.auditSeqs.push_back(1);
            co_return committed;
        };
        access::Gate gate(append, [] { return TimePoint(); });
        access::Request request{"local:root", "", "scale", "workloads", std::move(place)};
        storage::UnitOfWork unit;
        unit.audit.emplace_back();
        auto permit =
            co_await gate.permit(std::move(request), access::Permit::Extent::Change, scaling.digest(), std::move(unit));
        ClusterAccess cluster;
        cluster.name = "prod";
        cluster.server = "http://127.0.0.1:1";
        ApiServer server(loop, clock, std::move(cluster));
        auto changed = co_await server.change(std::move(*permit), std::move(sent), 1s);
        error = changed ? Error(ErrorCode::Internal, "it was taken") : changed.error();
    }
};

TEST_F(ApiServerTest, TakesAPermitForTheRequestItWasGivenFor) {
    EXPECT_NE(change({"prod", "shop"}, scaling).code, ErrorCode::PermissionDenied);
}

TEST_F(ApiServerTest, RefusesAPermitForAnotherCluster) {
    EXPECT_THAT(change({"test", "shop"}, scaling).message, HasSubstr("the permit is for the cluster test"));
}

TEST_F(ApiServerTest, RefusesAPermitForAnotherNamespaceOrForNone) {
    EXPECT_THAT(change({"prod", "cart"}, scaling).message, HasSubstr("for another namespace"));
    EXPECT_THAT(change({"prod", ""}, scaling).message, HasSubstr("for another namespace"));
}

TEST_F(ApiServerTest, RefusesAPermitForAnotherRequest) {
    auto other = scaling;
    other.body = R"([{"op":"remove","path":"/spec"}])";
    EXPECT_THAT(change({"prod", "shop"}, other).message, HasSubstr("for another request"));
    other = scaling;
    other.path += "-2";
    EXPECT_EQ(change({"prod", "shop"}, other).code, ErrorCode::PermissionDenied);
}

TEST(ChangeRequest, SaysInWhichNamespaceItIs) {
    auto ns = [](const std::string& path) { return ChangeRequest{"PATCH", path, "", ""}.ns(); };
    EXPECT_EQ(ns("/api/v1/namespaces/shop/pods/web/eviction"), "shop");
    EXPECT_EQ(ns("/api/v1/namespaces/a%2Eb/pods/web?x=/namespaces/other/"), "a.b");
    EXPECT_EQ(ns("/api/v1/nodes/node-1"), "");
    EXPECT_EQ(ns("/api/v1/namespaces/shop"), "shop");
    EXPECT_EQ(ns("/api/v1/namespaces"), "");
    EXPECT_EQ(ns("/api/v1/nodes/node-1?x=/namespaces/shop/pods"), "");
}

}  // namespace
}  // namespace klaw::kube
