// klaw_storm_bench [ALERTS] [SECONDS]: a whole agent, storage on disk, while many containers begin to crash: ALERTS of
// them (10,000) in SECONDS (10), Pods of Deployments with twenty replicas each, watched over HTTP from an API server
// that plays a recording, told to a webhook. Each of the three has its own loop and thread. The last line is JSON.
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "agent/app/agent_run.hpp"
#include "agent/recording/recording_server.hpp"
#include "base/async/task_group.hpp"
#include "base/net/http_server.hpp"
#include "rules/load/load_rules.hpp"
#include "storage/database.hpp"

namespace {

using namespace klaw;

constexpr int replicas = 20;
constexpr double begin = 5;  // seconds, in which the first lists are read

std::string pod(int number, bool crashes) {
    auto deployment = fmt::format("web-{}", number / replicas);
    auto state =
        crashes
            ? R"("ready":false,"restartCount":5,"state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off"}},)"
              R"("lastState":{"terminated":{"exitCode":1,"reason":"Error","finishedAt":"2026-11-24T00:00:00Z"}})"
            : R"("ready":true,"restartCount":0,"state":{"running":{"startedAt":"2026-11-24T00:00:00Z"}})";
    return fmt::format(
        R"({{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"{0}-5d-{1}","namespace":"shop-{2}","uid":"u-{1}",)"
        R"("labels":{{"app":"{0}","pod-template-hash":"5d"}},"ownerReferences":[{{"apiVersion":"apps/v1","kind":"ReplicaSet",)"
        R"("name":"{0}-5d","uid":"r-{0}","controller":true}}]}},"spec":{{"nodeName":"node-{3}","containers":[{{"name":"app",)"
        R"("image":"shop/web:1"}}]}},"status":{{"phase":"Running","containerStatuses":[{{"name":"app","image":"shop/web:1",{4}}}]}}}})",
        deployment, number, number / 1000, number % 100, state);
}

std::string recordingOf(int alerts, double seconds) {
    std::string text =
        R"({"klaw":"recording","version":1,"started":"2026-11-24T00:00:00Z","clusters":{"storm":{"version":"v1.36.3"}}})"
        "\n";
    auto event = [&](double at, const char* type, const std::string& object) {
        text += fmt::format(R"({{"t":{:.6f},"cluster":"storm","resource":"pods","event":{{"type":"{}","object":{}}}}})"
                            "\n",
                            at, type, object);
    };
    for (int i = 0; i < alerts; ++i) event(0, "ADDED", pod(i, false));
    event(0, "BOOKMARK",
          R"({"kind":"Pod","apiVersion":"v1","metadata":{"annotations":{"k8s.io/initial-events-end":"true"}}})");
    // In an order in which neighbours belong to different Deployments, as nodes fail.
    for (int i = 0; i < alerts; ++i) {
        int number = static_cast<int>(static_cast<std::int64_t>(i) * 7919 % alerts);
        event(begin + seconds * i / alerts, "MODIFIED", pod(number, true));
    }
    return text;
}

/// Runs something that has a loop of its own.
class Side {
public:
    ~Side() { end(); }
    Loop loop;
    SystemLoopClock clock{loop};
    TaskGroup tasks{loop, [](const std::string& name, const std::string& what) { std::cerr << name << what << "\n"; }};
    void run() {
        thread_ = std::thread([this] { loop.run(); });
    }
    void end(std::function<Task<void>()> stop = {}) {
        if (!thread_.joinable()) return;
        loop.post([this, stop] {
            ending_.spawn("end", [](Side& side, std::function<Task<void>()> first) -> Task<void> {
                if (first) co_await first();
                co_await side.tasks.stop();
            }(*this, stop));
        });
        thread_.join();
    }

private:
    TaskGroup ending_{loop, [](const std::string&, const std::string&) {}};
    std::thread thread_;
};

template <class T>
T must(Result<T> result) {
    if (result) return std::move(*result);
    std::cerr << result.error().describe() << "\n";
    std::exit(1);
}

std::int64_t count(storage::Database& database, const std::string& what) {
    return must(database.integer("SELECT count(*) FROM " + what));
}

Task<void> playAll(recording::RecordingServer& server) {
    auto played = co_await server.play();
    if (!played && played.error().code != ErrorCode::Cancelled) std::cerr << played.error().describe() << "\n";
}

}  // namespace

