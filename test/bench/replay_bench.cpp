// klaw_replay_bench RECORDING [ROUNDS]: the whole way from watch event to card, in virtual time and without network and
// storage, beside a bare simdjson On-Demand scan of the same bytes: twelve fields of each event in document order,
// nothing kept. Both on one thread, in turns, in one process; times are CPU time. The last line is JSON.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <iostream>
#include <set>
#include <vector>

#include "agent/app/agent.hpp"
#include "agent/app/replay.hpp"
#include "agent/recording/recording_reader.hpp"

namespace {

using namespace klaw;

/// The events one after the other in one buffer, as a watch stream delivers them.
struct Events {
    struct Span {
        std::size_t begin, size;
        Duration at;
        std::size_t cluster, resource;  ///< in `names`
    };
    std::string buffer;
    std::vector<Span> spans;
    std::vector<std::string> names;
    TimePoint started;

    recording::RecordingEntry entry(const Span& span) {
        kube::PaddedText text{buffer.data() + span.begin, span.size, buffer.size() - span.begin};
        return {span.at, names[span.cluster], names[span.resource], text, {}};
    }
};

Result<Events> readEvents(const char* file) {
    auto reader = recording::RecordingReader::open(file);
    if (!reader) return fail(std::move(reader).error());
    Events events;
    events.started = reader->header().started;
    auto nameOf = [&](std::string_view name) {
        auto at = std::ranges::find(events.names, name);
        if (at == events.names.end()) at = events.names.insert(at, std::string(name));
        return static_cast<std::size_t>(at - events.names.begin());
    };
    for (;;) {
        auto entry = reader->next();
        if (!entry) return fail(std::move(entry).error());
        if (!*entry) break;
        const auto& read = **entry;
        if (read.resource.empty()) continue;
        events.spans.push_back(
            {events.buffer.size(), read.event.size, read.at, nameOf(read.cluster), nameOf(read.resource)});
        events.buffer.append(read.event.data, read.event.size) += '\n';
    }
    events.buffer.append(simdjson::SIMDJSON_PADDING, ' ');
    return events;
}

std::size_t sizeOfString(simdjson::simdjson_result<simdjson::ondemand::value> field) {
    std::string_view text;
    return field.get_string().get(text) ? 0 : text.size();
}

/// Twelve fields in the order in which API servers write them; those that the kind does not have are looked for all the
/// same.
std::size_t bareScan(const Events& events) {
    simdjson::ondemand::parser parser;
    std::size_t sum = 0;
    for (const auto& span : events.spans) {
        simdjson::ondemand::document document;
        if (parser.iterate(events.buffer.data() + span.begin, span.size, events.buffer.size() - span.begin)
                .get(document))
            continue;
        sum += sizeOfString(document.find_field("type"));
        simdjson::ondemand::object object, metadata, spec, status;
        if (document.find_field("object").get_object().get(object)) continue;
        sum += sizeOfString(object.find_field("kind"));
        if (!object.find_field("metadata").get_object().get(metadata)) {
            sum += sizeOfString(metadata.find_field("name"));
            sum += sizeOfString(metadata.find_field("namespace"));
            sum += sizeOfString(metadata.find_field("uid"));
            sum += sizeOfString(metadata.find_field("resourceVersion"));
            sum += sizeOfString(metadata.find_field("creationTimestamp"));
        }
        if (!object.find_field("spec").get_object().get(spec)) sum += sizeOfString(spec.find_field("nodeName"));
        if (!object.find_field("status").get_object().get(status)) {
            sum += sizeOfString(status.find_field("phase"));
            sum += sizeOfString(status.find_field("hostIP"));
            sum += sizeOfString(status.find_field("podIP"));
            sum += sizeOfString(status.find_field("startTime"));
        }
    }
    return sum;
}

struct Told {
    std::size_t transitions = 0, cards = 0;
};

Told replay(Events& events, const std::shared_ptr<const rules::RuleSet>& rules) {
    Told told;
    app::ReplaySink sink;
    sink.transition = [&](const rules::Transition&) { ++told.transitions; };
    sink.card = [&](const storage::Delivery&, TimePoint) { ++told.cards; };
    deliver::ChannelPlan channel;
    channel.name = "bench";
    channel.canUpdate = true;
    app::Replay run(rules, events.started, deliver::DeliveryPlanner({channel}), std::move(sink));
    for (const auto& span : events.spans)
        if (auto fed = run.feed(events.entry(span)); !fed) {
            std::cerr << fed.error().describe() << "\n";
            std::exit(1);
        }
    return told;
}

/// The default pack, and copies of its rules under other names and for other namespaces until there are `count`.
std::shared_ptr<const rules::RuleSet> rulesOf(std::size_t count) {
    auto sources = app::readRuleFiles(app::Config()).sources;
    auto report = rules::loadRules(sources);
    auto known = report.rules ? report.rules->rules().size() : 0;
    std::string more = "rules:\n";
    for (std::size_t i = known; i < count; ++i) {
        static const char* const kinds[] = {
            "    resource: pods\n    each: object.status.containerStatuses\n"
            "    when: item.state.waiting.reason == \"CrashLoopBackOff\" && item.restartCount > {0} && "
            "object.metadata.namespace == \"team-{0}\"\n",
            "    resource: pods\n    when: object.status.phase == \"Pending\" && object.metadata.namespace == "
            "\"team-{0}\" && object.metadata.labels.app.startsWith(\"web\")\n    for: 5m\n",
            "    resource: deployments.apps\n    when: object.metadata.namespace == \"team-{0}\" && "
            "object.status.unavailableReplicas > {0}\n    for: 10m\n",
            "    resource: nodes\n    when: object.metadata.name == \"node-{0}\" && object.status.conditions.exists(c, "
            "c.type == \"Ready\" && c.status != \"True\")\n",
            "    event: {{type: Warning, reason: \"Reason{0}\"}}\n",
        };
        more += fmt::format("  - alert: Bench{0}\n    title: bench {0}\n", i) +
                fmt::format(fmt::runtime(kinds[i % std::size(kinds)]), i);
    }
    if (known < count) sources.push_back({"more.yaml", more});
    report = rules::loadRules(sources);
    for (const auto& error : report.errors) std::cerr << error.describe() << "\n";
    if (!report.ok()) std::exit(1);
    return report.rules;
}

/// Of this thread alone: what else the machine does then does not count.
double cpuSeconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double seconds(const std::function<void()>& work) {
    auto began = cpuSeconds();
    work();
    return cpuSeconds() - began;
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::cerr << "usage: klaw_replay_bench RECORDING [ROUNDS]\n";
        return 2;
    }
    auto events = readEvents(argv[1]);
    if (!events) {
        std::cerr << events.error().describe() << "\n";
        return 1;
    }
    int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
    auto defaults = rulesOf(0), thousand = rulesOf(1000), fiveThousand = rulesOf(5000);
    std::vector<double> scans, replays, speeds, thousandCosts, fiveThousandCosts;
    Told told;
    std::size_t sum = 0;
    for (int round = 0; round < rounds; ++round) {
        scans.push_back(seconds([&] { sum += bareScan(*events); }));
        replays.push_back(seconds([&] { told = replay(*events, defaults); }));
        auto cost = [&](const auto& rules) { return seconds([&] { replay(*events, rules); }) / replays.back(); };
        speeds.push_back(scans.back() / replays.back());
        thousandCosts.push_back(cost(thousand));
        fiveThousandCosts.push_back(cost(fiveThousand));
        std::cout << fmt::format(
            "scan {:.3f} s, {} default rules {:.3f} s ({:.0f}% of its speed), {} rules {:.2f}, {} rules {:.2f} of the "
            "default's time\n",
            scans.back(), defaults->rules().size(), replays.back(), 100 * speeds.back(), thousand->rules().size(),
            thousandCosts.back(), fiveThousand->rules().size(), fiveThousandCosts.back());
    }
    std::cout
        << fmt::format(
               R"({{"events":{},"bytes":{},"scan_s":{:.4f},"default_s":{:.4f},"default_speed":{:.3f},"thousand_cost":{:.3f},"five_thousand_cost":{:.3f},"transitions":{},"cards":{},"sum":{}}})",
               events->spans.size(), events->buffer.size(), median(scans), median(replays), median(speeds),
               median(thousandCosts), median(fiveThousandCosts), told.transitions, told.cards, sum)
        << "\n";
    return 0;
}
