// The agent's own client on a recording, in one loop and in virtual time.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/kube/watch_stream.hpp"
#include "agent/observe/resource_observer.hpp"
#include "agent/recording/recording_server.hpp"
#include "base/async/task_group.hpp"
#include "test/unit/recording/recording_test.hpp"

namespace klaw::recording::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::string entry(double t, const std::string& type, const std::string& name, const std::string& phase) {
    nlohmann::json object{{"kind", "Pod"},
                          {"apiVersion", "v1"},
                          {"metadata", {{"name", name}, {"namespace", "shop"}, {"uid", "u-" + name}}},
                          {"status", {{"phase", phase}}}};
    return fmt::format(R"({{"t":{},"cluster":"prod","resource":"pods","event":{{"type":"{}","object":{}}}}})", t, type,
                       object.dump()) +
           "\n";
}

const std::string endOfList =
    R"({"t":0.1,"cluster":"prod","resource":"pods","event":{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1",)"
    R"("metadata":{"annotations":{"k8s.io/initial-events-end":"true"}}}}})"
    "\n";
const std::string twoPods = entry(0, "ADDED", "a", "Pending") + entry(0, "ADDED", "b", "Running") + endOfList;

/// A recording, the server that plays it, and a client with an observer behind it.
class RecordedWatchTest : public testing::Test {
protected:
    ~RecordedWatchTest() override {
        leave();
        tasks.spawn("stop", server->stop());
        loop.poll();
        clock.advance(24h);  // wakes what plays, which then sees that the server stops
        EXPECT_TRUE(loop.runUntil([&] { return tasks.empty(); })) << "the server did not stop";
    }

    void serve(const std::string& text, RecordingServerOptions options = {}) {
        auto reader = RecordingReader::fromBytes(headerLine + text, "demo.jsonl");
        ASSERT_TRUE(reader);
        auto loaded = RecordingServer::load(loop, clock, std::move(*reader), std::move(options));
        ASSERT_TRUE(loaded) << loaded.error().describe();
        server = std::move(*loaded);
        auto port = server->listen();
        ASSERT_TRUE(port) << port.error().describe();
        kube::ClusterAccess access;
        access.server = fmt::format("http://127.0.0.1:{}", *port);
        api = std::make_unique<kube::ApiServer>(loop, clock, access);
        observe::ObserverOptions observing;
        observing.cluster = "prod";
        observing.resource = "pods";
        observing.fields.add("status.phase");
        observer = std::make_unique<observe::ResourceObserver>(observing,
                                                               [this](const rules::Change& change) { note(change); });
        kube::WatchOptions watching;
        watching.resource = "pods";
        stream = std::make_unique<kube::WatchStream>(*api, clock, random, *observer, watching);
    }
    void watch() {
        client = std::make_unique<TaskGroup>(loop, report);
        client->spawn("watch", stream->run());
    }
    /// The connection goes, the stream keeps what it knows.
    void leave() {
        if (!client) return;
        tasks.spawn("leave", client->stop());
        EXPECT_TRUE(loop.runUntil([&] { return client->empty(); }));
        client.reset();
    }
    void play() { tasks.spawn("play", playToTheEnd()); }
    bool until(const std::function<bool()>& done) { return loop.runUntil(done); }

    Loop loop;
    std::function<void(std::string, std::string)> report = [](const std::string& name, const std::string& what) {
        ADD_FAILURE() << name << ": " << what;
    };
    TaskGroup tasks{loop, report};
    FakeLoopClock clock{loop, *parseRfc3339("2026-11-23T10:00:00Z")};
    SeededRandom random{3};
    std::unique_ptr<RecordingServer> server;
    std::unique_ptr<kube::ApiServer> api;
    std::unique_ptr<observe::ResourceObserver> observer;
    std::unique_ptr<kube::WatchStream> stream;
    std::unique_ptr<TaskGroup> client;
    std::vector<std::string> changes;
    bool played = false;

private:
    void note(const rules::Change& change) {
        static const char* const marks[] = {"+", "~", "-"};
        changes.push_back(marks[static_cast<int>(change.type)] +
                          std::string(change.object["metadata"]["name"].asString()) + " " +
                          std::string(change.object["status"]["phase"].asString()));
    }
    Task<void> playToTheEnd() {
        auto result = co_await server->play();
        EXPECT_TRUE(result);
        played = true;
    }
};

