#include "agent/serve/console.hpp"

#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/async/loop_condition.hpp"
#include "base/async/task_group.hpp"

namespace klaw::serve {
namespace {

using net::ServerRequest;
using net::ServerResponse;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// An agent that remembers what it was asked.
class FakeAgent final : public ConsoleBackend {
public:
    explicit FakeAgent(Loop& loop) : changed_(loop) {}
    std::string metrics() override { return "klaw_ready 1\n"; }
    bool leads() const override { return leading; }
    Readiness readiness() override { return {ready, ready ? "ready\n" : "not ready\ncluster prod: not synced yet\n"}; }
    std::string stateJson() override { return R"({"version":)" + std::to_string(version) + "}"; }
    std::uint64_t stateVersion() const override { return version; }
    Task<void> stateNewerThan(std::uint64_t known, TimePoint until) override {
        ++polls;
        pollsEnd = until;
        auto newer = [this, known] { return version > known; };
        co_await changed_.until(newer, *clock, until);
    }
    Task<Answer> execute(std::string identity, std::string command, std::string language, std::string) override {
        asked.push_back("do " + identity + " " + command + " " + language);
        co_return Answer{command != "refuse", "said\xff\n"};
    }
    Task<Result<Offered>> offer(std::string identity, std::string command, std::string) override {
        asked.push_back("offer " + identity + " " + command);
        if (command == "alerts") co_return fail(ErrorCode::InvalidArgument, "this command has no button");
        co_return Offered{"nonce-1", "would acknowledge"};
    }
    Task<Answer> press(std::string identity, std::string nonce, std::string) override {
        asked.push_back("press " + identity + " " + nonce);
        co_return Answer{true, "done\n"};
    }
    const std::string& token() const override { return token_; }
    Task<Result<void>> receiveAlerts(std::string, std::string cluster) override {
        asked.push_back("alerts for " + cluster);
        auto isCommitted = [this] { return committed.has_value(); };
        co_await changed_.until(isCommitted);
        co_return *committed;
    }
    Task<ServerResponse> chatCallback(ServerRequest request, std::string app, std::string rest) override {
        asked.push_back("callback of " + app + " at " + rest + ": " + request.body);
        co_return ServerResponse::json(200, "{}");
    }
    Task<ServerResponse> mcp(ServerRequest request) override {
        asked.push_back("mcp " + request.body);
        co_return ServerResponse::json(200, "{}");
    }
    const std::string& receiverToken() const override { return receiverToken_; }

    void change() {
        ++version;
        changed_.notify();
    }
    LoopClock* clock = nullptr;
    bool ready = true;
    bool leading = true;
    /// What becomes of alerts that come in; empty while that is not known.
    std::optional<Result<void>> committed = Result<void>();
    std::uint64_t version = 7;
    int polls = 0;
    TimePoint pollsEnd{};
    std::vector<std::string> asked;

private:
    LoopCondition changed_;
    std::string token_ = "right-token";
    std::string receiverToken_ = "receiver-token";
};

class ConsoleTest : public testing::Test {
protected:
    ConsoleTest() { agent.clock = &clock; }

    static ServerRequest from(const std::string& remote, const std::string& method, const std::string& target) {
        ServerRequest request;
        request.method = method;
        request.target = target;
        request.remoteAddress = remote;
        request.headers.add("Host", "127.0.0.1:8917");
        return request;
    }
    static ServerRequest local(const std::string& method, const std::string& target) {
        return from("127.0.0.1", method, target);
    }
    static ServerRequest posted(const std::string& target, const std::string& body, const std::string& token) {
        auto request = local("POST", target);
        request.body = body;
        if (!token.empty()) request.headers.add("Authorization", "Bearer " + token);
        return request;
    }
    void ask(ServerRequest request) {
        answer.reset();
        tasks.spawn("request", handle(std::move(request)));
        loop.poll();
    }
    ServerResponse get(ServerRequest request) {
        ask(std::move(request));
        EXPECT_TRUE(answer.has_value()) << "no answer at once";
        return answer.value_or(ServerResponse());
    }
    int status(ServerRequest request) { return get(std::move(request)).status; }

