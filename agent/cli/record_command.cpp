#include <spdlog/spdlog.h>

#include <algorithm>
#include <iostream>

#include "agent/app/agent.hpp"
#include "agent/app/logging.hpp"
#include "agent/app/signals.hpp"
#include "agent/cli/commands.hpp"
#include "agent/kube/watch_stream.hpp"
#include "agent/observe/resource_observer.hpp"
#include "agent/recording/recording_writer.hpp"
#include "agent/recording/watch_tee.hpp"
#include "base/async/before_deadline.hpp"
#include "base/async/task_group.hpp"
#include "rules/resource_names.hpp"

namespace klaw::cli {
namespace {

/// Writes down what the streams of a cluster receive.
class WrittenDown final : public recording::Received {
public:
    WrittenDown(recording::RecordingWriter& writer, const Clock& clock, TimePoint start)
        : writer_(writer), clock_(clock), start_(start) {}

    void event(std::string_view cluster, std::string_view resource, std::string_view event) override {
        auto done = writer_.event(clock_.now() - start_, cluster, resource, event);
        if (done)
            ++written_;
        else
            spdlog::error("{}", done.error().describe());
    }
    void page(std::string_view cluster, std::string_view resource, std::string_view body) override {
        auto split = recording::eventsOfPage(body, [&](const std::string& item) { event(cluster, resource, item); });
        if (!split) spdlog::error("{}", split.error().describe());
    }
    std::size_t written() const { return written_; }

private:
    recording::RecordingWriter& writer_;
    const Clock& clock_;
    TimePoint start_;
    std::size_t written_ = 0;
};

/// One stream; the observer knows what a line means to it.
struct RecordedStream {
    RecordedStream(const std::string& cluster, const std::string& resource, recording::Received& received)
        : observer(optionsFor(cluster, resource), [](const rules::Change&) {}),
          tee(cluster, resource, observer, received) {}

    static observe::ObserverOptions optionsFor(const std::string& cluster, const std::string& resource) {
        observe::ObserverOptions options;
        options.cluster = cluster;
        options.resource = resource;
        return options;
    }

    observe::ResourceObserver observer;
    recording::WatchTee tee;
};

Result<std::vector<std::string>> resourcesFor(const RecordOptions& options, const app::Config& config) {
    std::vector<std::string> resources;
    for (const auto& name : options.resources) {
        auto canonical = rules::canonicalResource(name);
        if (!canonical)
            return fail(ErrorCode::InvalidArgument, "there is no resource \"" + name + "\"", {},
                        "write for example pods,deployments,events");
        resources.push_back(*canonical);
    }
    if (!resources.empty()) return resources;
    auto report = rules::loadRules(app::readRuleFiles(config).sources);
    if (!report.ok()) return fail(report.errors.front());
    return report.rules->resources();
}

struct Recorder {
    Loop loop;
    SystemLoopClock clock{loop};
    SystemRandom random;
    TaskGroup streams{loop,
                      [](const std::string& name, const std::string& what) { spdlog::error("{}: {}", name, what); }};
    TaskGroup ends{loop, [](const std::string& name, const std::string& what) { spdlog::error("{}: {}", name, what); }};
    std::vector<std::unique_ptr<RecordedStream>> recorded;
    std::vector<std::unique_ptr<kube::WatchStream>> watches;
    Result<void> outcome;

    Task<void> record(kube::ApiServer& server, const RecordOptions& options, std::vector<std::string> resources,
                      std::optional<Duration> length, app::Signals& signals) {
        auto version = co_await server.version();
        if (!version) {
            outcome = fail(version.error());
            co_return;
        }
        auto start = clock.now();
        recording::RecordingWriterOptions writing;
        writing.anonymize = options.anonymize;
        writing.gzip = options.out.ends_with(".gz");
        const auto& name = server.access().name;
        auto writer = recording::RecordingWriter::create(options.out, {start, {{name, *version}}}, writing);
        if (!writer) {
            outcome = fail(writer.error());
            co_return;
        }
        if (auto flushed = writer->flush(); !flushed) outcome = flushed;
        WrittenDown written(*writer, clock, start);
        for (const auto& resource : resources) {
            recorded.push_back(std::make_unique<RecordedStream>(name, resource, written));
            kube::WatchOptions watching;
            watching.resource = resource;
            auto report = [this, at = watches.size(), resource] {
                if (!watches[at]->status().lastError.empty())
                    spdlog::warn("{}: {}", resource, watches[at]->status().lastError);
            };
            watches.push_back(
                std::make_unique<kube::WatchStream>(server, clock, random, recorded.back()->tee, watching, report));
            streams.spawn("watch of " + resource, watches.back()->run());
        }
        streams.spawn("flush", [](LoopClock& time, recording::RecordingWriter& into) -> Task<void> {
            for (;;) {
                co_await time.sleepFor(1s);
                if (auto flushed = into.flush(); !flushed) spdlog::error("{}", flushed.error().describe());
            }
        }(clock, *writer));
        std::cerr << "Recording " << resources.size() << " resources of " << name << " (" << *version << ") into "
                  << options.out << "; Ctrl-C ends it.\n";
        if (length)
            co_await beforeDeadline(clock, clock.now() + *length, signals.next());
        else
            co_await signals.next();
        co_await streams.stop();
        auto closed = writer->close();
        if (!closed) outcome = closed;
        std::cerr << written.written() << " events recorded.\n";
    }
};

}  // namespace

int recordCommand(const RecordOptions& options) {
    auto config = configFrom(options.config);
    if (!config) return refuse(config.error());
    app::LogConfig log;
    log.level = "warn";
    app::setUpLogging(log);
    std::optional<Duration> length;
    if (!options.duration.empty()) {
        length = parseDuration(options.duration);
        if (!length)
            return refuse(Error(ErrorCode::InvalidArgument, "--for: \"" + options.duration + "\" is no time", {},
                                "write for example 5m"));
    }
    auto resources = resourcesFor(options, *config);
    if (!resources) return refuse(resources.error());
    kube::AccessQuery query{options.kubeconfig, options.context, false};
    if (!config->clusters.empty() && options.kubeconfig.empty())
        query = {config->clusters.front().kubeconfig, config->clusters.front().context,
                 config->clusters.front().inCluster};
    auto access = kube::resolveAccess(kube::processEnvironment(), query);
    if (!access) return refuse(access.error());
    if (!config->clusters.empty() && !config->clusters.front().name.empty())
        access->name = config->clusters.front().name;
    Recorder recorder;
    app::Signals signals(recorder.loop);
    kube::ApiServer server(recorder.loop, recorder.clock, *access);
    recorder.ends.spawn("recording", recorder.record(server, options, *resources, length, signals));
    recorder.loop.run();
    if (!recorder.outcome) return refuse(recorder.outcome.error());
    return 0;
}

}  // namespace klaw::cli
