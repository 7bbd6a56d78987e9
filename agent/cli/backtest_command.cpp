#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/app/agent.hpp"
#include "agent/app/data_directory.hpp"
#include "agent/app/replay.hpp"
#include "agent/app/rule_keeper.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/replay_summary.hpp"
#include "agent/recording/history_reader.hpp"
#include "agent/recording/marks.hpp"

namespace klaw::cli {
namespace {

/// All that would run with the files, and which of the rules are theirs: the others say what inhibits what.
struct Candidates {
    std::shared_ptr<const rules::RuleSet> rules;
    std::vector<const rules::Rule*> theirs;
    std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const auto* rule : theirs) names.push_back(rule->name);
        return names;
    }
};

/// The rules that run, with those of the files in the place of theirs of the same names.
Result<Candidates> candidatesOf(const BacktestOptions& options, const app::Config& config) {
    app::Config alone;
    alone.rulePack = app::RulePack::None;
    alone.ruleDirectories.assign(options.files.begin(), options.files.end());
    auto given = app::readRuleFiles(alone);
    if (!given.errors.empty()) return fail(std::move(given.errors.front()));
    std::set<std::string> files;
    for (auto& source : given.sources) {
        files.insert(source.name);
        source.replaces = true;
    }
    auto running = app::readRuleFiles(config);
    if (!running.errors.empty()) return fail(std::move(running.errors.front()));
    std::erase_if(running.sources, [&](const auto& source) { return files.contains(source.name); });
    auto applied = appliedRules(databaseOf(options.data, config));
    if (!applied) return fail(std::move(applied).error());
    for (auto& source : given.sources) running.sources.push_back(std::move(source));
    auto names = app::RuleKeeper({running.sources}, {}).load();
    if (!names.ok()) return fail(std::move(names.errors.front()));
    Candidates candidates;
    std::set<std::string> theirs;
    for (const auto& rule : names.rules->rules())
        if (files.contains(rule.source.substr(0, rule.source.rfind(':')))) theirs.insert(rule.name);
    // One that was applied stands over files, but here the new text is asked about.
    std::erase_if(*applied, [&](const auto& rule) { return theirs.contains(rule.name); });
    auto report = app::RuleKeeper(std::move(running.sources), *applied).load();
    if (!report.ok()) return fail(std::move(report.errors.front()));
    candidates.rules = report.rules;
    for (const auto& rule : report.rules->rules())
        if (theirs.contains(rule.name)) candidates.theirs.push_back(&rule);
    return candidates;
}

deliver::DeliveryPlanner planner() {
    deliver::ChannelPlan plan;
    plan.name = "backtest";
    plan.canUpdate = true;
    plan.groupWait = Duration::zero();
    return deliver::DeliveryPlanner({plan});
}

constexpr Duration shortPause = 5min;

TimePoint toSeconds(TimePoint time) {
    return std::chrono::floor<std::chrono::seconds>(time);
}

/// What the history lacks for the rules to be judged by it.
class Gaps {
public:
    void see(const recording::RecordingEntry& entry, TimePoint at) {
        bool begins = entry.event.text() == recording::listBeginsMark;
        if (begins && last_ && at - *last_ > shortPause) pauses_.emplace_back(*last_, at);
        last_ = at;
        if (entry.event.text() == recording::lostMark) lost_.insert(std::string(entry.resource));
        if (!kept_.contains(entry.resource)) kept_.emplace(entry.resource);
        if (entry.resource == "events" && !normalEvents_)
            normalEvents_ = entry.event.text().find(R"("type":"Normal")") != std::string_view::npos;
    }
    /// `kept`: how long it is.
    std::vector<std::string> of(const std::vector<const rules::Rule*>& rules, Duration kept) const {
        std::vector<std::string> gaps;
        for (const auto* rule : rules) add(*rule, kept, gaps);
        for (const auto& [from, to] : pauses_)
            gaps.push_back(fmt::format("nothing was watched from {} to {}", formatRfc3339(from), formatRfc3339(to)));
        for (const auto& resource : lost_)
            gaps.push_back(
                fmt::format("events of {} came too quickly or the disk was full: some were not kept", resource));
        return gaps;
    }

private:
    void add(const rules::Rule& rule, Duration kept, std::vector<std::string>& gaps) const {
        auto needs = std::max(rule.holdFor, rule.absent.value_or(Duration{}));
        if (needs > kept)
            gaps.push_back(
                fmt::format("{} waits for {}, which is longer than what is kept", rule.name, formatDuration(needs)));
        if (rule.kind == rules::Rule::Kind::Metric || rule.kind == rules::Rule::Kind::Promql)
            return gaps.push_back(fmt::format("{} reads metrics, of which nothing is kept", rule.name));
        for (const auto& resource : rule.resources)
            if (!kept_.contains(resource))
                gaps.push_back(fmt::format("{} reads {}, of which nothing was kept: no rule that runs reads them",
                                           rule.name, resource));
        bool wantsNormal = rule.kind == rules::Rule::Kind::Event && rule.event.type != "Warning";
        if (wantsNormal && kept_.contains("events") && !normalEvents_)
            gaps.push_back(fmt::format("{} reads Events that are no warnings, of which none was kept", rule.name));
    }

