#include "agent/kube/watch_stream.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "base/async/task_group.hpp"
#include "base/net/http_server.hpp"

namespace klaw::kube {
namespace {

/// Remembers what a stream hands over, as short words: "begin", "+a" (object a), "end 5".
class Journal final : public WatchHandler {
public:
    void listBegins() override { words.push_back("begin"); }
    void listEnds(std::string_view version) override { words.push_back("end " + std::string(version)); }
    Result<LineOutcome> line(PaddedText line) override {
        auto json = nlohmann::json::parse(line.text(), nullptr, false);
        if (json.is_discarded()) return fail(ErrorCode::DataLoss, "no JSON");
        LineOutcome outcome;
        if (json["type"] == "ERROR") {
            outcome.type = LineOutcome::Type::Error;
            outcome.errorCode = json["object"].value("code", 0);
            outcome.errorReason = json["object"].value("reason", "");
            return outcome;
        }
        outcome.resourceVersion = json["object"]["metadata"]["resourceVersion"];
        if (json["type"] == "BOOKMARK") {
            outcome.type = LineOutcome::Type::Bookmark;
            outcome.initialEventsEnd = json["object"]["metadata"].contains("annotations");
            return outcome;
        }
        words.push_back((json["type"] == "DELETED" ? "-" : "+") + json["object"]["metadata"].value("name", ""));
        return outcome;
    }
    Result<PageOutcome> page(PaddedText body) override {
        auto json = nlohmann::json::parse(body.text(), nullptr, false);
        for (const auto& item : json["items"]) words.push_back("+" + item["metadata"].value("name", ""));
        PageOutcome outcome;
        outcome.resourceVersion = json["metadata"]["resourceVersion"];
        outcome.continueToken = json["metadata"].value("continue", "");
        return outcome;
    }
    std::vector<std::string> words;
};

std::string object(const std::string& type, const std::string& name, int version) {
    return R"({"type":")" + type + R"(","object":{"metadata":{"name":")" + name + R"(","resourceVersion":")" +
           std::to_string(version) + "\"}}}\n";
}
std::string bookmark(int version, bool initialEnd = false) {
    return R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":")" + std::to_string(version) + R"(")" +
           (initialEnd ? R"(,"annotations":{"k8s.io/initial-events-end":"true"})" : "") + "}}}\n";
}
const std::string gone = "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\"}}\n";

/// One scripted answer of the API server.
struct Scripted {
    int status = 200;
    std::string body;
    enum class After { Close, Cut, Hang } after = After::Close;
    std::string retryAfter;
};

class WatchStreamTest : public testing::Test {
protected:
    void run(std::deque<Scripted> answers, const std::function<bool()>& done, WatchOptions options = {}) {
        script = std::move(answers);
        server = std::make_unique<net::HttpServer>(
            loop, net::HttpServerOptions(), [this](net::ServerRequest request) { return answer(std::move(request)); });
        auto port = server->listen();
        ASSERT_TRUE(port);
        ClusterAccess access;
        access.server = "http://127.0.0.1:" + std::to_string(*port);
        access.token = "t";
        api = std::make_unique<ApiServer>(loop, clock, access);
        options.resource = "pods";
        options.backoff = {1ms, 5ms, 60s};
        stream = std::make_unique<WatchStream>(*api, clock, random, journal, options);
        tasks.spawn("stream", stream->run());
        EXPECT_TRUE(loop.runUntil(done)) << "requests so far: " << targets.size();
        bool ended = false;
        TaskGroup end(loop, [](const std::string&, const std::string&) {});
        end.spawn("end", stop(ended));
        loop.runUntil([&] { return end.empty(); });
        EXPECT_TRUE(ended);
    }
    Task<void> stop(bool& ended) {
        co_await tasks.stop();
        co_await server->stop(Duration::zero());
        ended = true;
    }
    Task<net::ServerResponse> answer(net::ServerRequest request) {
        targets.push_back(request.target);
        if (targets.size() == relistsAtRequest) stream->relist();
        if (script.empty()) {
            auto hang = Scripted{200, "", Scripted::After::Hang, ""};
            co_return respond(hang);
        }
        auto next = script.front();
        script.pop_front();
        co_return respond(next);
    }
    net::ServerResponse respond(const Scripted& scripted) {
        if (scripted.status != 200) {
            auto refused = net::ServerResponse::json(scripted.status, scripted.body);
            if (!scripted.retryAfter.empty()) refused.headers.add("Retry-After", scripted.retryAfter);
            return refused;
        }
        net::ServerResponse response;
        response.stream = [this, scripted](net::BodySink& sink) -> Task<void> {
            co_await sink.write(scripted.body);
            if (scripted.after == Scripted::After::Cut) sink.abort();
            while (scripted.after == Scripted::After::Hang && sink.open()) co_await clock.sleepFor(5ms);
        };
        return response;
    }
    bool saw(const std::string& word) const {
        return std::find(journal.words.begin(), journal.words.end(), word) != journal.words.end();
    }

