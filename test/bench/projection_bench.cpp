// The projector beside a bare simdjson On-Demand scan of twelve fields in document order, on the same Pod events.
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include "agent/observe/projector.hpp"
#include "agent/observe/resource_observer.hpp"
#include "test/bench/synthetic_pod.hpp"

namespace {

using namespace klaw;
using namespace klaw::observe;

/// Lines one after the other in one buffer, as a watch stream delivers them.
struct Lines {
    std::string buffer;
    std::vector<std::pair<std::size_t, std::size_t>> spans;
    std::size_t bytes = 0;

    kube::PaddedText at(std::size_t i) {
        auto [begin, size] = spans[i % spans.size()];
        return {buffer.data() + begin, size, buffer.size() - begin};
    }
};

Lines& podEvents() {
    static Lines lines = [] {
        Lines made;
        for (int i = 0; i < 5000; ++i) {
            auto event = bench::podEvent("MODIFIED", i, 1000 + i);
            made.spans.emplace_back(made.buffer.size(), event.size());
            made.bytes += event.size();
            made.buffer += event + "\n";
        }
        made.buffer.append(simdjson::SIMDJSON_PADDING, ' ');
        return made;
    }();
    return lines;
}

/// What a default set of rules reads of Pods.
rules::FieldTree defaultFields() {
    rules::FieldTree tree;
    for (auto path : {"metadata.name",
                      "metadata.namespace",
                      "metadata.uid",
                      "metadata.labels",
                      "metadata.creationTimestamp",
                      "metadata.deletionTimestamp",
                      "metadata.ownerReferences",
                      "spec.nodeName",
                      "spec.containers[].name",
                      "spec.containers[].image",
                      "spec.containers[].resources.limits",
                      "status.phase",
                      "status.reason",
                      "status.message",
                      "status.startTime",
                      "status.conditions",
                      "status.podIP",
                      "status.containerStatuses[].name",
                      "status.containerStatuses[].state",
                      "status.containerStatuses[].ready",
                      "status.containerStatuses[].lastState",
                      "status.containerStatuses[].restartCount"})
        tree.add(path);
    return tree;
}

rules::FieldTree twelveFields() {
    rules::FieldTree tree;
    for (auto path : {"metadata.name", "metadata.namespace", "metadata.uid", "metadata.labels.team", "spec.nodeName",
                      "status.phase", "status.podIP", "status.containerStatuses[].name",
                      "status.containerStatuses[].ready", "status.containerStatuses[].restartCount"})
        tree.add(path);
    return tree;
}

void report(benchmark::State& state, std::size_t bytesPerEvent) {
    state.SetItemsProcessed(state.iterations());
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytesPerEvent));
}

void bareScan(benchmark::State& state) {
    auto& lines = podEvents();
    simdjson::ondemand::parser parser;
    std::size_t i = 0, sum = 0;
    for (auto _ : state) {
        auto text = lines.at(i++);
        auto document = parser.iterate(text.data, text.size, text.capacity).value();
        sum += document.find_field("type").get_string().value().size();
        auto object = document.find_field("object").get_object().value();
        auto metadata = object.find_field("metadata").get_object().value();
        sum += metadata.find_field("name").get_string().value().size();
        sum += metadata.find_field("namespace").get_string().value().size();
        sum += metadata.find_field("uid").get_string().value().size();
        sum += metadata.find_field("resourceVersion").get_string().value().size();
        sum += metadata.find_field("labels").find_field("team").get_string().value().size();
        sum += object.find_field("spec").find_field("nodeName").get_string().value().size();
        auto status = object.find_field("status").get_object().value();
        sum += status.find_field("phase").get_string().value().size();
        sum += status.find_field("podIP").get_string().value().size();
        for (auto container : status.find_field("containerStatuses").get_array()) {
            sum += container.find_field("name").get_string().value().size();
            sum += container.find_field("ready").get_bool().value();
            sum += container.find_field("restartCount").get_uint64().value();
        }
    }
    benchmark::DoNotOptimize(sum);
    report(state, lines.bytes / lines.spans.size());
}

void stageOneOnly(benchmark::State& state) {
    auto& lines = podEvents();
    simdjson::ondemand::parser parser;
    std::size_t i = 0;
    for (auto _ : state) {
        auto text = lines.at(i++);
        benchmark::DoNotOptimize(parser.iterate(text.data, text.size, text.capacity).error());
    }
    report(state, lines.bytes / lines.spans.size());
}

void project(benchmark::State& state, const rules::FieldTree& fields) {
    auto& lines = podEvents();
    Projector projector(Projection(fields), nullptr);
    std::size_t i = 0, packed = 0;
    for (auto _ : state) {
        auto event = projector.event(lines.at(i++));
        if (!event) return state.SkipWithError(event.error().message.c_str());
        packed = event->object.object.bytes().size();
    }
    state.counters["packed"] = static_cast<double>(packed);
    report(state, lines.bytes / lines.spans.size());
}

void observe(benchmark::State& state) {
    auto& lines = podEvents();
    ObserverOptions options;
    options.cluster = "bench";
    options.resource = "pods";
    options.fields = defaultFields();
    ResourceObserver observer(options, [](const rules::Change&) {});
    std::size_t i = 0;
    for (auto _ : state)
        if (!observer.line(lines.at(i++))) return state.SkipWithError("refused");
    report(state, lines.bytes / lines.spans.size());
}

BENCHMARK(stageOneOnly);
BENCHMARK(bareScan);
BENCHMARK_CAPTURE(project, twelveFields, twelveFields());
BENCHMARK_CAPTURE(project, defaultPack, defaultFields());
BENCHMARK(observe);

}  // namespace

BENCHMARK_MAIN();
