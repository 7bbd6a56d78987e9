#include "agent/recording/recording_server.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "agent/observe/resource_observer.hpp"
#include "base/async/loop.hpp"
#include "base/async/task_group.hpp"
#include "base/net/http_client.hpp"
#include "test/unit/recording/recording_test.hpp"

namespace klaw::recording::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string entry(double t, const std::string& type, const std::string& name, const std::string& phase,
                  const std::string& ns = "shop") {
    json object{{"kind", "Pod"},
                {"apiVersion", "v1"},
                {"metadata", {{"name", name}, {"namespace", ns}, {"uid", "u-" + name}, {"resourceVersion", "900"}}},
                {"status", {{"phase", phase}}}};
    return fmt::format(R"({{"t":{},"cluster":"prod","resource":"pods","event":{{"type":"{}","object":{}}}}})", t, type,
                       object.dump()) +
           "\n";
}

const std::string endOfList =
    R"({"t":0.1,"cluster":"prod","resource":"pods","event":{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1",)"
    R"("metadata":{"resourceVersion":"900","annotations":{"k8s.io/initial-events-end":"true"}}}}})"
    "\n";

/// Reads a stream of lines until it ends.
class Lines {
public:
    explicit Lines(std::unique_ptr<net::HttpBodyStream> body) : body_(std::move(body)) {}

    /// Appends what has come to `lines`; ends with the body.
    Task<void> read(std::vector<std::string>& lines, bool& ended) {
        std::string text;
        char piece[4096];
        while (true) {
            auto size = co_await body_->readSome(piece);
            if (!size || *size == 0) break;
            text.append(piece, *size);
            for (auto end = text.find('\n'); end != text.npos; end = text.find('\n')) {
                lines.push_back(text.substr(0, end));
                text.erase(0, end + 1);
            }
        }
        ended = true;
    }

private:
    std::unique_ptr<net::HttpBodyStream> body_;
};

class RecordingServerTest : public testing::Test {
protected:
    RecordingServerTest()
        : tasks(loop, [](std::string name, std::string what) { ADD_FAILURE() << name << ": " << what; }),
          clock(loop, *parseRfc3339("2026-11-23T10:00:00Z")),
          client(loop, net::HttpClientOptions()) {}
    ~RecordingServerTest() override {
        if (server) tasks.spawn("stop", server->stop());
        loop.poll();
        clock.advance(1h);  // wakes what plays, which then sees that the server stops
        EXPECT_TRUE(loop.runUntil([&] { return tasks.empty(); })) << "the server did not stop";
    }

    Result<std::unique_ptr<RecordingServer>> load(const std::string& text, RecordingServerOptions options = {}) {
        auto reader = RecordingReader::fromBytes(headerLine + text, "demo.jsonl");
        EXPECT_TRUE(reader);
        return RecordingServer::load(loop, clock, std::move(*reader), std::move(options));
    }
    void start(const std::string& text, RecordingServerOptions options = {}) {
        auto loaded = load(text, std::move(options));
        ASSERT_TRUE(loaded) << loaded.error().describe();
        server = std::move(*loaded);
        auto port = server->listen();
        ASSERT_TRUE(port) << port.error().describe();
        base = fmt::format("http://127.0.0.1:{}", *port);
    }
    void play() { tasks.spawn("play", playToTheEnd()); }

    template <class T>
    T run(Task<T> task) {
        std::optional<T> result;
        tasks.spawn("run", store(std::move(task), result));
        EXPECT_TRUE(loop.runUntil([&] { return result.has_value(); }));
        return std::move(*result);
    }
    net::HttpResponse get(const std::string& target, const std::string& method = "GET") {
        auto response = run(client.send(net::HttpRequest(method, base + target), 5s));
        EXPECT_TRUE(response) << response.error().describe();
        return response ? *response : net::HttpResponse();
    }
    json getJson(const std::string& target) { return json::parse(get(target).body, nullptr, false); }

    struct Watched {
        std::vector<std::string> lines;
        bool ended = false;
    };
    /// A watch whose lines arrive while the loop runs.
    std::shared_ptr<Watched> watch(const std::string& target) {
        auto body = run(client.open(net::HttpRequest("GET", base + target), 5s));
        EXPECT_TRUE(body) << body.error().describe();
        EXPECT_EQ((*body)->head().status, 200);
        auto watched = std::make_shared<Watched>();
        auto lines = std::make_shared<Lines>(std::move(*body));
        tasks.spawn("watch", keepReading(lines, watched));
        return watched;
    }
    bool until(const std::function<bool()>& done) { return loop.runUntil(done, 5s); }

