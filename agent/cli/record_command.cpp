#include <spdlog/spdlog.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/app/agent.hpp"
#include "agent/app/logging.hpp"
#include "agent/app/signals.hpp"
#include "agent/cli/commands.hpp"
#include "agent/kube/watch_stream.hpp"
#include "agent/observe/resource_observer.hpp"
#include "agent/recording/recording_writer.hpp"
#include "base/async/before_deadline.hpp"
#include "base/async/task_group.hpp"
#include "rules/resource_names.hpp"

namespace klaw::cli {
namespace {

/// Writes down what a stream receives; the observer behind it knows what a line means.
class RecordingHandler final : public kube::WatchHandler {
public:
    RecordingHandler(std::string cluster, std::string resource, recording::RecordingWriter& writer, const Clock& clock,
                     TimePoint start)
        : cluster_(std::move(cluster)),
          resource_(std::move(resource)),
          writer_(writer),
          clock_(clock),
          start_(start),
          observer_(optionsFor(cluster_, resource_), [](const rules::Change&) {}) {}

    void listBegins() override { observer_.listBegins(); }

    Result<kube::LineOutcome> line(kube::PaddedText line) override {
        std::string text(line.text());
        auto outcome = observer_.line(line);
        if (outcome && outcome->type != kube::LineOutcome::Type::Error) write(text);
        return outcome;
    }

    Result<kube::PageOutcome> page(kube::PaddedText body) override {
        auto list = nlohmann::ordered_json::parse(body.text(), nullptr, false);
        auto outcome = observer_.page(body);
        if (!outcome || !list.is_object() || !list.contains("items")) return outcome;
        auto kind = list.value("kind", "");
        for (auto& item : list["items"]) {
            nlohmann::ordered_json object{{"kind", kind.substr(0, kind.rfind("List"))},
                                          {"apiVersion", list.value("apiVersion", "")}};
            object.update(item);
            write(nlohmann::ordered_json{{"type", "ADDED"}, {"object", std::move(object)}}.dump());
        }
        paged_ = true;
        return outcome;
    }

    void listEnds(std::string_view resourceVersion) override {
        observer_.listEnds(resourceVersion);
        if (!std::exchange(paged_, false)) return;
        nlohmann::ordered_json metadata{{"resourceVersion", resourceVersion},
                                        {"annotations", {{"k8s.io/initial-events-end", "true"}}}};
        write(nlohmann::ordered_json{{"type", "BOOKMARK"}, {"object", {{"metadata", metadata}}}}.dump());
    }

    std::size_t written() const { return written_; }

private:
    static observe::ObserverOptions optionsFor(const std::string& cluster, const std::string& resource) {
        observe::ObserverOptions options;
        options.cluster = cluster;
        options.resource = resource;
        return options;
    }

    void write(const std::string& event) {
        auto done = writer_.event(clock_.now() - start_, cluster_, resource_, event);
        if (done)
            ++written_;
        else
            spdlog::error("{}", done.error().describe());
    }

    std::string cluster_, resource_;
    recording::RecordingWriter& writer_;
    const Clock& clock_;
    TimePoint start_;
    observe::ResourceObserver observer_;
    bool paged_ = false;
    std::size_t written_ = 0;
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
    std::vector<std::unique_ptr<RecordingHandler>> handlers;
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
        for (const auto& resource : resources) {
            handlers.push_back(std::make_unique<RecordingHandler>(name, resource, *writer, clock, start));
            kube::WatchOptions watching;
            watching.resource = resource;
            auto report = [this, at = watches.size(), resource] {
                if (!watches[at]->status().lastError.empty())
                    spdlog::warn("{}: {}", resource, watches[at]->status().lastError);
            };
            watches.push_back(
                std::make_unique<kube::WatchStream>(server, clock, random, *handlers.back(), watching, report));
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
        std::size_t written = 0;
        for (const auto& handler : handlers) written += handler->written();
        std::cerr << written << " events recorded.\n";
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