int main(int argc, char** argv) {
    int alerts = argc > 1 ? std::atoi(argv[1]) : 10'000;
    double seconds = argc > 2 ? std::atof(argv[2]) : 10;
    spdlog::set_level(spdlog::level::warn);

    Side cluster;
    auto reader = must(recording::RecordingReader::fromBytes(recordingOf(alerts, seconds), "the storm"));
    recording::RecordingServerOptions playing;
    playing.history = static_cast<std::size_t>(alerts) * 4;
    auto server = must(recording::RecordingServer::load(cluster.loop, cluster.clock, std::move(reader), playing));
    kube::ClusterAccess access;
    access.name = "storm";
    access.server = "http://127.0.0.1:" + std::to_string(must(server->listen()));

    Side receiver;
    std::atomic<int> cards{0};
    net::HttpServer hook(receiver.loop, net::HttpServerOptions(), [&](net::ServerRequest) -> Task<net::ServerResponse> {
        ++cards;
        co_return net::ServerResponse::json(200, "{}");
    });
    auto hookPort = must(hook.listen());
    receiver.run();

    auto pattern = (std::filesystem::temp_directory_path() / "klaw-storm-XXXXXX").string();
    std::filesystem::path directory = mkdtemp(pattern.data());
    SystemRandom random;
    app::AgentSetup setup;
    setup.config.listenPort = 0;
    app::ChannelConfig channel;
    channel.name = "hook";
    channel.type = app::ChannelConfig::Type::Webhook;
    channel.url = "http://127.0.0.1:" + std::to_string(hookPort) + "/hook";
    setup.config.channels.push_back(channel);
    setup.ruleSources = app::readRuleFiles(setup.config).sources;
    setup.rules = rules::loadRules(setup.ruleSources).rules;
    setup.found.clusters = {access};
    auto agent = std::make_unique<app::AgentRun>(std::move(setup), must(app::DataDirectory::open(directory, random)));
    if (auto started = agent->start(); !started) {
        std::cerr << started.error().describe() << "\n";
        return 1;
    }
    cluster.tasks.spawn("play", playAll(*server));
    cluster.run();
    auto began = std::chrono::steady_clock::now();
    auto since = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count(); };
    std::thread thread([&] { agent->run(); });

    storage::OpenOptions reading;
    reading.mode = storage::OpenOptions::Mode::ReadOnly;
    auto database = must(storage::Database::open(app::DataDirectory::databaseFile(directory), reading));
    std::int64_t stored = 0, waiting = 1;
    double storedAt = 0;
    while (since() < begin + seconds + 120 && (stored < alerts || waiting > 0)) {
        usleep(50'000);
        auto now = count(database, "alerts WHERE state = 'firing'");
        if (now > stored) storedAt = since();
        stored = now;
        waiting = count(database, "deliveries WHERE state IN ('queued', 'sending')");
    }
    auto toldAt = since();
    auto incidents = count(database, "incidents");
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    ::kill(::getpid(), SIGTERM);
    thread.join();
    auto turns = agent->loopTurns();
    agent.reset();
    cluster.end([&]() -> Task<void> { return server->stop(); });
    receiver.end([&]() -> Task<void> { return hook.stop(Duration::zero()); });
    std::filesystem::remove_all(directory);
    std::cout
        << fmt::format(
               R"({{"alerts":{},"seconds":{},"stored":{},"last_stored_after_s":{:.2f},"cards_told_after_s":{:.2f},"incidents":{},"cards_sent":{},"not_sent":{},"longest_turn_ms":{:.2f},"turns_over_20ms":{},"process_peak_rss_mb":{:.1f}}})",
               alerts, seconds, stored, storedAt - begin - seconds, toldAt - begin - seconds, incidents, cards.load(),
               waiting, std::chrono::duration<double, std::milli>(turns.longest).count(), turns.slowOnes,
               static_cast<double>(usage.ru_maxrss) / 1024)
        << "\n";
    return stored == alerts && waiting == 0 ? 0 : 1;
}