    static std::vector<std::string> summaryOf(const std::vector<std::string>& lines) {
        std::vector<std::string> summary;
        for (const auto& line : lines) {
            auto event = json::parse(line);
            auto& object = event["object"];
            auto what = event["type"].get<std::string>();
            if (what == "BOOKMARK") {
                bool isEnd = object["metadata"].contains("annotations");
                summary.push_back(isEnd ? "end of list" : "bookmark");
            } else if (what == "ERROR") {
                summary.push_back("error " + object["code"].dump());
            } else {
                summary.push_back(what + " " + object["metadata"]["name"].get<std::string>() + " " +
                                  object["status"]["phase"].get<std::string>());
            }
        }
        return summary;
    }

    Loop loop;
    TaskGroup tasks;
    FakeLoopClock clock;
    net::HttpClient client;
    std::unique_ptr<RecordingServer> server;
    std::string base;
    bool played = false;

private:
    Task<void> playToTheEnd() {
        auto result = co_await server->play();
        EXPECT_TRUE(result);
        played = true;
    }
    static Task<void> keepReading(std::shared_ptr<Lines> lines, std::shared_ptr<Watched> watched) {
        co_await lines->read(watched->lines, watched->ended);
    }
    template <class T>
    static Task<void> store(Task<T> task, std::optional<T>& result) {
        result.emplace(co_await std::move(task));
    }
};

const std::string twoPods = entry(0, "ADDED", "a", "Pending") + entry(0, "ADDED", "b", "Running", "other") + endOfList;

TEST_F(RecordingServerTest, AnswersDiscoveryLikeAnApiServer) {
    start(twoPods);
    EXPECT_EQ(getJson("/version")["gitVersion"], "v1.36.3");
    EXPECT_EQ(getJson("/version")["minor"], "36");
    EXPECT_EQ(get("/readyz").body, "ok");
    EXPECT_EQ(getJson("/api")["versions"], json::parse(R"(["v1"])"));
    auto resources = getJson("/api/v1")["resources"];
    ASSERT_EQ(resources.size(), 1u);
    EXPECT_EQ(resources[0]["name"], "pods");
    EXPECT_EQ(resources[0]["kind"], "Pod");
    EXPECT_EQ(resources[0]["namespaced"], true);
}

TEST_F(RecordingServerTest, ListsWhatTheRecordingBeganWith) {
    start(twoPods + entry(60, "ADDED", "c", "Pending"));
    auto list = getJson("/api/v1/pods");
    EXPECT_EQ(list["kind"], "PodList");
    ASSERT_EQ(list["items"].size(), 2u);
    EXPECT_FALSE(list["items"][0].contains("kind"));
    EXPECT_FALSE(list["metadata"]["resourceVersion"].get<std::string>().empty());
    EXPECT_EQ(getJson("/api/v1/namespaces/shop/pods")["items"].size(), 1u);
    EXPECT_EQ(getJson("/api/v1/namespaces/shop/pods/a")["status"]["phase"], "Pending");
    EXPECT_EQ(get("/api/v1/namespaces/shop/pods/zzz").status, 404);
    EXPECT_EQ(get("/api/v1/nodes").status, 404);
    EXPECT_EQ(get("/api/v1/namespaces/shop/pods/a/log").status, 404);
    EXPECT_EQ(get("/api/v1/namespaces/shop/pods/a", "DELETE").status, 405);
    EXPECT_EQ(get("/api/v1/pods?limit=-1").status, 400);
    EXPECT_EQ(get("/api/v1/pods?continue=%00%ff").status, 400);
}

TEST_F(RecordingServerTest, ListsInPages) {
    std::string text;
    for (int i = 0; i < 25; ++i) text += entry(0, "ADDED", fmt::format("pod-{:02}", i), "Running");
    start(text + endOfList);
    std::vector<std::string> names;
    std::string token, version;
    do {
        auto page = getJson("/api/v1/pods?limit=10&continue=" + net::percentEncode(token));
        for (const auto& item : page["items"]) names.push_back(item["metadata"]["name"]);
        EXPECT_LE(page["items"].size(), 10u);
        if (!version.empty()) EXPECT_EQ(page["metadata"]["resourceVersion"], version);
        version = page["metadata"]["resourceVersion"];
        token = page["metadata"].value("continue", "");
    } while (!token.empty());
    EXPECT_EQ(names.size(), 25u);
    EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
}