    Loop loop;
    SystemLoopClock clock{loop};
    SeededRandom random{3};
    TaskGroup tasks{loop,
                    [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << ": " << what; }};
    std::deque<Scripted> script;
    std::vector<std::string> targets;
    std::size_t relistsAtRequest = 0;  ///< when the so manieth has been sent and is not answered yet
    Journal journal;
    std::unique_ptr<net::HttpServer> server;
    std::unique_ptr<ApiServer> api;
    std::unique_ptr<WatchStream> stream;
};

using Words = std::vector<std::string>;

TEST_F(WatchStreamTest, TakesAStreamingListAndGoesOnWatching) {
    run({{200, object("ADDED", "a", 3) + bookmark(5, true) + object("MODIFIED", "a", 6), Scripted::After::Hang, ""}},
        [&] { return journal.words.size() == 4; });
    EXPECT_EQ(journal.words, (Words{"begin", "+a", "end 5", "+a"}));
    EXPECT_NE(targets[0].find("sendInitialEvents=true"), std::string::npos);
    EXPECT_TRUE(stream->status().listed);
}

TEST_F(WatchStreamTest, GoesOnFromTheLastWholeLineWhenCutInTheMiddleOfOne) {
    auto half = object("MODIFIED", "b", 7).substr(0, 20);
    run({{200, object("ADDED", "a", 3) + bookmark(5, true) + half, Scripted::After::Cut, ""},
         {200, object("MODIFIED", "b", 7), Scripted::After::Hang, ""}},
        [&] { return saw("+b"); });
    EXPECT_EQ(journal.words, (Words{"begin", "+a", "end 5", "+b"})) << "nothing twice, nothing lost";
    EXPECT_NE(targets[1].find("resourceVersion=5"), std::string::npos) << targets[1];
}

TEST_F(WatchStreamTest, ListsInPagesWhereTheServerKnowsNoStreamingLists) {
    run({{422, R"({"kind":"Status","message":"sendInitialEvents is forbidden"})", {}, ""},
         {200, R"({"metadata":{"resourceVersion":"9","continue":"next"},"items":[{"metadata":{"name":"a"}}]})", {}, ""},
         {200, R"({"metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"b"}}]})", {}, ""},
         {200, object("ADDED", "c", 10), Scripted::After::Hang, ""}},
        [&] { return saw("+c"); });
    EXPECT_EQ(journal.words, (Words{"begin", "+a", "+b", "end 9", "+c"}));
    EXPECT_NE(targets[2].find("continue=next"), std::string::npos);
}

TEST_F(WatchStreamTest, ListsAgainWhenTheVersionIsTooOld) {
    run({{200, object("ADDED", "a", 3) + bookmark(5, true) + gone, Scripted::After::Hang, ""},
         {200, object("ADDED", "b", 8) + bookmark(9, true), Scripted::After::Hang, ""}},
        [&] { return saw("end 9"); });
    EXPECT_EQ(journal.words, (Words{"begin", "+a", "end 5", "begin", "+b", "end 9"}));
    EXPECT_EQ(stream->status().expired, 1u);
}

TEST_F(WatchStreamTest, ListsAgainOnAnHttp410) {
    run({{200, bookmark(5, true), {}, ""},
         {410, R"({"kind":"Status","message":"too old","reason":"Expired"})", {}, ""},
         {200, bookmark(9, true), Scripted::After::Hang, ""}},
        [&] { return saw("end 9"); });
}

TEST_F(WatchStreamTest, ListsAgainWhenThatIsDecidedWhileAWatchIsBeingOpened) {
    relistsAtRequest = 2;
    run({{200, bookmark(5, true), {}, ""},
         {200, "", Scripted::After::Hang, ""},
         {200, object("ADDED", "b", 8) + bookmark(9, true), Scripted::After::Hang, ""}},
        [&] { return saw("end 9"); });
    EXPECT_NE(targets[1].find("resourceVersion=5"), std::string::npos) << targets[1];
    EXPECT_NE(targets[2].find("sendInitialEvents=true"), std::string::npos) << targets[2];
}

TEST_F(WatchStreamTest, ListsAgainAfterALineThatCannotBeRead) {
    run({{200, bookmark(5, true) + "{broken\n", Scripted::After::Hang, ""},
         {200, bookmark(9, true), Scripted::After::Hang, ""}},
        [&] { return saw("end 9"); });
}

TEST_F(WatchStreamTest, RefusesAnEnormousEventAndGoesOnFromANewList) {
    WatchOptions options;
    options.maxLineBytes = 1'000'000;
    auto enormous = object("MODIFIED", std::string(4'000'000, 'x'), 6);
    std::string said;
    run(
        {{200, object("ADDED", "a", 3) + bookmark(5, true) + enormous, Scripted::After::Hang, ""},
         {200, object("ADDED", "a", 3) + bookmark(9, true) + object("ADDED", "next", 10), Scripted::After::Hang, ""}},
        [&] {
            if (const auto& error = stream->status().lastError; !error.empty()) said = error;
            return saw("+next");
        },
        options);
    EXPECT_EQ(said, "pods: a watch event is larger than 1000000 bytes (delete or shrink the object)");
    EXPECT_EQ(stream->status().failures, 1u);
    EXPECT_EQ(journal.words, (Words{"begin", "+a", "end 5", "begin", "+a", "end 9", "+next"}));
    EXPECT_TRUE(stream->status().lastError.empty());
}

TEST_F(WatchStreamTest, ConnectsAgainWhenTheServerFallsSilent) {
    WatchOptions options;
    options.stallAfter = 50ms;
    run(
        {{200, bookmark(5, true), Scripted::After::Hang, ""},
         {200, object("ADDED", "late", 6), Scripted::After::Hang, ""}},
        [&] { return saw("+late"); }, options);
    EXPECT_GE(stream->status().stalls, 1u);
}

TEST_F(WatchStreamTest, TellsWhyAKindMayNotBeRead) {
    run({{403, R"({"kind":"Status","message":"pods is forbidden: User \"x\" cannot list"})", {}, ""}},
        [&] { return !stream->status().lastError.empty(); });
    EXPECT_EQ(stream->status().errorCode, ErrorCode::PermissionDenied);
    EXPECT_NE(stream->status().lastError.find("403 pods is forbidden"), std::string::npos);
    EXPECT_EQ(targets.size(), 1u);
}

}  // namespace
}  // namespace klaw::kube
