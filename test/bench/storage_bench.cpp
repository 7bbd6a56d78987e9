// What it takes until a transition is durable: alert, incident, card and audit row in one unit, on the disk of TMPDIR
// or, where KLAW_BENCH_POSTGRES has the address of an empty database, in that one.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <optional>
#include <stdexcept>
#include <vector>

#include "storage/reader.hpp"
#include "storage/writer.hpp"

namespace {

using namespace klaw;
using namespace klaw::storage;

/// A writer on a new file that goes with it.
class TemporaryWriter {
public:
    TemporaryWriter() {
        if (const auto* url = std::getenv("KLAW_BENCH_POSTGRES")) {
            auto server = Location::postgres(url);
            if (!server) throw std::runtime_error(server.error().describe());
            prefix_ = std::to_string(std::chrono::system_clock::now().time_since_epoch().count()) + "-";
            begin(*server);
            return;
        }
        auto pattern = (std::filesystem::temp_directory_path() / "klaw-bench-XXXXXX").string();
        if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary directory");
        directory_ = pattern;
        begin((directory_ / "klaw.db").string());
    }
    ~TemporaryWriter() {
        writer_.reset();
        if (!directory_.empty()) std::filesystem::remove_all(directory_);
    }
    Writer* operator->() { return &*writer_; }
    const Location& location() const { return location_; }
    /// Of ids: a server keeps what earlier runs wrote.
    const std::string& prefix() const { return prefix_; }

private:
    void begin(const Location& location) {
        location_ = location;
        auto database = Database::open(location);
        if (!database) throw std::runtime_error(database.error().describe());
        writer_.emplace(std::move(*database));
    }

    std::filesystem::path directory_;
    Location location_{""};
    std::string prefix_;
    std::optional<Writer> writer_;
};

UnitOfWork transition(std::int64_t i, const std::string& prefix) {
    auto id = prefix + std::to_string(i);
    rules::Alert alert;
    alert.fingerprint = "fingerprint-" + id;
    alert.rule = "PodCrashLooping";
    alert.cluster = "prod";
    alert.labels = {{"container", "api"}, {"namespace", "web"}, {"pod", "api-" + id}};
    alert.title = {"api-" + id + " keeps crashing", "api-" + id + " 反复崩溃"};
    alert.object = {"prod", "pods", "Pod", "web", "api-" + id, "uid-" + id};
    alert.firedAt = alert.updatedAt = fromUnixNanos(i);
    rules::Incident incident;
    incident.id = "incident-" + id;
    incident.rule = alert.rule;
    incident.cluster = alert.cluster;
    incident.title = alert.title;
    Delivery card;
    card.id = card.incidentId = incident.id;
    card.channel = "oncall";
    card.idempotencyKey = deliveryKey(incident.id, 1, card.channel);
    card.payload = std::string(1500, 'x');
    UnitOfWork unit;
    unit.alerts = {std::move(alert)};
    unit.incidents = {std::move(incident)};
    unit.newDeliveries = {std::move(card)};
    unit.audit = {{fromUnixNanos(i), "klaw", "fire", "done", "prod/web/Pod/api-" + id, "{}"}};
    return unit;
}

void addPercentiles(benchmark::State& state, std::vector<double>& micros) {
    std::sort(micros.begin(), micros.end());
    auto at = [&](double share) { return micros[static_cast<std::size_t>(share * (micros.size() - 1))]; };
    state.counters["p50_us"] = at(0.50);
    state.counters["p99_us"] = at(0.99);
    state.counters["max_us"] = at(1.0);
}

/// One unit at a time: the latency a button press or a lone alert meets.
void durableCommit(benchmark::State& state) {
    TemporaryWriter writer;
    std::vector<double> micros;
    std::int64_t i = 0;
    for (auto _ : state) {
        std::promise<bool> durable;
        auto begun = std::chrono::steady_clock::now();
        writer->submit(transition(i++, writer.prefix()),
                       [&](Result<Committed> done) { durable.set_value(done.has_value()); });
        if (!durable.get_future().get()) return state.SkipWithError("not committed");
        micros.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begun).count());
    }
    addPercentiles(state, micros);
}
BENCHMARK(durableCommit)->UseRealTime()->MinTime(2.0);

/// Many units at once, as in an alert storm: they share commits.
void durableStorm(benchmark::State& state) {
    TemporaryWriter writer;
    std::int64_t i = 0;
    for (auto _ : state) {
        for (std::int64_t n = 0; n < state.range(0); ++n) writer->submit(transition(i++, writer.prefix()));
        if (!writer->flush(60s)) return state.SkipWithError("not committed");
    }
    auto stats = writer->stats();
    state.SetItemsProcessed(i);
    state.counters["units_per_commit"] =
        static_cast<double>(stats.committedUnits) / static_cast<double>(std::max<std::uint64_t>(stats.commits, 1));
}
BENCHMARK(durableStorm)->Arg(100)->Arg(1000)->UseRealTime();

/// What a command on the event loop waits for: a reader that is opened for it, and one incident.
void readIncident(benchmark::State& state) {
    TemporaryWriter writer;
    auto unit = transition(0, writer.prefix());
    auto id = unit.incidents.front().id;
    writer->submit(std::move(unit));
    if (!writer->flush(60s)) return state.SkipWithError("not committed");
    std::vector<double> micros;
    for (auto _ : state) {
        auto begun = std::chrono::steady_clock::now();
        auto reader = Reader::open(writer.location());
        if (!reader || !reader->incident(id)) return state.SkipWithError("not read");
        micros.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begun).count());
    }
    addPercentiles(state, micros);
}
BENCHMARK(readIncident)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