TEST_F(RecordingServerTest, StreamsAListAndThenWhatIsPlayed) {
    start(twoPods + entry(10, "MODIFIED", "a", "Running") + entry(20, "DELETED", "b", "Running", "other"));
    auto watched = watch("/api/v1/pods?watch=1&sendInitialEvents=true&allowWatchBookmarks=true");
    ASSERT_TRUE(until([&] { return watched->lines.size() == 3; }));
    EXPECT_THAT(summaryOf(watched->lines), ElementsAre("ADDED b Running", "ADDED a Pending", "end of list"));
    play();
    ASSERT_TRUE(until([&] { return clock.sleepers() > 0; }));
    clock.advance(9s);
    EXPECT_EQ(watched->lines.size(), 3u);
    clock.advance(1s);
    ASSERT_TRUE(until([&] { return watched->lines.size() == 4; }));
    clock.advance(10s);
    ASSERT_TRUE(until([&] { return watched->lines.size() == 5 && played; }));
    auto summary = summaryOf(watched->lines);
    EXPECT_EQ(summary[3], "MODIFIED a Running");
    EXPECT_EQ(summary[4], "DELETED b Running");
    EXPECT_EQ(getJson("/api/v1/pods")["items"].size(), 1u);
}

TEST_F(RecordingServerTest, PlaysFasterBySpeed) {
    RecordingServerOptions options;
    options.speed = 10;
    start(twoPods + entry(100, "MODIFIED", "a", "Running"), options);
    play();
    ASSERT_TRUE(until([&] { return clock.sleepers() > 0; }));
    clock.advance(9990ms);
    EXPECT_FALSE(played);
    clock.advance(10ms);
    EXPECT_TRUE(until([&] { return played; }));
}

TEST_F(RecordingServerTest, ContinuesAWatchFromAVersion) {
    start(twoPods + entry(0.2, "MODIFIED", "a", "Running") + entry(0.3, "MODIFIED", "a", "Failed"));
    auto version = getJson("/api/v1/pods")["metadata"]["resourceVersion"].get<std::string>();
    play();
    ASSERT_TRUE(until([&] { return clock.sleepers() > 0; }));
    clock.advance(1s);
    ASSERT_TRUE(until([&] { return played; }));
    auto watched = watch("/api/v1/pods?watch=true&resourceVersion=" + version);
    ASSERT_TRUE(until([&] { return watched->lines.size() == 2; }));
    EXPECT_THAT(summaryOf(watched->lines), ElementsAre("MODIFIED a Running", "MODIFIED a Failed"));
    auto middle = json::parse(watched->lines[0])["object"]["metadata"]["resourceVersion"].get<std::string>();
    auto later = watch("/api/v1/namespaces/shop/pods?watch=true&resourceVersion=" + middle);
    ASSERT_TRUE(until([&] { return later->lines.size() == 1; }));
    EXPECT_THAT(summaryOf(later->lines), ElementsAre("MODIFIED a Failed"));
}

TEST_F(RecordingServerTest, EndsAWatchAfterItsTimeAndSendsBookmarksUntilThen) {
    start(twoPods);
    auto version = getJson("/api/v1/pods")["metadata"]["resourceVersion"].get<std::string>();
    auto watched = watch("/api/v1/pods?watch=1&timeoutSeconds=150&allowWatchBookmarks=true&resourceVersion=" + version);
    auto silent = watch("/api/v1/pods?watch=1&timeoutSeconds=150&resourceVersion=" + version);
    for (int minute = 1; minute <= 2; ++minute) {
        ASSERT_TRUE(until([&] { return clock.sleepers() == 2; }));
        clock.advance(60s);
        ASSERT_TRUE(until([&] { return watched->lines.size() == static_cast<std::size_t>(minute); }));
    }
    ASSERT_TRUE(until([&] { return clock.sleepers() == 2; }));
    EXPECT_FALSE(watched->ended);
    clock.advance(30s);
    ASSERT_TRUE(until([&] { return watched->ended && silent->ended; }));
    EXPECT_THAT(summaryOf(watched->lines), ElementsAre("bookmark", "bookmark"));
    EXPECT_EQ(json::parse(watched->lines[1])["object"]["metadata"]["resourceVersion"], version);
    EXPECT_THAT(silent->lines, IsEmpty());
}