    std::set<std::string, std::less<>> kept_;
    std::set<std::string> lost_;
    std::optional<TimePoint> last_;
    std::vector<std::pair<TimePoint, TimePoint>> pauses_;
    bool normalEvents_ = false;
};

struct Outcome {
    TimePoint began, from, to;
    std::size_t events = 0;
    ReplaySummary summary;
    Gaps gaps;
};

Result<void> play(recording::HistoryReader& history, const Candidates& candidates, TimePoint since, Outcome& outcome) {
    outcome.began = history.started();
    outcome.from = std::max(since, history.started());
    outcome.to = history.started();
    app::ReplaySink sink;
    sink.transition = [&](const rules::Transition& transition) {
        if (transition.at >= outcome.from) outcome.summary.transition(transition);
    };
    sink.card = [&](const storage::Delivery& delivery, TimePoint at) {
        if (at >= outcome.from) outcome.summary.card(delivery);
    };
    app::Replay replay(candidates.rules, history.started(), planner(), std::move(sink));
    for (;;) {
        auto entry = history.next();
        if (!entry) return fail(std::move(entry).error());
        if (!*entry) break;
        outcome.gaps.see(**entry, toSeconds(history.started() + (*entry)->at));
        ++outcome.events;
        outcome.to = std::max(outcome.to, history.started() + (*entry)->at);
        if (auto fed = replay.feed(**entry); !fed) {
            auto error = std::move(fed).error();
            error.place = history.place();
            return fail(std::move(error));
        }
    }
    if (outcome.to <= outcome.from)
        return fail(ErrorCode::NotFound, "nothing was kept since " + formatRfc3339(toSeconds(since)), {},
                    "what is kept ends at " + formatRfc3339(toSeconds(outcome.to)) + "; go further back by --since");
    replay.runUntil(outcome.to);
    return {};
}

void printTable(const Outcome& outcome, const Candidates& candidates) {
    auto names = candidates.names();
    ReplaySummary::Heard all;
    for (const auto& name : names) all += outcome.summary.of(name);
    std::cout << formatSummary(outcome.summary, names)
              << fmt::format("They would have sent {} cards from {} to {} ({}; {} watch events).\n", all.cards,
                             formatRfc3339(toSeconds(outcome.from)), formatRfc3339(toSeconds(outcome.to)),
                             formatDuration(std::chrono::floor<std::chrono::seconds>(outcome.to - outcome.from)),
                             outcome.events);
    for (const auto& gap : outcome.gaps.of(candidates.theirs, outcome.to - outcome.began))
        std::cout << "Not judged: " << gap << ".\n";
}

void printJson(const Outcome& outcome, const Candidates& candidates) {
    nlohmann::ordered_json rules = nlohmann::ordered_json::array();
    for (const auto& name : candidates.names()) {
        auto heard = outcome.summary.of(name);
        rules.push_back({{"rule", name},
                         {"alerts", heard.alerts},
                         {"fromBefore", heard.fromBefore},
                         {"cards", heard.cards},
                         {"messages", heard.messages}});
    }
    nlohmann::ordered_json json{{"from", formatRfc3339(outcome.from)},
                                {"to", formatRfc3339(outcome.to)},
                                {"events", outcome.events},
                                {"rules", std::move(rules)},
                                {"notJudged", outcome.gaps.of(candidates.theirs, outcome.to - outcome.began)}};
    std::cout << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

}  // namespace

int backtestCommand(const BacktestOptions& options) {
    auto config = configFrom(options.config);
    if (!config) return refuse(config.error());
    auto length = parseDuration(options.since);
    if (!length || *length <= Duration{})
        return refuse(Error(ErrorCode::InvalidArgument, "--since: \"" + options.since + "\" is no time", {},
                            "write for example 24h"));
    auto candidates = candidatesOf(options, *config);
    if (!candidates) return refuse(candidates.error());
    auto history = recording::HistoryReader::open(app::DataDirectory::historyDirectory(dataOf(options.data, *config)));
    if (!history) return refuse(history.error());
    Outcome outcome;
    if (auto played = play(*history, *candidates, SystemClock().now() - *length, outcome); !played)
        return refuse(played.error());
    if (options.output == "json")
        printJson(outcome, *candidates);
    else
        printTable(outcome, *candidates);
    return 0;
}

}  // namespace klaw::cli
