// How far a rollout is, and what a workload has been before: `rollout status`, `rollout history`.
#include <fmt/format.h>

#include <algorithm>

#include "agent/operate/catalogue.hpp"
#include "agent/operate/planned_object.hpp"
#include "agent/operate/revisions.hpp"
#include "agent/operate/rollout.hpp"
#include "notifiers/safe_text.hpp"
#include "notifiers/words.hpp"

namespace klaw::operate {
namespace {

/// Whoever has no card to look at waits no longer for the answer.
constexpr Duration longestWait = 45s, lookEvery = 1s;
constexpr std::size_t mostChoices = 8;

std::string_view subcommandOf(const CommandLine& line) {
    auto word = line.arguments.empty() ? std::string_view() : std::string_view(line.arguments.front());
    if (word == "status" || word == "进度") return "status";
    if (word == "history" || word == "历史") return "history";
    return {};
}

Task<Result<PlannedObject>> workloadOf(Control& control, Caller caller, CommandLine line) {
    if (!line.arguments.empty()) line.arguments.erase(line.arguments.begin());
    line.verb = "rollout";
    std::vector<std::string_view> kinds{"deployments", "statefulsets", "daemonsets"};
    co_return co_await plannedObject(control, std::move(caller), std::move(line), std::move(kinds));
}

Result<Duration> patienceOf(const CommandLine& line) {
    auto written = line.option("timeout");
    if (!written) return longestWait;
    auto wanted = parseDuration(*written);
    if (!wanted || *wanted < Duration{} || *wanted > longestRollout)
        return fail(ErrorCode::InvalidArgument, "\"" + *written + "\" is not how long to wait", {},
                    "for example: --timeout 30s, at most " + formatDuration(longestRollout));
    return *wanted;
}

Result<void> checkStrategy(const PlannedObject& read) {
    bool onDelete = valueAt(read.json, "/spec/updateStrategy/type") == "OnDelete";
    if (!onDelete) return {};
    return fail(ErrorCode::InvalidArgument, read.plan.title() + " replaces its Pods only when somebody deletes them",
                {}, "its strategy is OnDelete: there is no rollout to follow");
}

/// For whoever sees one answer only: it comes at the end, or after a while.
Task<Result<Output>> status(Control& control, Caller caller, CommandLine line) {
    auto patience = patienceOf(line);
    if (!patience) co_return fail(std::move(patience).error());
    auto read = co_await workloadOf(control, caller, line);
    if (!read) co_return fail(std::move(read).error());
    if (auto followable = checkStrategy(*read); !followable) co_return fail(std::move(followable).error());
    auto plan = std::move(read->plan);
    bool chinese = caller.chinese();
    auto object = plan.before;
    for (auto looks = std::min(*patience, longestWait) / lookEvery;; --looks) {
        auto shown = rolloutStatus(object, chinese);
        bool moving = shown.state == RolloutStatus::State::Moving;
        auto text = plan.title() + ": " + shown.text;
        if (shown.state == RolloutStatus::State::Stuck)
            co_return fail(ErrorCode::DeadlineExceeded, text, {}, "rollback " + plan.address() + " goes back");
        if (!moving) co_return Output(text + (chinese ? "，发布完成\n" : ": the rollout is complete\n"));
        if (looks <= 0) co_return Output(text + (chinese ? "，仍在进行\n" : ": it goes on\n"));
        co_await control.sleepFor(lookEvery);
        auto next = co_await control.askCluster(caller, plan.cluster, plan.path, "application/json");
        if (!next) co_return fail(std::move(next).error());
        object = std::move(*next);
    }
}

Table tableOf(const std::vector<Revision>& revisions, const std::string& writer, TimePoint now) {
    Table table{
        {{"REVISION", "版本"}, {"IMAGES", "镜像"}, {"CHANGE CAUSE", "变更原因"}, {"AGE", "距今"}, {"BY", "修改者"}},
        {}};
    for (const auto& revision : revisions) {
        auto made = parseRfc3339(revision.madeAt);
        bool current = &revision == &revisions.front();
        table.rows.push_back({std::to_string(revision.number), notifiers::oneLine(revision.images),
                              revision.cause.empty() ? "-" : notifiers::oneLine(revision.cause),
                              made ? notifiers::roughly(std::max(Duration{}, now - *made)) : "-",
                              current && !writer.empty() ? notifiers::oneLine(writer) : "-"});
    }
    return table;
}

Task<Result<Output>> history(Control& control, Caller caller, CommandLine line) {
    auto read = co_await workloadOf(control, caller, line);
    if (!read) co_return fail(std::move(read).error());
    auto plan = std::move(read->plan);
    auto revisions = co_await revisionsOf(control, caller, plan);
    if (!revisions) co_return fail(std::move(revisions).error());
    if (revisions->empty()) co_return fail(ErrorCode::NotFound, plan.title() + " has no revisions");
    bool chinese = caller.chinese();
    auto below = revisions->size() < 2 ? std::string()
                 : chinese             ? "回滚：rollback " + plan.address() + " --to 版本\n"
                                       : "To go back: rollback " + plan.address() + " --to REVISION\n";
    Output output(tableOf(*revisions, lastWriterOfTemplate(read->json), control.now()), caller.language,
                  plan.title() + "\n" + below);
    for (std::size_t i = 1; i < revisions->size() && output.choices.size() < mostChoices; ++i) {
        auto number = std::to_string((*revisions)[i].number);
        output.choices.emplace_back((chinese ? "回滚到 " : "Roll back to ") + number,
                                    "rollback " + plan.address() + " --to " + number);
    }
    co_return output;
}

Task<Result<Output>> rollout(Control& control, Caller caller, CommandLine line) {
    auto what = subcommandOf(line);
    if (what == "status") co_return co_await status(control, std::move(caller), std::move(line));
    if (what == "history") co_return co_await history(control, std::move(caller), std::move(line));
    co_return fail(
        ErrorCode::InvalidArgument, "rollout shows a status or a history", {},
        "for example: rollout status deploy/web -n shop; `restart`, `pause`, `resume` and `rollback` change one");
}

Task<Result<Plan>> followed(Control& control, Caller caller, CommandLine line) {
    auto read = co_await workloadOf(control, caller, std::move(line));
    if (!read) co_return fail(std::move(read).error());
    if (auto followable = checkStrategy(*read); !followable) co_return fail(std::move(followable).error());
    auto plan = std::move(read->plan);
    plan.summary = plan.title();
    plan.rollout = true;
    co_return plan;
}

bool followsRollout(const CommandLine& line) {
    return subcommandOf(line) == "status";
}

}  // namespace

std::vector<Verb> rolloutVerbs() {
    Verb verb;
    verb.name = "rollout", verb.aliases = {"发布"};
    verb.usage = "rollout status | history KIND/NAME -n NAMESPACE [--timeout 45s]";
    verb.summary = {"Follows a rollout to its end; lists the revisions of a workload",
                    "跟踪发布直到结束；列出工作负载的历史版本"};
    verb.ask = rollout;
    verb.follows = followsRollout;
    verb.followed = followed;
    verb.options = {"timeout"};
    return {verb};
}

}  // namespace klaw::operate
