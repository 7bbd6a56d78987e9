#include <fmt/format.h>

#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "agent/app/agent.hpp"
#include "agent/app/alert_pipeline.hpp"
#include "agent/cli/commands.hpp"
#include "agent/observe/resource_observer.hpp"
#include "agent/recording/recording_reader.hpp"
#include "notifiers/safe_text.hpp"
#include "notifiers/terminal/render.hpp"

namespace klaw::cli {
namespace {

constexpr Duration afterEnd = 30min;  // what `for` and windows still bring about once the recording is over

using Observers =
    std::map<std::pair<std::string, std::string>, std::unique_ptr<observe::ResourceObserver>, std::less<>>;

class ReplayedObjects final : public rules::ObjectSource {
public:
    explicit ReplayedObjects(const Observers& observers) : observers_(observers) {}
    void forEach(std::string_view cluster, std::string_view resource,
                 const std::function<void(PackedView)>& visit) const override {
        if (const auto* found = find(cluster, resource)) found->forEach(visit);
    }
    PackedView find(std::string_view cluster, std::string_view resource, std::string_view uid) const override {
        const auto* found = find(cluster, resource);
        return found ? found->find(uid) : PackedView();
    }

private:
    const observe::ResourceObserver* find(std::string_view cluster, std::string_view resource) const {
        auto found = observers_.find(std::pair(std::string(cluster), std::string(resource)));
        return found == observers_.end() ? nullptr : found->second.get();
    }
    const Observers& observers_;
};

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

/// One recording in virtual time.
class Replay {
public:
    Replay(std::shared_ptr<const rules::RuleSet> rules, TimePoint start, const ReplayOptions& options)
        : rules_(rules),
          now_(start),
          objects_(observers_),
          printer_(options.output == "json", start),
          pipeline_(rules, objects_, planner(options),
                    [this](const rules::Transition& transition) { printer_.transition(transition); }) {}

    Result<void> feed(const recording::RecordingEntry& entry, TimePoint start) {
        runUntil(start + entry.at);
        if (entry.resource.empty()) return {};
        auto* observer = observerOf(std::string(entry.cluster), std::string(entry.resource));
        if (!observer) return {};
        auto outcome = observer->line(entry.event);
        if (!outcome) return fail(std::move(outcome).error());
        if (outcome->initialEventsEnd) observer->listEnds(outcome->resourceVersion);
        print();
        return {};
    }

    void finish() { runUntil(now_ + afterEnd); }

private:
    static deliver::DeliveryPlanner planner(const ReplayOptions& options) {
        deliver::ChannelPlan plan;
        plan.name = "replay";
        plan.style.language = options.language;
        plan.canUpdate = options.output == "json";
        plan.groupWait = Duration::zero();
        return deliver::DeliveryPlanner({plan});
    }

    observe::ResourceObserver* observerOf(const std::string& cluster, const std::string& resource) {
        auto found = observers_.find(std::pair(cluster, resource));
        if (found != observers_.end()) return found->second.get();
        const auto& names = rules_->resources();
        if (std::find(names.begin(), names.end(), resource) == names.end()) return nullptr;
        observe::ObserverOptions options;
        options.cluster = cluster;
        options.resource = resource;
        options.fields = rules_->fieldsFor(resource);
        if (resource == "events") options.keep = observe::ObserverOptions::Keep::Counts;
        auto listed = [this](std::string_view of, std::string_view what) {
            const auto* observer = observers_.at({std::string(of), std::string(what)}).get();
            pipeline_.listCompleted(
                of, what, [&](std::string_view uid) { return !observer->find(uid).isMissing(); }, now_);
        };
        auto made = std::make_unique<observe::ResourceObserver>(
            std::move(options), [this](const rules::Change& change) { pipeline_.change(change, now_); }, listed);
        made->listBegins();
        return (observers_[{cluster, resource}] = std::move(made)).get();
    }

    void runUntil(TimePoint time) {
        for (auto due = pipeline_.nextDue(); due && *due <= time; due = pipeline_.nextDue()) {
            now_ = std::max(now_, *due);
            pipeline_.due(now_);
            print();
            if (auto next = pipeline_.nextDue(); next && *next <= now_) now_ += 1ms;
        }
        now_ = std::max(now_, time);
    }

    void print() {
        for (const auto& delivery : pipeline_.take().newDeliveries) printer_.card(delivery, now_);
    }

    std::shared_ptr<const rules::RuleSet> rules_;
    TimePoint now_;
    Observers observers_;
    ReplayedObjects objects_;
    Printer printer_;
    app::AlertPipeline pipeline_;
};

Result<void> replayFile(const std::string& file, std::shared_ptr<const rules::RuleSet> rules,
                        const ReplayOptions& options) {
    auto reader = recording::RecordingReader::open(file);
    if (!reader) return fail(std::move(reader).error());
    auto start = reader->header().started;
    if (start == TimePoint()) {  // kubectl writes no times: the file's own is the nearest
        std::error_code ignored;
        auto changed = std::filesystem::last_write_time(file, ignored);
        start = std::chrono::time_point_cast<Duration>(std::chrono::file_clock::to_sys(changed));
    }
    Replay replay(std::move(rules), start, options);
    for (;;) {
        auto entry = reader->next();
        if (!entry) return fail(std::move(entry).error());
        if (!*entry) break;
        if (auto fed = replay.feed(**entry, start); !fed) {
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
    config.defaultRules = !options.noDefaults;
    config.ruleDirectories.assign(options.rules.begin(), options.rules.end());
    auto files = app::readRuleFiles(config);
    auto report = rules::loadRules(files.sources);
    for (auto& error : files.errors) report.errors.push_back(std::move(error));
    if (!report.ok()) return refuseAll(report.errors);
    for (const auto& file : options.files)
        if (auto replayed = replayFile(file, report.rules, options); !replayed) return refuse(replayed.error());
    return 0;
}

}  // namespace klaw::cli