    Loop loop;
    FakeLoopClock clock{loop, *parseRfc3339("2026-11-23T10:00:00Z")};
    FakeAgent agent{loop};
    net::HttpServer::Handler handler = consoleHandler(agent, clock);
    TaskGroup tasks{loop,
                    [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << ": " << what; }};
    std::optional<ServerResponse> answer;

private:
    Task<void> handle(ServerRequest request) { answer = co_await handler(std::move(request)); }
};

TEST_F(ConsoleTest, TellsHealthAndMetricsToAnybody) {
    EXPECT_EQ(status(from("10.0.0.9", "GET", "/healthz")), 200);
    EXPECT_EQ(get(from("10.0.0.9", "GET", "/metrics")).body, "klaw_ready 1\n");
    EXPECT_EQ(status(from("10.0.0.9", "GET", "/readyz")), 200);
    agent.ready = false;
    auto waiting = get(from("10.0.0.9", "GET", "/readyz"));
    EXPECT_EQ(waiting.status, 503);
    EXPECT_THAT(waiting.body, HasSubstr("prod: not synced yet"));
}

TEST_F(ConsoleTest, ShowsThePageWithoutAnyOfTheStateAndForbidsForeignScripts) {
    auto page = get(from("10.0.0.9", "GET", "/"));
    EXPECT_EQ(page.status, 200);
    EXPECT_THAT(std::string(page.headers.get("Content-Security-Policy").value_or("")), HasSubstr("default-src 'none'"));
    EXPECT_THAT(page.body, testing::Not(HasSubstr("right-token")));
}

TEST_F(ConsoleTest, NeedsTheTokenForEverythingThatChangesSomething) {
    for (const char* target : {"/api/do", "/api/offer", "/api/press", "/api/alertmanager"})
        for (const char* token : {"", "wrong", "right-toke", "right-token2", "receiver-toke"})
            EXPECT_EQ(status(posted(target, R"({"command":"ack 3f9a","nonce":"nonce-1"})", token)), 401)
                << target << " with " << token;
    auto basic = posted("/api/do", R"({"command":"ack 3f9a"})", "");
    basic.headers.add("Authorization", "Basic right-token");
    EXPECT_EQ(status(std::move(basic)), 401);
    EXPECT_EQ(status(posted("/api/do", R"({"command":"ack 3f9a"})", "receiver-token")), 401)
        << "what Alertmanager may show opens nothing else";
    EXPECT_THAT(agent.asked, IsEmpty());
}

TEST_F(ConsoleTest, TellsAlertmanagerThatItHasItsAlertsOnlyOnceTheyAreCommitted) {
    agent.committed.reset();
    ask(posted("/api/alertmanager?cluster=west", "{}", "receiver-token"));
    EXPECT_FALSE(answer);
    agent.committed = Result<void>();
    agent.change();
    loop.poll();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
}

TEST_F(ConsoleTest, LetsAlertmanagerTryAgainOnlyWhatMayBeTakenLater) {
    const std::map<ErrorCode, int> answers{{ErrorCode::Unavailable, 503},
                                           {ErrorCode::ResourceExhausted, 503},
                                           {ErrorCode::InvalidArgument, 400},
                                           {ErrorCode::Unsupported, 400}};
    for (const auto& [code, expected] : answers) {
        agent.committed = Result<void>(fail(code, "no"));
        EXPECT_EQ(status(posted("/api/alertmanager", "{}", "receiver-token")), expected);
    }
}

TEST_F(ConsoleTest, LetsAlertmanagerTryAgainWhereAnotherReplicaLeadsWhateverTokenItShows) {
    agent.leading = false;
    agent.committed = Result<void>(fail(ErrorCode::Unavailable, "klaw-1 leads"));
    EXPECT_EQ(status(posted("/api/alertmanager", "{}", "token-of-the-leader")), 503);
    agent.leading = true;
    EXPECT_EQ(status(posted("/api/alertmanager", "{}", "token-of-the-leader")), 401);
}

TEST_F(ConsoleTest, CarriesOutWhatTheHolderOfTheTokenAsks) {
    auto done = get(posted("/api/do", R"({"identity":"ann","command":"ack 3f9a","language":"zh"})", "right-token"));
    EXPECT_EQ(done.status, 200);
    EXPECT_EQ(nlohmann::json::parse(done.body)["ok"], true);
    EXPECT_EQ(status(posted("/api/do", R"({"command":"refuse"})", "right-token")), 422);
    EXPECT_THAT(agent.asked, ElementsAre("do local:ann ack 3f9a zh", "do local:page refuse "));
}

TEST_F(ConsoleTest, OffersAButtonAndPassesItsPressOn) {
    auto offered = get(posted("/api/offer", R"({"command":"ack 3f9a"})", "right-token"));
    EXPECT_EQ(offered.status, 200);
    EXPECT_EQ(nlohmann::json::parse(offered.body)["nonce"], "nonce-1");
    EXPECT_EQ(nlohmann::json::parse(offered.body)["preview"], "would acknowledge");
    EXPECT_EQ(status(posted("/api/offer", R"({"command":"alerts"})", "right-token")), 422);
    EXPECT_EQ(status(posted("/api/press", R"({"nonce":"nonce-1"})", "right-token")), 200);
    EXPECT_EQ(agent.asked.back(), "press local:page nonce-1");
}

TEST_F(ConsoleTest, RefusesBodiesThatAreNoObject) {
    for (const char* body : {"", "[]", "7", "\"ack\"", "{", "{\"command\":"})
        EXPECT_EQ(status(posted("/api/do", body, "right-token")), 400) << body;
    EXPECT_EQ(status(posted("/api/do", R"({"command":7,"identity":["x"]})", "right-token")), 200);
    EXPECT_THAT(agent.asked, ElementsAre("do local:page  ")) << "what is no text counts as empty";
}

TEST_F(ConsoleTest, KnowsNoOtherPathsAndMethods) {
    EXPECT_EQ(status(local("GET", "/api/nothing")), 404);
    EXPECT_EQ(status(local("GET", "/../token")), 404);
    EXPECT_EQ(status(local("GET", "/api/do")), 404);
    EXPECT_EQ(status(local("DELETE", "/metrics")), 404);
    EXPECT_EQ(status(posted("/api/nothing", "{}", "right-token")), 404);
}

TEST_F(ConsoleTest, ShowsTheStateToThisMachineAndElsewhereToTheHolderOfTheToken) {
    EXPECT_EQ(get(local("GET", "/api/state")).body, R"({"version":7})");
    EXPECT_EQ(status(from("::1", "GET", "/api/state")), 200);
    EXPECT_EQ(status(from("10.0.0.9", "GET", "/api/state")), 401);
    auto shown = from("10.0.0.9", "GET", "/api/state");
    shown.headers.add("Authorization", "Bearer right-token");
    EXPECT_EQ(status(std::move(shown)), 200);
}

TEST_F(ConsoleTest, RefusesTheStateToAPageThatPointsItsOwnNameAtThisMachine) {
    for (const char* host : {"evil.example:8917", "127.evil.example", "localhost.evil.example:80", "[::1].evil", ""}) {
        auto request = from("127.0.0.1", "GET", "/api/state");
        request.headers = net::HttpHeaders();
        request.headers.add("Host", host);
        EXPECT_EQ(status(std::move(request)), 401) << host;
    }
}

TEST_F(ConsoleTest, RefusesTheStateToAPageOfAnotherOrigin) {
    for (const char* origin :
         {"https://evil.example", "http://127.evil.example", "null", "http://localhost.evil.example"}) {
        auto request = local("GET", "/api/state");
        request.headers.add("Origin", origin);
        EXPECT_EQ(status(std::move(request)), 401) << origin;
    }
    for (const char* origin : {"http://127.0.0.1:8917", "http://localhost:8917", "http://[::1]:8917"}) {
        auto request = local("GET", "/api/state");
        request.headers.add("Origin", origin);
        EXPECT_EQ(status(std::move(request)), 200) << origin;
    }
}

TEST_F(ConsoleTest, PassesWhatAChatPlatformPostsToItsApplicationWithoutOurToken) {
    auto posted = from("203.0.113.9", "POST", "/callback/klaw%20feishu");
    posted.body = "{}";
    EXPECT_EQ(status(std::move(posted)), 200);
    EXPECT_EQ(status(from("203.0.113.9", "POST", "/callback/ding/card/key")), 200);
    EXPECT_THAT(agent.asked, ElementsAre("callback of klaw feishu at : {}", "callback of ding at card/key: "));
}

TEST_F(ConsoleTest, AnswersALongPollWhenSomethingChanges) {
    ask(local("GET", "/api/state?after=7"));
    EXPECT_FALSE(answer.has_value()) << "nothing is newer yet";
    agent.change();
    loop.poll();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->body, R"({"version":8})");
}

TEST_F(ConsoleTest, AnswersALongPollAtOnceWhenTheStateIsNewerAlready) {
    EXPECT_EQ(get(local("GET", "/api/state?after=6")).body, R"({"version":7})");
    EXPECT_EQ(agent.polls, 0);
    EXPECT_EQ(get(local("GET", "/api/state?after=abc")).status, 200) << "no version is known then";
    EXPECT_EQ(agent.polls, 0);
}

TEST_F(ConsoleTest, AnswersALongPollWithTheOldStateBeforeProxiesGiveUp) {
    ask(local("GET", "/api/state?after=7"));
    EXPECT_LE(agent.pollsEnd - clock.now(), 30s);
    clock.advance(24s);
    EXPECT_FALSE(answer.has_value());
    clock.advance(1s);
    loop.poll();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->body, R"({"version":7})");
}

}  // namespace
}  // namespace klaw::serve