TEST_F(RecordedWatchTest, GivesTheListAndThenEachChangeAtItsTime) {
    serve(twoPods + entry(10, "MODIFIED", "a", "Failed") + entry(20, "DELETED", "b", "Running"));
    watch();
    ASSERT_TRUE(until([&] { return stream->status().listed; }));
    EXPECT_THAT(changes, UnorderedElementsAre("+a Pending", "+b Running"));
    play();
    ASSERT_TRUE(until([&] { return clock.sleepers() > 1; }));
    changes.clear();
    clock.advance(9s);
    EXPECT_THAT(changes, IsEmpty());
    clock.advance(1s);
    ASSERT_TRUE(until([&] { return changes.size() == 1; }));
    clock.advance(10s);
    ASSERT_TRUE(until([&] { return changes.size() == 2; }));
    EXPECT_THAT(changes, ElementsAre("~a Failed", "-b Running"));
    EXPECT_EQ(observer->size(), 1u);
    EXPECT_EQ(stream->status().lists, 1u);
}

TEST_F(RecordedWatchTest, GoesOnFromTheLastVersionAfterAnAbsence) {
    serve(twoPods + entry(10, "MODIFIED", "a", "Failed") + entry(11, "MODIFIED", "a", "Running"));
    watch();
    ASSERT_TRUE(until([&] { return stream->status().listed; }));
    leave();
    play();
    ASSERT_TRUE(until([&] { return clock.sleepers() > 0; }));
    clock.advance(1min);
    ASSERT_TRUE(until([&] { return played; }));
    changes.clear();
    watch();
    ASSERT_TRUE(until([&] { return changes.size() == 2; }));
    EXPECT_THAT(changes, ElementsAre("~a Failed", "~a Running"));
    EXPECT_EQ(stream->status().lists, 1u);
}

TEST_F(RecordedWatchTest, ListsAgainAfterALongAbsenceAndFindsWhatWasDeletedMeanwhile) {
    RecordingServerOptions options;
    options.history = 2;
    serve(twoPods + entry(10, "DELETED", "b", "Running") + entry(11, "ADDED", "c", "Pending") +
              entry(12, "MODIFIED", "a", "Running") + entry(13, "MODIFIED", "a", "Pending"),
          options);
    watch();
    ASSERT_TRUE(until([&] { return stream->status().listed; }));
    leave();
    play();
    ASSERT_TRUE(until([&] { return clock.sleepers() > 0; }));
    clock.advance(1min);
    ASSERT_TRUE(until([&] { return played; }));
    changes.clear();
    watch();
    ASSERT_TRUE(until([&] { return stream->status().lists == 2; }));
    EXPECT_EQ(stream->status().expired, 1u);
    EXPECT_THAT(changes, UnorderedElementsAre("+c Pending", "-b Running")) << "a is as it was, and nobody hears of it";
}

TEST_F(RecordedWatchTest, StaysConnectedOnBookmarksAloneAndRenewsItselfWithoutAList) {
    serve(twoPods);
    watch();
    ASSERT_TRUE(until([&] { return stream->status().listed; }));
    for (int minute = 1; minute <= 30; ++minute) {
        auto heard = stream->status().lastLineAt;
        auto watches = stream->status().watches;
        ASSERT_TRUE(until([&] { return clock.sleepers() > 1; }));
        clock.advance(60s);
        ASSERT_TRUE(until([&] { return stream->status().lastLineAt > heard || stream->status().watches > watches; }))
            << "minute " << minute;
    }
    EXPECT_EQ(stream->status().stalls, 0u);
    EXPECT_EQ(stream->status().lists, 1u);
    EXPECT_GE(stream->status().watches, 3u) << "renewed every five to ten minutes";
    EXPECT_THAT(changes, UnorderedElementsAre("+a Pending", "+b Running"));
}

}  // namespace
}  // namespace klaw::recording::test
