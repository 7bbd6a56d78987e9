#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/app/agent.hpp"
#include "agent/app/replay.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/replay_summary.hpp"
#include "agent/recording/recording_reader.hpp"
#include "notifiers/safe_text.hpp"
#include "notifiers/terminal/render.hpp"

namespace klaw::cli {
namespace {

/// Prints what happens, at seconds since the start of the recording.
class Printer {
public:
    Printer(bool json, TimePoint start) : json_(json), start_(start) {}

    void transition(const rules::Transition& transition) const {
        const auto& alert = transition.alert;
        if (!json_) {
            std::cout << fmt::format("{:>9}  {:<9} {} {}\n", seconds(transition.at), rules::toString(transition.reason),
                                     alert.rule, nameOf(alert));
            return;
        }
        nlohmann::ordered_json line{{"t", since(transition.at)},
                                    {"transition", rules::toString(transition.reason)},
                                    {"rule", alert.rule},
                                    {"cluster", alert.cluster},
                                    {"fingerprint", alert.fingerprint},
                                    {"severity", rules::toString(alert.severity)},
                                    {"labels", alert.labels},
                                    {"count", alert.count},
                                    {"title", {{"en", alert.title.en}, {"zh", alert.title.zh}}},
                                    {"startedBefore", alert.startedBefore}};
        print(line);
    }

    void card(const storage::Delivery& delivery, TimePoint at) const {
        auto card = notifiers::cardFromJson(delivery.payload);
        if (!card) return;
        if (json_) {
            nlohmann::ordered_json line{{"t", since(at)},
                                        {"reason", delivery.reason},
                                        {"card", nlohmann::ordered_json::parse(delivery.payload)}};
            print(line);
            return;
        }
        std::cout << notifiers::terminal::renderCard(notifiers::SafeCard(std::move(*card)), {100, false}) << "\n";
    }

private:
    static void print(const nlohmann::ordered_json& line) {
        std::cout << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
    }
    static std::string nameOf(const rules::Alert& alert) {
        return notifiers::oneLine((alert.object.ns.empty() ? "" : alert.object.ns + "/") + alert.object.name +
                                  (alert.element.empty() ? "" : " " + alert.element));
    }
    double since(TimePoint at) const { return std::chrono::duration<double>(at - start_).count(); }
    std::string seconds(TimePoint at) const { return fmt::format("{:.1f}s", since(at)); }

    bool json_;
    TimePoint start_;
};

deliver::DeliveryPlanner plannerFor(const ReplayOptions& options) {
    deliver::ChannelPlan plan;
    plan.name = "replay";
    plan.style.language = options.language;
    plan.canUpdate = options.output == "json";
    plan.groupWait = Duration::zero();
    return deliver::DeliveryPlanner({plan});
}

Result<void> replayFile(const std::string& file, std::shared_ptr<const rules::RuleSet> rules,
                        const ReplayOptions& options, ReplaySummary& summary) {
    auto reader = recording::RecordingReader::open(file);
    if (!reader) return fail(std::move(reader).error());
    auto start = reader->header().started;
    if (start == TimePoint()) {  // kubectl writes no times: the file's own is the nearest
        std::error_code ignored;
        auto changed = std::filesystem::last_write_time(file, ignored);
        start = std::chrono::time_point_cast<Duration>(std::chrono::file_clock::to_sys(changed));
    }
    Printer printer(options.output == "json", start);
    bool tells = options.output != "summary";
    app::ReplaySink sink;
    sink.transition = [&](const rules::Transition& transition) {
        summary.transition(transition);
        if (tells) printer.transition(transition);
    };
    sink.card = [&](const storage::Delivery& delivery, TimePoint at) {
        summary.card(delivery);
        if (tells) printer.card(delivery, at);
    };
    app::Replay replay(std::move(rules), start, plannerFor(options), std::move(sink));
    for (;;) {
        auto entry = reader->next();
        if (!entry) return fail(std::move(entry).error());
        if (!*entry) break;
        if (auto fed = replay.feed(**entry); !fed) {
            auto error = std::move(fed).error();
            error.place = reader->place();
            return fail(std::move(error));
        }
    }
    if (reader->truncated()) std::cerr << "klaw: " << file << " ends in the middle; its last line is missing\n";
    replay.finish();
    return {};
}

}  // namespace

int replayCommand(const ReplayOptions& options) {
    app::Config config;
    if (options.noDefaults) config.rulePack = app::RulePack::None;
    config.ruleDirectories.assign(options.rules.begin(), options.rules.end());
    auto files = app::readRuleFiles(config);
    auto report = rules::loadRules(files.sources);
    for (auto& error : files.errors) report.errors.push_back(std::move(error));
    if (!report.ok()) return refuseAll(report.errors);
    ReplaySummary summary;
    for (const auto& file : options.files)
        if (auto replayed = replayFile(file, report.rules, options, summary); !replayed)
            return refuse(replayed.error());
    if (options.output == "summary") std::cout << formatSummary(summary, summary.rules());
    return 0;
}

}  // namespace klaw::cli
