// The whole agent in one process, on a recording, asked over HTTP as the page and `klaw do` ask.
#include "agent/app/agent_run.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "rules/load/load_rules.hpp"
#include "storage/database.hpp"

namespace klaw::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

constexpr auto rulesText = R"(rules:
  - alert: PodFailed
    resource: pods
    when: object.status.phase == "Failed"
    title: "${object.metadata.name} failed"
)";

constexpr auto recordingText =
    R"({"klaw":"recording","version":1,"started":"2026-11-23T10:00:00Z","clusters":{"prod":{"version":"v1.36.3"}}}
{"t":0,"cluster":"prod","resource":"pods","event":{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web","namespace":"shop","uid":"u-web"},"status":{"phase":"Failed"}}}}
{"t":0.1,"cluster":"prod","resource":"pods","event":{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"annotations":{"k8s.io/initial-events-end":"true"}}}}}
{"t":36000,"cluster":"prod","resource":"pods","event":{"type":"DELETED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web","namespace":"shop","uid":"u-web"},"status":{"phase":"Failed"}}}}
)";

class AgentRunTest : public testing::Test {
protected:
    void SetUp() override {
        auto pattern = (fs::temp_directory_path() / "klaw-agent-XXXXXX").string();
        directory = mkdtemp(pattern.data());
        AgentSetup setup;
        setup.config.listenPort = 0;
        setup.ruleSources = {{"rules.yaml", rulesText}};
        setup.rules = rules::loadRules(setup.ruleSources).rules;
        setup.demoRecording = recordingText;
        SystemRandom random;
        auto data = DataDirectory::open(directory, random);
        ASSERT_TRUE(data) << data.error().describe();
        agent = std::make_unique<AgentRun>(std::move(setup), std::move(*data));
        auto started = agent->start();
        ASSERT_TRUE(started) << started.error().describe();
        address = DataDirectory::readAddress(directory).value();
        token = DataDirectory::readToken(directory).value();
        thread = std::thread([this] { agent->run(); });
        card = awaitCard();
    }
    void TearDown() override {
        if (thread.joinable()) {
            ::kill(::getpid(), SIGTERM);
            thread.join();
        }
        agent.reset();
        fs::remove_all(directory);
    }

    struct Answer {
        int status = 0;
        json body;
        std::string text() const { return body.is_object() ? body.value("text", "") : ""; }
    };
    Answer send(const std::string& method, const std::string& path, const json& body = {}) {
        net::HttpRequest request(method, address + path);
        request.headers.add("Authorization", "Bearer " + token);
        if (!body.is_null()) request.body = body.dump();
        std::optional<Answer> answer;
        tasks.spawn("request", receive(std::move(request), answer));
        EXPECT_TRUE(loop.runUntil([&] { return answer.has_value(); }, 30s)) << path;
        return answer.value_or(Answer());
    }
    Answer post(const std::string& path, const json& body) { return send("POST", path, body); }
    Answer press(const std::string& nonce) { return post("/api/press", {{"nonce", nonce}}); }
    std::string offered() {
        auto answer = post("/api/offer", {{"command", "ack " + card}});
        EXPECT_EQ(answer.status, 200) << answer.body;
        return answer.body.value("nonce", "");
    }
    json cardNow() {
        auto state = send("GET", "/api/state").body;
        for (const auto& shown : state["cards"])
            if (shown["id"] == card) return shown;
        return {};
    }
    std::int64_t count(const std::string& what) {
        storage::OpenOptions options;
        options.mode = storage::OpenOptions::Mode::ReadOnly;
        auto database = storage::Database::open(DataDirectory::databaseFile(directory), options);
        EXPECT_TRUE(database);
        return database->integer("SELECT count(*) FROM " + what).value();
    }

    fs::path directory;
    std::unique_ptr<AgentRun> agent;
    std::thread thread;
    std::string address, token, card;
    Loop loop;
    net::HttpClient client{loop, net::HttpClientOptions()};
    TaskGroup tasks{loop,
                    [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << ": " << what; }};

private:
    /// Each turn is a long poll, which ends when something is new.
    std::string awaitCard() {
        std::uint64_t known = 0;
        for (int changes = 0; changes < 100; ++changes) {
            auto state = send("GET", "/api/state?after=" + std::to_string(known)).body;
            if (!state["cards"].empty()) return state["cards"][0]["id"];
            known = state.value("version", std::uint64_t());
        }
        ADD_FAILURE() << "no card";
        return {};
    }
    Task<void> receive(net::HttpRequest request, std::optional<Answer>& into) {
        auto response = co_await client.send(std::move(request), 40s);
        Answer answer;
        if (response) {
            answer.status = response->status;
            answer.body = json::parse(response->body, nullptr, false);
        } else {
            ADD_FAILURE() << response.error().describe();
        }
        into = std::move(answer);
    }
};

TEST_F(AgentRunTest, ShowsTheCardOfWhatTheClusterTells) {
    auto shown = cardNow();
    EXPECT_EQ(shown["title"], "web failed");
    EXPECT_EQ(shown["status"], "firing");
}

TEST_F(AgentRunTest, CarriesOutAPressedButtonOnce) {
    auto nonce = offered();
    EXPECT_EQ(press(nonce).status, 200);
    EXPECT_EQ(cardNow()["status"], "acknowledged");
    EXPECT_EQ(press(nonce).status, 200) << "whoever pressed first gets the same answer";
    EXPECT_EQ(count("audit WHERE action = 'ack' AND decision = 'done'"), 1);
}

TEST_F(AgentRunTest, RefusesAPressThatWasNeverOffered) {
    auto answer = press("AAAAAAAAAAAAAAAAAAAAAAAA");
    EXPECT_EQ(answer.status, 422);
    EXPECT_FALSE(answer.text().empty());
    EXPECT_EQ(press("").status, 422);
    EXPECT_EQ(cardNow()["status"], "firing");
    EXPECT_EQ(count("audit WHERE action = 'press' AND decision = 'denied'"), 2);
}

TEST_F(AgentRunTest, RefusesAPressThatComesTooLate) {
    auto nonce = offered();
    {
        auto database = storage::Database::open(DataDirectory::databaseFile(directory));
        ASSERT_TRUE(database);
        ASSERT_TRUE(database->execute("UPDATE offers SET expires_at = created_at + 1"));
    }
    auto answer = press(nonce);
    EXPECT_EQ(answer.status, 422);
    EXPECT_THAT(answer.text(), HasSubstr("expired"));
    EXPECT_EQ(cardNow()["status"], "firing");
}

TEST_F(AgentRunTest, RefusesEveryPressAndCommandUnderAnotherToken) {
    auto nonce = offered();
    auto right = std::exchange(token, "wrong");
    EXPECT_EQ(press(nonce).status, 401);
    EXPECT_EQ(post("/api/do", {{"command", "ack " + card}}).status, 401);
    token = right;
    EXPECT_EQ(cardNow()["status"], "firing");
    EXPECT_EQ(press(nonce).status, 200) << "it was not used up";
}

TEST_F(AgentRunTest, NamesTheNearestCommandForAMisspeltOne) {
    auto answer = post("/api/do", {{"command", "alrets"}});
    EXPECT_EQ(answer.status, 422);
    EXPECT_THAT(answer.text(), HasSubstr("did you mean `alerts`"));
}

}  // namespace
}  // namespace klaw::app