TEST_F(RecordingServerTest, RefusesVersionsThatAreTooOldTooNewOrNone) {
    RecordingServerOptions options;
    options.history = 2;
    std::string text = twoPods;
    for (int i = 0; i < 5; ++i) text += entry(0.2, "MODIFIED", "a", std::to_string(i));
    start(text, options);
    auto version = getJson("/api/v1/pods")["metadata"]["resourceVersion"].get<std::string>();
    play();
    ASSERT_TRUE(until([&] { return clock.sleepers() > 0; }));
    clock.advance(1s);
    ASSERT_TRUE(until([&] { return played; }));
    auto refused = get("/api/v1/pods?watch=1&resourceVersion=" + version);
    EXPECT_EQ(refused.status, 410);
    EXPECT_EQ(json::parse(refused.body)["reason"], "Expired");
    EXPECT_EQ(get("/api/v1/pods?watch=1&resourceVersion=999999").status, 504);
    EXPECT_EQ(get("/api/v1/pods?watch=1&resourceVersion=abc").status, 400);
    EXPECT_EQ(get("/api/v1/pods?watch=1&resourceVersion=1&timeoutSeconds=-1").status, 400);
}

TEST_F(RecordingServerTest, NeverTellsAClientThatKeepsUpThatItsVersionIsTooOld) {
    RecordingServerOptions options;
    options.speed = 1e6;
    std::string text = twoPods;
    for (int i = 0; i < 20'000; ++i) text += entry(1 + i / 100.0, "MODIFIED", i % 2 ? "a" : "c", std::to_string(i));
    start(text, options);
    auto version = getJson("/api/v1/pods")["metadata"]["resourceVersion"].get<std::string>();
    auto watched = watch("/api/v1/pods?watch=1&resourceVersion=" + version);
    play();
    ASSERT_TRUE(until([&] { return clock.sleepers() > 1; }));
    for (int i = 0; i < 50 && !played; ++i) clock.advance(1s);
    ASSERT_TRUE(until([&] { return played && watched->lines.size() == 20'000; })) << watched->lines.size();
    for (std::size_t i = 0; i < watched->lines.size(); i += 997)
        EXPECT_THAT(watched->lines[i], HasSubstr("\"phase\":\"" + std::to_string(i) + "\""));
}

TEST_F(RecordingServerTest, BeginsAgainByUndoingWhatItPlayed) {
    RecordingServerOptions options;
    options.loop = true;
    start(twoPods + entry(1, "ADDED", "c", "Running") + entry(2, "DELETED", "b", "Running", "other") +
              entry(3, "MODIFIED", "a", "Failed"),
          options);
    auto watched = watch("/api/v1/pods?watch=1&resourceVersion=0");
    ASSERT_TRUE(until([&] { return watched->lines.size() == 3; }));
    play();
    for (int second = 0; second < 5; ++second) {
        ASSERT_TRUE(until([&] { return clock.sleepers() > 1; }));
        clock.advance(1s);
    }
    ASSERT_TRUE(until([&] { return watched->lines.size() >= 10; }));
    auto summary = summaryOf(watched->lines);
    EXPECT_THAT(std::vector<std::string>(summary.begin() + 3, summary.begin() + 10),
                ElementsAre("ADDED c Running", "DELETED b Running", "MODIFIED a Failed", "DELETED c Running",
                            "ADDED b Running", "MODIFIED a Pending", "ADDED c Running"));
}

TEST_F(RecordingServerTest, FeedsAnObserverAsAnApiServerWould) {
    observe::ObserverOptions options;
    options.cluster = "demo";
    options.resource = "pods";
    options.fields.add("status.phase");
    std::vector<std::string> changes;
    observe::ResourceObserver observer(options, [&](const rules::Change& change) {
        changes.push_back(std::to_string(static_cast<int>(change.type)) + " " +
                          std::string(change.object["metadata"]["name"].asString()) + " " +
                          std::string(change.object["status"]["phase"].asString()));
    });
    start(twoPods + entry(1, "MODIFIED", "a", "Failed") + entry(2, "DELETED", "a", "Failed"));
    auto watched = watch("/api/v1/pods?watch=1&sendInitialEvents=true&allowWatchBookmarks=true");
    play();
    ASSERT_TRUE(until([&] { return clock.sleepers() > 1; }));
    clock.advance(1s);
    clock.advance(1s);
    ASSERT_TRUE(until([&] { return watched->lines.size() == 5; }));
    observer.listBegins();
    for (const auto& line : watched->lines) {
        std::string bytes = line + std::string(64, ' ');
        auto outcome = observer.line({bytes.data(), line.size(), bytes.size()});
        ASSERT_TRUE(outcome) << outcome.error().describe();
        if (outcome->initialEventsEnd) observer.listEnds(outcome->resourceVersion);
    }
    EXPECT_THAT(changes, ElementsAre("0 b Running", "0 a Pending", "1 a Failed", "2 a Failed"));
    EXPECT_EQ(observer.size(), 1u);
}

TEST_F(RecordingServerTest, PlaysWhatKubectlPrinted) {
    auto reader = RecordingReader::fromBytes(
        R"({"type":"ADDED","object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"x"},"status":{"phase":"P"}}}
{"type":"MODIFIED","object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"x"},"status":{"phase":"R"}}}
)",
        "watch.json");
    ASSERT_TRUE(reader);
    auto loaded = RecordingServer::load(loop, clock, std::move(*reader), {});
    ASSERT_TRUE(loaded) << loaded.error().describe();
    server = std::move(*loaded);
    base = fmt::format("http://127.0.0.1:{}", server->listen().value());
    EXPECT_EQ(getJson("/api/v1/pods")["items"][0]["status"]["phase"], "P");
    play();
    ASSERT_TRUE(until([&] { return played; }));
    EXPECT_EQ(getJson("/api/v1/pods")["items"][0]["status"]["phase"], "R");
}

TEST_F(RecordingServerTest, ServesTheLatestScrape) {
    start(twoPods + R"({"t":1,"cluster":"prod","scrape":{"source":"metrics.k8s.io/nodes","body":{"items":[{"x":1}]}}})"
                    "\n");
    EXPECT_EQ(get("/apis/metrics.k8s.io/v1beta1/nodes").status, 404);
    play();
    ASSERT_TRUE(until([&] { return clock.sleepers() > 0; }));
    clock.advance(1s);
    ASSERT_TRUE(until([&] { return played; }));
    EXPECT_EQ(getJson("/apis/metrics.k8s.io/v1beta1/nodes")["items"][0]["x"], 1);
}

TEST_F(RecordingServerTest, StopsInTheMiddleOfAWatchAndOfAWait) {
    start(twoPods + entry(1000, "MODIFIED", "a", "Failed"));
    auto watched = watch("/api/v1/pods?watch=1&resourceVersion=0");
    play();
    ASSERT_TRUE(until([&] { return clock.sleepers() > 1; }));
    tasks.spawn("stop", server->stop());
    EXPECT_TRUE(until([&] { return watched->ended; }));
    clock.advance(1000s);
    EXPECT_TRUE(until([&] { return played; }));
}

TEST_F(RecordingServerTest, RefusesRecordingsAndOptionsThatMakeNoSense) {
    RecordingServerOptions options;
    options.cluster = "nope";
    auto missing = load(twoPods, options);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
    EXPECT_THAT(missing.error().describe(), HasSubstr("it has: prod"));
    for (double speed : {0.0, -1.0, std::nan(""), 1e-300}) {
        RecordingServerOptions odd;
        odd.speed = speed;
        EXPECT_FALSE(load(twoPods, odd)) << speed;
    }
    auto broken =
        load(twoPods + R"({"t":1,"cluster":"prod","resource":"pods","event":{"type":"ADDED","object":7}})" + "\n");
    ASSERT_FALSE(broken);
    EXPECT_THAT(broken.error().describe(), HasSubstr("demo.jsonl:5"));
}

TEST_F(RecordingServerTest, SurvivesAbsurdlySlowAndFastPlay) {
    for (double speed : {1e-6, 1e300}) {
        RecordingServerOptions options;
        options.speed = speed;
        auto loaded = load(twoPods + entry(3e9, "MODIFIED", "a", "Failed"), options);
        ASSERT_TRUE(loaded);
        server = std::move(*loaded);
        played = false;
        play();
        clock.advance(24h * 36500);
        EXPECT_TRUE(until([&] { return played; }));
    }
}

}  // namespace
}  // namespace klaw::recording::test
