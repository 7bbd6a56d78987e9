#include "agent/app/change_desk.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "agent/operate/cluster_choice.hpp"
#include "agent/operate/object_difference.hpp"
#include "agent/operate/plan_outcome.hpp"
#include "agent/operate/rollout.hpp"

namespace klaw::app {
namespace {

using Json = nlohmann::json;

constexpr auto asJson = "application/json";
constexpr Duration lookEvery = 1s;
/// Longer than the progress deadline that Deployments have unless they say otherwise.
constexpr Duration longestRollout = 15min;
/// How long the API server is asked what became of a change whose answer was lost.
constexpr Duration longestDoubt = 2min;

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
}

std::string dumped(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

storage::AuditEntry entryOf(const operate::Caller& caller, std::string_view verb, const operate::Plan& plan,
                            TimePoint now) {
    Json detail{{"summary", plan.summary}};
    if (!caller.name.empty()) detail["name"] = caller.name;
    if (!caller.chat.empty()) detail["chat"] = caller.chat;
    return {now, caller.identity, std::string(verb), {}, plan.target(), dumped(detail)};
}

storage::UnitOfWork recording(storage::AuditEntry entry) {
    storage::UnitOfWork unit;
    unit.audit.push_back(std::move(entry));
    return unit;
}

void addLines(std::string& text, const std::vector<std::string>& lines, std::string_view before) {
    for (const auto& line : lines) text += std::string(before) + line + "\n";
}

/// Whether the request may have reached the API server although no answer came.
bool isLost(const Error& error) {
    return error.code == ErrorCode::OutcomeUnknown || error.code == ErrorCode::DeadlineExceeded ||
           error.code == ErrorCode::Unavailable || error.code == ErrorCode::Cancelled;
}

}  // namespace

access::Place placeOf(const operate::Control& control, const operate::CommandLine& line) {
    auto cluster = operate::clusterOf(control, line);
    return {cluster ? *cluster : line.option("cluster").value_or(""), line.option("namespace").value_or("")};
}

ChangeDesk::ChangeDesk(Loop& loop, LoopClock& clock, Random& random, operate::Control& control, access::Gate& gate,
                       Flush flush, NoteAction noteAction)
    : loop_(loop),
      clock_(clock),
      random_(random),
      control_(control),
      gate_(gate),
      flush_(std::move(flush)),
      noteAction_(std::move(noteAction)),
      tasks_(loop, reportFailure) {}

Task<Answered> ChangeDesk::handle(const operate::Verb& verb, operate::CommandLine line, Asked asked) {
    access::Request request{asked.caller.identity, asked.caller.chat, std::string(verb.name),
                            std::string(verb.permission), placeOf(control_, line)};
    operate::Plan unread;
    unread.cluster = request.place->cluster;
    unread.ns = request.place->ns;
    unread.summary = asked.command;
    if (!gate_.policy().decide(request).allowed) {
        auto unit = recording(entryOf(asked.caller, verb.name, unread, clock_.now()));
        auto refused = co_await gate_.permit(std::move(request), access::Permit::Extent::DryRun, std::move(unit));
        co_return Answered::refusing(refused ? "" : refused.error().describe() + "\n");
    }
    auto plan = co_await verb.plan(control_, asked.caller, line);
    if (!plan) co_return Answered::refusing(plan.error().describe() + "\n");
    if (auto expected = line.option("expect"))
        if (auto same = operate::stillExpected(*plan, *expected, clock_.now()); !same)
            co_return Answered::refusing(same.error().describe() + "\n");
    if (!line.option("yes") || line.option("dry-run"))
        co_return co_await preview(verb, std::move(asked), std::move(*plan), std::move(request));
    auto incident = line.option("alert").value_or("");
    co_return co_await carryOut(verb, std::move(asked), std::move(*plan), std::move(request), std::move(incident));
}

/// What the API server says would come of it.
Task<Answered> ChangeDesk::preview(const operate::Verb& verb, Asked asked, operate::Plan plan,
                                   access::Request request) {
    auto unit = recording(entryOf(asked.caller, verb.name, plan, clock_.now()));
    auto permit = co_await gate_.permit(std::move(request), access::Permit::Extent::DryRun, std::move(unit));
    if (!permit) co_return Answered::refusing(permit.error().describe() + "\n");
    auto tried = co_await control_.changeCluster(std::move(*permit), plan.request);
    bool chinese = asked.caller.chinese();
    if (!tried)
        co_return Answered::refusing(plan.summary + (chinese ? "：集群拒绝：" : ": the cluster refuses it: ") +
                                     tried.error().describe() + "\n");
    auto answer = Answered::saying((chinese ? "将要执行：" : "This would ") + plan.summary + "\n");
    if (plan.request.method == "PATCH") addLines(answer.text, operate::differences(plan.before, *tried), "  ");
    addLines(answer.text, plan.notes, chinese ? "注意：" : "Note: ");
    answer.pagedCommand = asked.command;
    answer.living = true;
    auto bare = asked.command.substr(0, asked.command.find(" --expect"));
    answer.confirm = bare + " --expect " + plan.expectation() + " --yes";
    answer.card = asked.card;
    co_return answer;
}

Task<Answered> ChangeDesk::carryOut(const operate::Verb& verb, Asked asked, operate::Plan plan, access::Request request,
                                    std::string incident) {
    Open open;
    open.id = random_.token(9);
    open.verb = verb.name;
    open.incident = std::move(incident);
    open.caller = asked.caller;
    open.plan = std::move(plan);
    open.progress = std::move(asked.progress);
    open.card = std::move(asked.card);
    auto unit = recording(entryOf(asked.caller, verb.name, open.plan, clock_.now()));
    unit.meta.push_back(kept(open));
    auto permit = co_await gate_.permit(std::move(request), access::Permit::Extent::Change, std::move(unit));
    if (!permit) co_return Answered::refusing(permit.error().describe() + "\n");
    open.permittedBy = permit->auditSeq();
    begunAt_[open.id] = clock_.now();
    noteAction(open, rules::Action::State::Acting, {});
    auto sent = co_await control_.changeCluster(std::move(*permit), open.plan.request);
    auto answer = co_await settled(open, std::move(sent));
    co_return co_await finish(std::move(open), std::move(answer));
}

storage::MetaEntry ChangeDesk::kept(const Open& open) {
    Json json{{"verb", open.verb},
              {"incident", open.incident},
              {"identity", open.caller.identity},
              {"name", open.caller.name},
              {"chat", open.caller.chat},
              {"language", open.caller.language},
              {"plan", operate::toJson(open.plan)},
              {"permittedBy", open.permittedBy},
              {"made", open.made}};
    return {std::string(openPrefix) + open.id, dumped(json)};
}

/// An answer that was lost is found out: the change was made, or it was not.
Task<Result<std::string>> ChangeDesk::settled(const Open& open, Result<std::string> answer) {
    if (answer || !isLost(answer.error())) co_return answer;
    spdlog::warn("{}: no answer to a change of {}: {}", open.plan.cluster, open.plan.target(),
                 answer.error().describe());
    auto made = co_await foundOut(open);
    if (!made) co_return fail(std::move(made).error());
    if (*made) co_return std::string();
    co_return answer;
}

Task<Result<bool>> ChangeDesk::foundOut(const Open& open) {
    auto until = clock_.now() + longestDoubt;
    for (;;) {
        auto evidence = co_await control_.askCluster(open.caller, open.plan.cluster, open.plan.evidence, asJson);
        if (evidence || evidence.error().code == ErrorCode::NotFound) co_return operate::isApplied(open.plan, evidence);
        if (clock_.now() >= until)
            co_return fail(ErrorCode::OutcomeUnknown,
                           "it is not known whether this was done: " + evidence.error().message, open.plan.cluster,
                           "look at the object before you do it again");
        co_await clock_.sleepFor(lookEvery);
    }
}

Task<Answered> ChangeDesk::finish(Open open, Result<std::string> answer) {
    bool chinese = open.caller.chinese();
    if (!answer) {
        auto why = answer.error().describe();
        co_await close(open, answer.error().code == ErrorCode::OutcomeUnknown ? "unknown" : "failed", why);
        co_return Answered::refusing(open.plan.summary + (chinese ? "：失败：" : ": failed: ") + why + "\n");
    }
    auto said = Answered::saying((chinese ? "已执行：" : "Done: ") + open.plan.summary + "\n");
    said.undo = open.plan.rollout ? std::string() : open.plan.undo;
    said.living = open.plan.rollout || !said.undo.empty();
    said.card = open.card;
    said.pagedCommand = open.plan.summary;
    if (!open.plan.rollout) {
        co_await close(open, "done", {});
        co_return said;
    }
    open.made = true;
    auto entry = entryOf(open.caller, open.verb, open.plan, clock_.now());
    entry.decision = "done";
    entry.detail = dumped(Json{{"permittedBy", open.permittedBy}});
    auto unit = recording(std::move(entry));
    unit.meta.push_back(kept(open));
    co_await flush_(std::move(unit));
    const std::string name = "rollout of " + open.plan.target();
    tasks_.spawn(name, follow(std::move(open)));
    co_return said;
}

/// Until the Pods have followed, or do not.
Task<void> ChangeDesk::follow(Open open) {
    bool chinese = open.caller.chinese();
    auto until = clock_.now() + longestRollout;
    std::string shown;
    for (;;) {
        co_await clock_.sleepFor(lookEvery);
        auto object = co_await control_.askCluster(open.caller, open.plan.cluster, open.plan.path, asJson);
        bool gone = !object && object.error().code == ErrorCode::NotFound;
        auto status = object ? operate::rolloutStatus(*object, chinese) : operate::RolloutStatus();
        if (gone) status.text = object.error().describe();
        bool late = clock_.now() >= until;
        bool ended = gone || late || status.state != operate::RolloutStatus::State::Moving;
        bool good = status.state == operate::RolloutStatus::State::Complete;
        if (late && !gone && !good) status.text += chinese ? "；15 分钟后不再跟踪" : "; not followed after 15m";
        if (ended || (object && status.text != shown)) {
            shown = status.text;
            auto said = good || !ended ? Answered::saying({}) : Answered::refusing({});
            said.text = open.plan.summary + "\n" + (ended ? good ? "✅ " : "❌ " : "⏳ ") + status.text + "\n";
            said.undo = ended ? open.plan.undo : std::string();
            said.pagedCommand = open.plan.summary;
            said.card = open.card;
            if (open.progress) open.progress(said);
        }
        if (!ended) continue;
        co_await close(open, good ? "completed" : "failed", status.text);
        co_return;
    }
}

/// Its end in the audit log and on the card of the incident.
Task<void> ChangeDesk::close(const Open& open, std::string_view decision, std::string result) {
    auto entry = entryOf(open.caller, open.verb, open.plan, clock_.now());
    entry.decision = decision;
    Json detail{{"permittedBy", open.permittedBy}};
    if (!result.empty()) detail["result"] = result;
    entry.detail = dumped(detail);
    bool good = decision == "done" || decision == "completed";
    noteAction(open, good ? rules::Action::State::Done : rules::Action::State::Failed, std::move(result));
    begunAt_.erase(open.id);
    auto unit = recording(std::move(entry));
    unit.meta.push_back({std::string(openPrefix) + open.id, {}});
    co_await flush_(std::move(unit));
}

void ChangeDesk::noteAction(const Open& open, rules::Action::State state, std::string result) {
    if (open.incident.empty()) return;
    rules::Action action;
    action.id = open.id;
    action.mark = {open.caller.shownName(), begunAt_[open.id], {}};
    action.what = open.plan.summary;
    action.state = state;
    action.result = std::move(result);
    noteAction_(open.incident, action);
}

void ChangeDesk::resume(const std::map<std::string, std::string, std::less<>>& meta) {
    for (auto entry = meta.lower_bound(openPrefix); entry != meta.end() && entry->first.starts_with(openPrefix);
         ++entry) {
        auto json = Json::parse(entry->second, nullptr, false);
        auto text = [&](const char* name) {
            return json.is_object() ? json.value(name, std::string()) : std::string();
        };
        auto plan = operate::planFromJson(text("plan"));
        if (!plan) {
            spdlog::error("{}: {}", entry->first, plan.error().describe());
            continue;
        }
        Open open;
        open.id = entry->first.substr(openPrefix.size());
        open.verb = text("verb");
        open.incident = text("incident");
        open.caller.identity = text("identity");
        open.caller.name = text("name");
        open.caller.chat = text("chat");
        open.caller.language = text("language");
        open.plan = std::move(*plan);
        open.permittedBy = json.value("permittedBy", std::int64_t{0});
        open.made = json.value("made", false);
        begunAt_[open.id] = clock_.now();
        const std::string name = "change of " + open.plan.target();
        tasks_.spawn(name, resumeOne(std::move(open)));
    }
}

Task<void> ChangeDesk::resumeOne(Open open) {
    if (open.made) co_return co_await follow(std::move(open));
    Result<std::string> answer = std::string();
    auto made = co_await foundOut(open);
    if (!made)
        answer = fail(std::move(made).error());
    else if (!*made)
        answer = fail(ErrorCode::Cancelled, "Klaw ended before this was done; nothing was changed", {},
                      "ask for it again if it is still meant");
    co_await finish(std::move(open), std::move(answer));
}

}  // namespace klaw::app
