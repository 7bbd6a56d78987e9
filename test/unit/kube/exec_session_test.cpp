#include "agent/kube/exec_session.hpp"

#include <gmock/gmock.h>

#include "base/async/task_group.hpp"
#include "test/unit/played/played_websocket.hpp"

namespace klaw::kube {
namespace {

using klaw::test::PlayedWebSocket;
using testing::HasSubstr;
using Session = PlayedWebSocket::Session;

constexpr auto success = R"({"metadata":{},"status":"Success"})";
constexpr auto exitOne =
    R"({"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: exit status 1",)"
    R"("reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"1"}]}})";

std::string on(char channel, const std::string& text) {
    return std::string(1, channel) + text;
}

class ExecSessionTest : public testing::Test {
protected:
    Result<ExecOutcome> outcomeOf(PlayedWebSocket::Scene scene, Duration within = 10s) {
        server.then(std::move(scene));
        std::optional<Result<ExecOutcome>> outcome;
        tasks.spawn("command", listening(within, outcome));
        EXPECT_TRUE(loop.runUntil([&] { return outcome.has_value(); }));
        return outcome ? *outcome : fail(ErrorCode::Internal, "no end");
    }

    Loop loop;
    PlayedWebSocket server;
    TaskGroup tasks{loop, [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << what; }};

private:
    Task<void> listening(Duration within, std::optional<Result<ExecOutcome>>& outcome) {
        net::WebSocketOptions options;
        options.headers.add("Sec-WebSocket-Protocol", std::string(execProtocols));
        auto opened = co_await net::WebSocket::open(loop, server.url(), std::move(options));
        outcome = co_await listenToCommand(loop, std::move(opened.socket), within);
    }
};

TEST_F(ExecSessionTest, JoinsBothOutputsAndTakesTheExitCode) {
    auto outcome = outcomeOf([](Session& session) {
        session.send(on(1, ""), true);  // as the API server begins each channel
        session.send(on(1, "one\n"), true);
        session.send(on(2, "two\n"), true);
        session.send(on(1, "three\n"), true);
        session.send(on(3, success), true);
        session.close();
    });
    ASSERT_TRUE(outcome) << outcome.error().describe();
    EXPECT_EQ(outcome->exitCode, 0);
    EXPECT_EQ(outcome->output, "one\ntwo\nthree\n");
    EXPECT_FALSE(outcome->cut);
}

TEST_F(ExecSessionTest, AnExitCodeIsNoFailureOfOurs) {
    auto outcome = outcomeOf([](Session& session) {
        session.send(on(2, "no such file\n"), true);
        session.send(on(3, exitOne), true);
        session.close();
    });
    ASSERT_TRUE(outcome) << outcome.error().describe();
    EXPECT_EQ(outcome->exitCode, 1);
    EXPECT_EQ(outcome->output, "no such file\n");
}

TEST_F(ExecSessionTest, TellsWhyACommandCouldNotBeStarted) {
    auto outcome = outcomeOf([](Session& session) {
        session.send(on(3, R"({"status":"Failure","reason":"BadRequest","message":"exec: \"df\": not found"})"), true);
        session.close();
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::Internal);
    EXPECT_THAT(outcome.error().message, HasSubstr("exec: \"df\": not found"));
}

TEST_F(ExecSessionTest, WhatBrokeInsideMayHaveBeenRun) {
    for (const auto& [heard, status] :
         {std::pair("", R"({"status":"Failure","reason":"InternalError","message":"gone"})"),
          std::pair("begun\n", R"({"status":"Failure","reason":"BadRequest","message":"gone"})")}) {
        auto outcome = outcomeOf([heard, status](Session& session) {
            session.send(on(1, heard), true);
            session.send(on(3, status), true);
            session.close();
        });
        ASSERT_TRUE(outcome) << outcome.error().describe();
        EXPECT_EQ(outcome->exitCode, std::nullopt);
        EXPECT_EQ(outcome->output, heard);
        EXPECT_EQ(outcome->broken, "gone");
    }
}

TEST_F(ExecSessionTest, GivesUpOnWhatDoesNotEndAndKeepsWhatItWrote) {
    auto outcome = outcomeOf(
        [](Session& session) {
            session.send(on(1, "begun\n"), true);
            session.receive();  // until the client goes
        },
        300ms);
    ASSERT_TRUE(outcome) << outcome.error().describe();
    EXPECT_EQ(outcome->exitCode, std::nullopt);
    EXPECT_EQ(outcome->output, "begun\n");
}

TEST_F(ExecSessionTest, ABrokenConnectionLeavesTheOutcomeUnknown) {
    auto outcome = outcomeOf([](Session& session) {
        session.send(on(1, "begun\n"), true);
        session.abort();
    });
    ASSERT_TRUE(outcome) << outcome.error().describe();
    EXPECT_EQ(outcome->exitCode, std::nullopt);
    EXPECT_EQ(outcome->output, "begun\n");
    EXPECT_THAT(outcome->broken, HasSubstr("the connection ended before the command did"));
}

TEST_F(ExecSessionTest, KeepsTheBeginningOfMuchOutput) {
    auto outcome = outcomeOf([](Session& session) {
        for (int i = 0; i < 100; ++i) session.send(on(1, std::string(4096, 'x')), true);
        session.send(on(3, success), true);
        session.close();
    });
    ASSERT_TRUE(outcome) << outcome.error().describe();
    EXPECT_EQ(outcome->output.size(), 64u << 10);
    EXPECT_TRUE(outcome->cut);
    EXPECT_EQ(outcome->exitCode, 0);
}

TEST_F(ExecSessionTest, WhatIsNoStatusLeavesTheOutcomeUnknown) {
    for (
        const char* status :
        {"not json", "[]", R"({"status":7})", R"({"status":"Failure","reason":7})",
         R"({"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"x"}]}})"}) {
        auto outcome = outcomeOf([status](Session& session) {
            session.send(on(3, status), true);
            session.close();
        });
        ASSERT_TRUE(outcome) << status;
        EXPECT_EQ(outcome->exitCode, std::nullopt) << status;
        EXPECT_NE(outcome->broken, "") << status;
    }
}

}  // namespace
}  // namespace klaw::kube
