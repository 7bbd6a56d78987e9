#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/async/task_group.hpp"
#include "base/net/http_client.hpp"
#include "base/random.hpp"
#include "notifiers/notifier.hpp"
#include "test/fakes/fake_platform.hpp"

namespace klaw::notifiers::test {

/// 2026-11-23T10:00:00Z, the time of all samples.
TimePoint sampleTime();

/// A card as the courier would send it in that state, with hostile text, secrets and every kind of content.
Card sampleCard(CardStatus status, const std::string& language);
/// An answer to a command: "text", "rows" of a table, "confirm" and "chooser" with their buttons.
Card answerCard(const std::string& kind, const std::string& language);
/// As little as a card can be.
Card smallCard();

/// A loop on the test's own thread with an HTTP client, and tasks that must not fail.
class NotifierTest : public testing::Test {
protected:
    NotifierTest();
    ~NotifierTest() override;

    /// Runs the loop until the task has ended, and gives its result.
    template <class T>
    T run(Task<T> task) {
        std::optional<T> result;
        tasks.spawn("test", storeResult(std::move(task), result));
        EXPECT_TRUE(loop.runUntil([&] { return result.has_value(); }, std::chrono::seconds(60)))
            << "the task did not end";
        return std::move(result.value());
    }
    /// A listening fake that is stopped when the test ends.
    fakes::FakePlatform& startFake(fakes::PlatformOptions options);

    Loop loop;
    TaskGroup tasks;
    FakeLoopClock clock;
    SeededRandom random{7};
    net::HttpClient client;

private:
    template <class T>
    static Task<void> storeResult(Task<T> task, std::optional<T>& result) {
        result.emplace(co_await std::move(task));
    }
    std::vector<std::unique_ptr<fakes::FakePlatform>> fakes_;
};

}  // namespace klaw::notifiers::test
