#include <gmock/gmock.h>

#include "agent/access/gate.hpp"
#include "agent/kube/api_server.hpp"
#include "base/async/task_group.hpp"
#include "test/unit/played/played_websocket.hpp"

namespace klaw::kube {
namespace {

using klaw::test::PlayedWebSocket;
using testing::HasSubstr;
using Session = PlayedWebSocket::Session;

constexpr auto allowed = R"({"kind":"SelfSubjectAccessReview","status":{"allowed":true}})";

class ExecTest : public testing::Test {
protected:
    ExecTest() {
        command.method = ChangeRequest::runs;
        command.path = "/api/v1/namespaces/shop/pods/web-0/exec?container=app&stdout=true&stderr=true&command=df";
        command.contentType.clear();
        command.timeLimit = 10s;
    }
    Result<ExecOutcome> run(access::Permit::Extent extent = access::Permit::Extent::Change) {
        std::optional<Result<ExecOutcome>> outcome;
        tasks.spawn("exec", running(extent, outcome));
        EXPECT_TRUE(loop.runUntil([&] { return outcome.has_value(); }));
        return outcome ? *outcome : fail(ErrorCode::Internal, "no end");
    }
    /// As the API server answers what it is asked before.
    void lets(const std::string& review = allowed) { api.thenRefuse(201, {{"Connection", "close"}}, review); }

    Loop loop;
    SystemLoopClock clock{loop};
    PlayedWebSocket api;
    ChangeRequest command;
    TaskGroup tasks{loop, [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << what; }};

private:
    Task<void> running(access::Permit::Extent extent, std::optional<Result<ExecOutcome>>& outcome) {
        auto append = [](storage::UnitOfWork) -> Task<Result<storage::Committed>> {
            storage::Committed committed;
            committed.auditSeqs.push_back(1);
            co_return committed;
        };
        access::Gate gate(append, [] { return TimePoint(); });
        access::Binding li{"Li", {"feishu:ou_li"}, {}, "admin", {}, {}};
        li.groups = {"payments"};
        gate.setPolicy(access::Policy({li}));
        access::Request request{"feishu:ou_li", "", "exec", "exec",
                                access::Place{"prod", "shop", "pods", "web-0", false}};
        storage::UnitOfWork unit;
        unit.audit.emplace_back();
        auto permit = co_await gate.permit(std::move(request), extent, command.digest(), std::move(unit));
        ClusterAccess cluster;
        cluster.name = "prod";
        cluster.server = "http" + api.url("").substr(2);
        cluster.token = "t-1";
        cluster.impersonateCallers = true;
        ApiServer server(loop, clock, std::move(cluster));
        outcome = co_await server.exec(std::move(*permit), command);
    }
};

TEST_F(ExecTest, AsksAsThePersonWithCredentialsAndGroups) {
    lets();
    lets();
    std::vector<std::string> headers;
    api.then([&](Session& session) {
        for (const char* name : {"Authorization", "Impersonate-User", "Impersonate-Group", "Sec-WebSocket-Protocol"})
            headers.push_back(session.header(name));
        headers.push_back(session.target());
        session.send(std::string("\x01hello\n"), true);
        session.send(std::string("\x03{\"status\":\"Success\"}"), true);
        session.close();
    });
    auto outcome = run();
    ASSERT_TRUE(outcome) << outcome.error().describe();
    EXPECT_EQ(outcome->exitCode, 0);
    EXPECT_EQ(outcome->output, "hello\n");
    EXPECT_EQ(headers, (std::vector<std::string>{"Bearer t-1", "feishu:ou_li", "payments",
                                                 "v5.channel.k8s.io, v4.channel.k8s.io", command.path}));
}

TEST_F(ExecTest, SpeaksTheOlderProtocolWhereTheServerChoosesIt) {
    lets();
    lets();
    api.speak("v4.channel.k8s.io");
    api.then([](Session& session) {
        session.send(std::string("\x03{\"status\":\"Success\"}"), true);
        session.close();
    });
    EXPECT_TRUE(run());
}

TEST_F(ExecTest, SpeaksNoOther) {
    lets();
    lets();
    api.speak("channel.k8s.io");
    api.then([](Session& session) { session.receive(); });
    auto outcome = run();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::Unsupported);
}

TEST_F(ExecTest, TellsWhatTheApiServerSaysToTheUpgrade) {
    lets();
    lets();
    api.thenRefuse(403, {{"Connection", "close"}}, R"({"kind":"Status","message":"pods \"web-0\" is forbidden"})");
    auto outcome = run();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::PermissionDenied);
    EXPECT_THAT(outcome.error().message, HasSubstr("403 pods \"web-0\" is forbidden"));
}

TEST_F(ExecTest, ALostAnswerToTheQuestionBeforeIsNoUnknownOutcome) {
    api.thenRefuse(503, {{"Connection", "close"}}, "overloaded");
    auto outcome = run();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::Unavailable);
    EXPECT_EQ(api.connections(), 1u);
}

TEST_F(ExecTest, AfterTheUpgradeWasAskedForOnlyAnAnswerTells) {
    std::pair<int, ErrorCode> answers[] = {
        {429, ErrorCode::ResourceExhausted}, {503, ErrorCode::Unavailable}, {504, ErrorCode::OutcomeUnknown}};
    for (const auto& [status, code] : answers) {
        lets();
        lets();
        api.thenRefuse(status, {{"Connection", "close"}}, "no");
        auto outcome = run();
        ASSERT_FALSE(outcome) << status;
        EXPECT_EQ(outcome.error().code, code) << status;
    }
}

TEST_F(ExecTest, NothingIsRunForWhomTheReviewDoesNotLet) {
    lets(R"({"status":{"allowed":false,"reason":"no binding"}})");
    auto outcome = run();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::PermissionDenied);
    EXPECT_EQ(outcome.error().message,
              "Kubernetes does not let feishu:ou_li create pods/exec \"web-0\" in the namespace shop: no binding");
    EXPECT_EQ(api.connections(), 1u);
}

TEST_F(ExecTest, ADryRunOnlyAsks) {
    lets();
    lets();
    auto outcome = run(access::Permit::Extent::DryRun);
    ASSERT_TRUE(outcome) << outcome.error().describe();
    EXPECT_EQ(outcome->exitCode, std::nullopt);
    EXPECT_EQ(api.connections(), 2u);
}

TEST_F(ExecTest, AReviewThatSaysNothingIsNoPermission) {
    for (const char* review : {"{}", "[]", "no json", R"({"status":{"allowed":"yes"}})"}) {
        lets(review);
        auto outcome = run();
        ASSERT_FALSE(outcome) << review;
        EXPECT_EQ(outcome.error().code, ErrorCode::Unavailable) << review;
    }
}

}  // namespace
}  // namespace klaw::kube
