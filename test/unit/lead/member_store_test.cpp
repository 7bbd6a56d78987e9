#include "agent/lead/member_store.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/async/task_group.hpp"
#include "base/net/http_server.hpp"

namespace klaw::lead {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class MemberStoreTest : public testing::Test {
protected:
    MemberStoreTest() {
        auto port = server.listen();
        kube::ClusterAccess access;
        access.server = "http://127.0.0.1:" + std::to_string(port.value());
        store = std::make_unique<ClusterMembers>(std::make_shared<kube::ApiServer>(loop, clock, access), "ops", "klaw",
                                                 "s3cret");
    }
    ~MemberStoreTest() override { run(server.stop(0s)); }
    template <class T>
    T run(Task<T> task) {
        std::optional<T> result;
        auto into = [](Task<T> work, std::optional<T>& outcome) -> Task<void> {
            outcome.emplace(co_await std::move(work));
        };
        tasks.spawn("test", into(std::move(task), result));
        EXPECT_TRUE(loop.runUntil([&] { return result.has_value(); }));
        return std::move(*result);
    }
    void run(Task<void> task) {
        tasks.spawn("test", std::move(task));
        EXPECT_TRUE(loop.runUntil([&] { return tasks.empty(); }));
    }
    Task<net::ServerResponse> answer(net::ServerRequest request) {
        requests.push_back(request);
        co_return net::ServerResponse::json(status, body);
    }

    Loop loop;
    SystemLoopClock clock{loop};
    TaskGroup tasks{loop, [](const std::string&, const std::string& what) { ADD_FAILURE() << what; }};
    int status = 200;
    std::string body;
    std::vector<net::ServerRequest> requests;
    net::HttpServer server{loop, net::HttpServerOptions(),
                           [this](net::ServerRequest request) { return answer(std::move(request)); }};
    std::unique_ptr<ClusterMembers> store;
};

TEST_F(MemberStoreTest, ListsThoseOfItsElection) {
    body = R"({"kind":"LeaseList","items":[{"metadata":{"name":"klaw-member-1","resourceVersion":"7",
        "annotations":{"klaw.dev/address":"http://10.0.0.7:8080","klaw.dev/serving":"true"}},
        "spec":{"holderIdentity":"a_1","leaseDurationSeconds":10,"renewTime":"2026-11-27T00:00:00.000000Z"}}]})";
    auto records = run(store->list(1s));
    ASSERT_TRUE(records) << records.error().describe();
    ASSERT_EQ(records->size(), 1u);
    EXPECT_EQ(records->front().address, "http://10.0.0.7:8080");
    EXPECT_TRUE(records->front().serving);
    EXPECT_EQ(records->front().lease.holder, "a_1");
    EXPECT_EQ(records->front().lease.resourceVersion, "7");
    EXPECT_THAT(requests[0].target, HasSubstr("/namespaces/ops/leases?labelSelector=klaw.dev%2Fmember-of%3Dklaw"));
}

TEST_F(MemberStoreTest, WritesLabelAddressAndHolder) {
    body = "{}";
    MemberRecord record{"klaw-member-1", "http://10.0.0.7:8080", true, Lease()};
    record.lease.holder = "a_1";
    ASSERT_TRUE(run(store->put(record, 1s)));
    record.lease.resourceVersion = "8";
    ASSERT_TRUE(run(store->put(record, 1s)));
    EXPECT_EQ(requests[0].method, "POST");
    EXPECT_EQ(requests[1].method, "PUT");
    EXPECT_THAT(requests[1].target, HasSubstr("/leases/klaw-member-1?"));
    auto sent = json::parse(requests[1].body);
    EXPECT_EQ(sent["metadata"]["labels"]["klaw.dev/member-of"], "klaw");
    EXPECT_EQ(sent["metadata"]["annotations"]["klaw.dev/address"], "http://10.0.0.7:8080");
    EXPECT_EQ(sent["metadata"]["resourceVersion"], "8");
    EXPECT_EQ(sent["spec"]["holderIdentity"], "a_1");
}

TEST_F(MemberStoreTest, BelievesWhatIsProvedByTheTokenAndNothingElse) {
    body = "{}";
    MemberRecord record{"klaw-member-1", "http://10.0.0.7:8080", true, Lease()};
    record.lease.holder = "a_1";
    ASSERT_TRUE(run(store->put(record, 1s)));
    EXPECT_THAT(requests[0].body, testing::Not(HasSubstr("s3cret")));
    auto written = json::parse(requests[0].body);
    auto moved = written, renamed = written, another = written, without = written;
    moved["metadata"]["annotations"]["klaw.dev/address"] = "http://10.6.6.6:8080";
    renamed["metadata"]["name"] = "klaw-member-2";
    another["spec"]["holderIdentity"] = "b_1";
    without["metadata"]["annotations"].erase("klaw.dev/proof");
    body = json{{"items", {written, moved, renamed, another, without}}}.dump();
    auto records = run(store->list(1s));
    ASSERT_TRUE(records) << records.error().describe();
    std::vector<bool> proved;
    for (const auto& each : *records) proved.push_back(each.proved);
    EXPECT_EQ(proved, (std::vector{true, false, false, false, false}));
}

TEST_F(MemberStoreTest, DeletesByName) {
    body = R"({"kind":"Status","status":"Success"})";
    ASSERT_TRUE(run(store->remove("klaw-member-1", 1s)));
    EXPECT_EQ(requests[0].method, "DELETE");
    EXPECT_THAT(requests[0].target, HasSubstr("/leases/klaw-member-1"));
}

TEST_F(MemberStoreTest, SaysWhyTheyCannotBeListed) {
    status = 403;
    body = R"({"kind":"Status","message":"leases is forbidden"})";
    auto records = run(store->list(1s));
    ASSERT_FALSE(records);
    EXPECT_EQ(records.error().code, ErrorCode::PermissionDenied);
}

}  // namespace
}  // namespace klaw::lead
