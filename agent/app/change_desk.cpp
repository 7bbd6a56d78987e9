#include "agent/app/change_desk.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <set>

#include "agent/app/change_records.hpp"
#include "agent/app/change_under_way.hpp"
#include "agent/operate/cluster_api.hpp"
#include "agent/operate/guard.hpp"
#include "agent/operate/object_difference.hpp"
#include "agent/operate/plan_outcome.hpp"
#include "agent/operate/recordable.hpp"
#include "agent/operate/required_access.hpp"
#include "agent/operate/rollout_look.hpp"
#include "base/async/loop_condition.hpp"
#include "base/text/json_fields.hpp"
#include "base/text/secrets.hpp"
#include "base/text/utf8.hpp"

namespace klaw::app {
namespace {

using Json = nlohmann::json;

constexpr auto asJson = "application/json";
constexpr Duration lookEvery = 1s;
/// Between two words about a rollout, the longer the more were said: each is a call of the month's.
constexpr Duration shortestGap = 1s, longestGap = 1min;
/// An API server works on a request for a minute, also when nobody waits for the answer any more.
constexpr Duration longestWork = 60s;
/// How long the API server is asked what became of a change whose answer was lost.
constexpr Duration longestDoubt = 2min;
/// Whoever has no card to look at waits no longer for the end of a restore.
constexpr Duration longestWait = 45s;
constexpr std::size_t longestRecord = 1000, mostDifferences = 20;

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
}

std::string dumped(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string recordable(const std::string& text) {
    return truncateUtf8(maskSecrets(text), longestRecord);
}

/// Whether what is confirmed was shown before: an expectation names a state, not only an object.
bool wasShown(const operate::CommandLine& line) {
    auto expected = line.option("expect");
    return expected && expected->find('@') != std::string::npos;
}

}  // namespace

ChangeDesk::ChangeDesk(Loop& loop, LoopClock& clock, Random& random, operate::Control& control, access::Gate& gate,
                       Flush flush, NoteAction noteAction, Tell tell)
    : loop_(loop),
      clock_(clock),
      random_(random),
      control_(control),
      gate_(gate),
      flush_(std::move(flush)),
      noteAction_(std::move(noteAction)),
      tell_(std::move(tell)),
      keptInputs_(random),
      tasks_(loop, reportFailure) {}

Task<Answered> ChangeDesk::handle(const operate::Verb& verb, operate::CommandLine line, Asked asked) {
    Open open;
    open.id = random_.token(9);
    open.verb = verb.name;
    open.command = operate::shownCommand(asked.command);
    open.caller = asked.caller;
    open.incident = line.option("alert").value_or("");
    open.replyTo = std::move(asked.replyTo);
    open.card = std::move(asked.card);
    open.approved = asked.approved;
    auto request = operate::requiredAccess(control_, verb, line, open.caller);
    if (request.place) {
        open.plan.cluster = request.place->cluster;
        open.plan.ns = request.place->ns;
    }
    open.plan.summary = operate::recordable(open.command);
    auto decision = gate_.decide(request);
    if (!decision.allowed) co_return co_await refused(open, "denied", std::move(decision.reason));
    open.kept = line.option("kept").value_or("");
    if (auto whole = keptInputs_.putInto(line, clock_.now()); !whole)
        co_return co_await refused(open, "refused", whole.error().describe());
    auto plan = co_await verb.plan(control_, open.caller, line);
    if (!plan) co_return co_await refused(open, "refused", plan.error().describe());
    open.plan = std::move(*plan);
    open.plan.summary = maskSecrets(open.plan.summary);
    if (open.approved)
        open.plan.summary += fmt::format(
            fmt::runtime(open.caller.chinese() ? "（{} 申请，{} 批准）" : " (asked for by {}, approved by {})"),
            open.caller.shownName(), open.approved->shownName());
    // What is changed says where it is; the words of the command only say where it was looked for.
    request.permission = verb.permission;
    request = requestOf(open, std::move(request));
    bool strayed = open.approved && !open.approved->cluster.empty() && open.approved->cluster != open.plan.cluster;
    if (strayed)
        co_return co_await refused(open, "stale",
                                   "this was approved for the cluster " + open.approved->cluster + ", not for " +
                                       open.plan.cluster + ": nothing was done");
    if (auto why = deniedPart(open, request)) co_return co_await refused(open, "denied", std::move(*why));
    if (auto lets = co_await clusterLets(open); !lets) {
        bool denied = lets.error().code == ErrorCode::PermissionDenied;  // or it could not be asked
        co_return co_await refused(open, denied ? "denied" : "refused", lets.error().describe());
    }
    if (auto expected = line.option("expect"))
        if (auto same = operate::stillExpected(open.plan, *expected, clock_.now()); !same)
            co_return co_await refused(open, "stale", same.error().describe());
    if (auto within = co_await lookAhead(open, request); !within)
        co_return co_await refused(open, "limited", within.error().describe());
    bool only = line.option("dry-run").has_value(), hidden = verb.document || (verb.secret && verb.secret(line));
    if (!line.option("yes") || only) {
        if (hidden && !only && open.kept.empty()) open.kept = keptInputs_.keep(line, clock_.now());
        co_return co_await preview(std::move(open), std::move(request), !only);
    }
    if (const auto& needed = open.plan.stillNeeded; !needed.empty())
        co_return co_await refused(open, "refused", "nothing was done: to " + open.plan.summary + " add " + needed);
    if (!wasShown(line)) {
        std::string refusal;
        bool fine = co_await tryParts(open, request, refusal);
        if (!fine) co_return Answered::refusing(std::move(refusal));
    }
    const auto* rule = open.approved ? nullptr : approvalFor(open, request);
    if (rule) {
        if (hidden && open.kept.empty()) open.kept = keptInputs_.keep(line, clock_.now());
        if (hidden) keptInputs_.keepUntil(open.kept, clock_.now() + rule->expires);
        if (hidden) line.attachment.clear();
        co_return co_await askApproval(std::move(open), std::move(request), std::move(line.attachment),
                                       std::move(asked));
    }
    co_return co_await carriedOut(std::move(open), std::move(request), std::move(asked.claims));
}

/// Before anything else is looked at, and before a button offers it: what Kubernetes itself says to it.
Task<Result<void>> ChangeDesk::clusterLets(const Open& open) const {
    std::vector<kube::ChangeRequest> changes;
    std::set<std::string> evicting;  // Pods of a drain mostly differ in their names alone
    auto add = [&](const operate::Plan& plan) {
        bool further = plan.request.path.ends_with("/eviction") && !evicting.insert(plan.ns).second;
        if (!plan.changesItself() || further) return;
        auto change = plan.request;
        change.body.clear();
        changes.push_back(std::move(change));
    };
    add(open.plan);
    for (const auto& part : open.plan.parts) add(part);
    co_return co_await control_.mayChange(open.caller, open.plan.cluster, std::move(changes));
}

/// How far it reaches, which limits it would break, and what people should know of that.
Task<Result<void>> ChangeDesk::lookAhead(Open& open, access::Request& request) {
    auto impact = operate::impactOf(open.plan);
    request.replicas = impact.replicas;
    if (open.approved) request.approvedBy = open.approved->identity;
    for (const auto& each : requestsOf(open, request))
        if (auto within = gate_.withinLimits(each); !within) co_return within;
    auto notes = co_await operate::guarded(control_, open.caller, open.plan, std::move(impact));
    if (!notes) co_return fail(std::move(notes).error());
    std::ranges::move(*notes, std::back_inserter(open.plan.notes));
    co_return Result<void>();
}

/// Of several objects that are no change of another one only these: where all of them are is no place of its own.
std::vector<access::Request> ChangeDesk::requestsOf(const Open& open, const access::Request& request) {
    std::vector<access::Request> requests;
    if (!open.plan.path.empty() || open.plan.parts.empty()) requests.push_back(request);
    for (std::size_t i = 0; i < open.plan.parts.size(); ++i) requests.push_back(requestOf(partOf(open, i), request));
    return requests;
}

/// Of the first that needs one.
const access::ApprovalRule* ChangeDesk::approvalFor(const Open& open, const access::Request& request) const {
    for (const auto& each : requestsOf(open, request))
        if (const auto* rule = gate_.approvalFor(each)) return rule;
    return nullptr;
}

Task<Answered> ChangeDesk::askApproval(Open open, access::Request request, std::string attachment, Asked asked) {
    auto rule = *approvalFor(open, request);
    if (!askApproval_) co_return co_await refused(open, "denied", "this needs the approval of another person");
    access::Approval wanted;
    wanted.verb = open.verb;
    wanted.place = *request.place;
    for (auto& each : requestsOf(open, request)) {
        auto place = each.place.value_or(access::Place());
        wanted.parts.push_back({std::move(each.verb), std::move(each.command), std::move(each.permission),
                                std::move(place), each.replicas});
    }
    auto command = operate::withoutOption(operate::withoutOption(open.command, "expect"), "yes");
    command = operate::withoutOption(operate::withoutOption(command, "kept"), "cluster");
    command += " --cluster " + open.plan.cluster;  // where there is one today there may be two when it is approved
    if (!open.kept.empty()) command += " --kept " + open.kept;
    wanted.command = command + " --expect " + open.plan.expectation() + " --yes";
    wanted.attachment = std::move(attachment);
    wanted.summary = open.plan.summary;
    wanted.target = open.plan.target();
    wanted.identity = open.caller.identity;
    wanted.name = open.caller.name;
    wanted.chat = open.caller.chat;
    wanted.language = open.caller.language;
    wanted.via = open.caller.via;
    wanted.claim = open.caller.claim;
    wanted.departments = open.caller.membership.departments;
    wanted.incident = open.incident;
    wanted.replyTo = open.replyTo;
    wanted.card = open.card;
    co_return co_await askApproval_(std::move(wanted), std::move(rule), std::move(asked));
}

Task<Answered> ChangeDesk::watch(const operate::Verb& verb, operate::CommandLine line, Asked asked) {
    Open open;
    open.verb = verb.name;
    open.caller = asked.caller;
    open.replyTo = std::move(asked.replyTo);
    open.card = std::move(asked.card);
    open.watches = true;
    auto plan = co_await verb.followed(control_, open.caller, std::move(line));
    if (!plan) co_return Answered::refusing(plan.error().describe() + "\n");
    open.plan = std::move(*plan);
    auto status = operate::rolloutStatus(open.plan.before, open.caller.chinese());
    bool moving = status.state == operate::RolloutStatus::State::Moving;
    bool good = status.state == operate::RolloutStatus::State::Complete;
    auto answer = moving || good ? Answered::saying({}) : Answered::refusing({});
    answer.text = open.plan.summary + "\n" + (moving ? "⏳ " : good ? "✅ " : "❌ ") + status.text + "\n";
    answer.pagedCommand = asked.command;
    answer.reads = true;
    answer.living = moving;
    if (!moving) co_return answer;
    const std::string name = "rollout of " + open.plan.target();
    tasks_.spawn(name, follow(std::move(open)));
    co_return answer;
}

storage::AuditEntry ChangeDesk::entryOf(const Open& open, std::string_view decision, const std::string& result) const {
    Json detail{{"change", open.id}, {"summary", recordable(open.plan.summary)}};
    if (!open.command.empty()) detail["command"] = operate::recordable(open.command);
    if (!open.caller.name.empty()) detail["name"] = open.caller.name;
    if (!open.caller.chat.empty()) detail["chat"] = open.caller.chat;
    if (!open.caller.via.empty()) detail["via"] = open.caller.via;
    if (!open.caller.claim.empty()) detail["claim"] = open.caller.claim;
    if (open.permittedBy > 0) detail["permittedBy"] = open.permittedBy;
    if (open.approved) {
        detail["approval"] = open.approved->id;
        detail["approvedBy"] = open.approved->identity;
        if (!open.approved->name.empty()) detail["approvedByName"] = open.approved->name;
    }
    if (!open.plan.argv.empty()) detail["argv"] = operate::recordableArguments(open.plan.argv);
    if (!open.plan.argv.empty()) detail["container"] = open.plan.container;
    if (open.exitCode) detail["exitCode"] = *open.exitCode;
    if (!result.empty()) detail["result"] = recordable(result);
    if (!open.differences.empty()) detail["differences"] = open.differences;
    return {clock_.now(), open.caller.identity, open.verb, std::string(decision), open.plan.target(), dumped(detail)};
}

/// Nothing is done; why is said, and recorded.
Task<Answered> ChangeDesk::refused(const Open& open, std::string_view decision, std::string why) {
    auto unit = recording(entryOf(open, decision, why));
    co_await flush_(std::move(unit));
    auto answer = Answered::refusing(why + "\n");
    answer.card = open.card;
    co_return answer;
}

/// What the API server says would come of it: the object. The message of a failure is the whole answer.
Task<Result<std::string>> ChangeDesk::tryOut(const Open& open, access::Request request) {
    auto unit = recording(entryOf(open, {}));
    auto permit = co_await gate_.permit(std::move(request), access::Permit::Extent::DryRun, open.plan.request.digest(),
                                        std::move(unit));
    if (!permit) co_return fail(permit.error().code, permit.error().describe() + "\n");
    auto tried = co_await control_.changeCluster(std::move(*permit), open.plan.request);
    if (tried) co_return tried;
    auto why = operate::explained(open.plan, tried.error()).describe();
    auto record = recording(entryOf(open, "refused", why));
    co_await flush_(std::move(record));
    auto said = open.caller.chinese() ? "：集群拒绝：" : ": the cluster refuses it: ";
    co_return fail(tried.error().code, open.plan.summary + said + why + "\n");
}

Task<Answered> ChangeDesk::preview(Open open, access::Request request, bool confirmable) {
    if (const auto* rule = approvalFor(open, request)) {
        bool zh = open.caller.chinese();
        auto who = access::approversOf(*rule, zh);
        if (who.empty()) who = zh ? "另一位有此权限的人" : "another person who may do it";
        open.plan.notes.push_back((zh ? "需要批准，批准人：" : "it must be approved by ") + who);
    }
    const auto& plan = open.plan;
    bool chinese = open.caller.chinese();
    auto needs = requestsOf(open, request);
    std::string trial;
    bool fine = co_await tryParts(open, std::move(request), trial);
    if (!fine) co_return Answered::refusing(std::move(trial));
    auto answer = Answered::saying((chinese ? "将要执行：" : "This would ") + plan.summary + "\n" + trial);
    addLines(answer.text, plan.notes, chinese ? "注意：" : "Note: ");
    auto command = operate::withoutOption(operate::withoutOption(open.command, "expect"), "kept");
    answer.pagedCommand = operate::withoutOption(command, "alert");
    if (!plan.stillNeeded.empty() && confirmable) {
        answer.text += (chinese ? "要执行，请再写一次：" : "To do it, write it again: ") + answer.pagedCommand + " " +
                       plan.stillNeeded + "\n";
        confirmable = false;
    }
    answer.living = confirmable;
    answer.needs = std::move(needs);
    if (confirmable && !open.kept.empty()) command += " --kept " + open.kept;
    if (confirmable) answer.confirm = command + " --expect " + plan.expectation() + " --yes";
    answer.card = open.card;
    co_return answer;
}

/// The change is the desk's own: it goes on to its end when whoever asked is gone, with their application or their
/// connection. Its reply is stored with that end.
Task<Answered> ChangeDesk::carriedOut(Open open, access::Request request, std::shared_ptr<Claims> claims) {
    auto work = std::make_shared<UnderWay>(loop_);
    const std::string name = "change of " + open.plan.target();
    bool unheard = open.plan.restores && (open.replyTo.empty() || open.card.empty());
    bool chinese = open.caller.chinese();
    if (!tasks_.spawn(name, goOn(work, std::move(open), std::move(request), std::move(claims))))
        co_return Answered::refusing("the agent ends: nothing was done\n");
    auto ended = [work] { return work->answer.has_value(); };
    if (unheard) {
        bool done = co_await work->ended.until(ended, clock_, clock_.now() + longestWait);
        if (!done)
            co_return Answered::saying(chinese ? "仍在恢复：`audit` 显示进度\n"
                                               : "It goes on: `audit` says how far it is\n");
    }
    co_await work->ended.until(ended);
    co_return *work->answer;
}

Task<void> ChangeDesk::goOn(std::shared_ptr<UnderWay> work, Open open, access::Request request,
                            std::shared_ptr<Claims> claims) {
    struct Interruption {
        explicit Interruption(UnderWay& of) : work(of) {}
        ~Interruption() { work.end(interrupted()); }
        Interruption(const Interruption&) = delete;
        Interruption& operator=(const Interruption&) = delete;
        UnderWay& work;
    };
    Interruption interruption(*work);
    auto said = co_await carryOut(std::move(open), std::move(request), std::move(claims));
    work->end(std::move(said));
}

Task<Answered> ChangeDesk::carryOut(Open open, access::Request request, std::shared_ptr<Claims> claims) {
    if (open.plan.evictsFor) co_return co_await drain(std::move(open), std::move(request), std::move(claims));
    if (open.plan.restores) co_return co_await restore(std::move(open), std::move(request), std::move(claims));
    if (!open.plan.parts.empty())
        co_return co_await carryOutParts(std::move(open), std::move(request), std::move(claims));
    open.sentAt = clock_.now();
    auto unit = recording(entryOf(open, {}));
    unit.meta.push_back(kept(open));
    auto offers = claims->offers;
    auto meta = claims->meta;
    claims->moveInto(unit);
    auto permit = co_await gate_.permit(std::move(request), access::Permit::Extent::Change, open.plan.request.digest(),
                                        std::move(unit));
    if (!permit) {
        claims->offers = std::move(offers);  // nothing was done: the button is there for others
        claims->meta = std::move(meta);
        co_return Answered::refusing(permit.error().describe() + "\n");
    }
    open.permittedBy = permit->auditSeq();
    open.sentAt = clock_.now();
    noteAction(open, rules::Action::State::Acting, {});
    auto sent = co_await control_.changeCluster(std::move(*permit), open.plan.request);
    auto answer = co_await settled(open, std::move(sent));
    co_return co_await finish(std::move(open), std::move(answer), std::move(claims));
}

storage::MetaEntry ChangeDesk::kept(const Open& open) {
    Json json{{"verb", open.verb},
              {"incident", open.incident},
              {"identity", open.caller.identity},
              {"name", open.caller.name},
              {"chat", open.caller.chat},
              {"language", open.caller.language},
              {"via", open.caller.via},
              {"claim", open.caller.claim},
              {"departments", open.caller.membership.departments},
              {"plan", operate::toJson(open.plan)},
              {"permittedBy", open.permittedBy},
              {"sentAt", formatRfc3339(open.sentAt)},
              {"made", open.made},
              {"replyTo", open.replyTo},
              {"card", open.card}};
    if (open.approved)
        json["approved"] = {{"id", open.approved->id},
                            {"identity", open.approved->identity},
                            {"name", open.approved->name},
                            {"cluster", open.approved->cluster}};
    return {std::string(openPrefix) + open.id, dumped(json)};
}

/// An answer that was lost is found out: the change was made, or it was not.
Task<Result<std::string>> ChangeDesk::settled(const Open& open, Result<std::string> answer) {
    if (answer || !isLost(answer.error())) co_return answer;
    if (open.plan.request.isRead()) co_return answer;  // what was not read was not shown
    if (open.plan.request.isExec() && answer.error().code != ErrorCode::OutcomeUnknown) co_return answer;  // not run
    if (open.plan.request.isExec())
        co_return fail(ErrorCode::OutcomeUnknown,
                       "it is not known whether this was run, nor how it ended: " + answer.error().message,
                       open.plan.cluster);
    spdlog::warn("{}: no answer to a change of {}: {}", open.plan.cluster, open.plan.target(),
                 answer.error().describe());
    auto found = co_await foundOut(open);
    if (!found) co_return fail(std::move(found).error());
    if (found->made) co_return std::move(found->object);
    co_return answer;
}

/// The API server may still be at work on what it was sent: only later than that, an object without the change says
/// that it was not made.
Task<Result<ChangeDesk::Finding>> ChangeDesk::foundOut(const Open& open) {
    auto worked = open.sentAt + longestWork, until = clock_.now() + longestDoubt;
    for (;;) {
        auto evidence = co_await control_.askCluster(open.caller, open.plan.cluster, open.plan.evidence, asJson);
        auto now = clock_.now();
        if (operate::isApplied(open.plan, evidence)) co_return Finding{true, evidence.value_or("")};
        bool known = evidence || evidence.error().code == ErrorCode::NotFound;
        if (known && now >= worked) co_return Finding();
        if (!known && now >= until)
            co_return fail(ErrorCode::OutcomeUnknown,
                           "it is not known whether this was done: " + evidence.error().message, open.plan.cluster,
                           "look at the object before you do it again");
        co_await clock_.sleepFor(lookEvery);
    }
}

Task<Answered> ChangeDesk::finish(Open open, Result<std::string> answer, std::shared_ptr<Claims> claims) {
    storage::UnitOfWork end;
    bool chinese = open.caller.chinese();
    auto said = answer ? Answered::saying((chinese ? "已执行：" : "Done: ") + open.plan.summary + "\n")
                       : Answered::refusing(open.plan.summary);
    said.settles = true;
    said.became = answer ? Became::Done : Became::Failed;
    said.card = open.card;
    said.pagedCommand = open.plan.summary;
    if (!answer) {
        auto why = maskSecrets(operate::explained(open.plan, answer.error()).describe());
        said.text += (chinese ? "：失败：" : ": failed: ") + why + "\n";
        bool unknown = answer.error().code == ErrorCode::OutcomeUnknown;
        if (unknown) said.became = Became::Unknown;
        claims->replyIn(end, said);
        bool stored = co_await close(open, unknown ? "unknown" : "failed", why, std::move(end));
        if (!stored) claims->replied.clear();
        co_return said;
    }
    if (open.plan.request.isRead()) co_return co_await revealed(std::move(open), std::move(*answer), std::move(claims));
    if (open.plan.request.isExec()) co_return co_await ran(std::move(open), *answer, std::move(claims));
    bool comparable = open.plan.request.method == "PATCH" && !open.plan.before.empty() && open.plan.changesItself();
    if (comparable) open.differences = operate::differences(open.plan.before, *answer);
    open.differences.resize(std::min(open.differences.size(), mostDifferences));
    auto after = operate::expectationAfter(open.plan, *answer);
    if (!open.plan.undo.empty() && !after.empty()) open.plan.undo += " --expect " + after;
    said.undo = open.plan.rollout ? std::string() : open.plan.undo;
    said.living = open.plan.rollout || !said.undo.empty();
    claims->replyIn(end, said);
    if (!open.plan.rollout) {
        bool stored = co_await close(open, "done", {}, std::move(end));
        if (!stored) claims->replied.clear();
        co_return said;
    }
    auto stored = co_await followOn(std::move(open), {}, std::move(end));
    if (!stored) claims->replied.clear();
    co_return said;
}

/// What is done is recorded, and what comes of it followed, also after a restart. Whether that is durable.
Task<bool> ChangeDesk::followOn(Open open, std::string result, storage::UnitOfWork end) {
    open.made = true;
    end.audit.push_back(entryOf(open, "done", result));
    end.meta.push_back(kept(open));
    auto stored = co_await flush_(std::move(end));
    open.differences.clear();
    const std::string name = "rollout of " + open.plan.target();
    tasks_.spawn(name, follow(std::move(open)));
    co_return stored.has_value();
}

/// Until the Pods or machines have followed, or do not.
Task<void> ChangeDesk::follow(Open open) {
    bool chinese = open.caller.chinese();
    auto patience = operate::isCluster(open.plan) ? operate::longestClusterRollout : operate::longestRollout;
    auto until = clock_.now() + patience;
    auto tellAgainAt = clock_.now();
    auto gap = shortestGap;
    std::string shown;
    for (;;) {
        co_await clock_.sleepFor(lookEvery);
        auto looked = co_await operate::lookAtRollout(control_, open.caller, open.plan, chinese);
        bool gone = !looked && looked.error().code == ErrorCode::NotFound;
        bool denied = !looked && looked.error().code == ErrorCode::PermissionDenied;  // a grant has ended meanwhile
        auto status = looked ? *looked : operate::RolloutStatus();
        if (gone || denied) status.text = looked.error().describe();
        bool late = clock_.now() >= until;
        bool ended = gone || denied || late || status.state != operate::RolloutStatus::State::Moving;
        bool good = status.state == operate::RolloutStatus::State::Complete;
        if (late && !gone && !denied && !good)
            status.text += fmt::format(fmt::runtime(chinese ? "；{} 后不再跟踪" : "; not followed after {}"),
                                       formatDuration(patience));
        if (good && !open.plan.registers.empty()) status.text += registered(open.plan, chinese);
        bool news = looked && status.text != shown && clock_.now() >= tellAgainAt;
        if (ended || news) {
            shown = status.text;
            tellAgainAt = clock_.now() + gap;
            gap = std::min(2 * gap, longestGap);
            auto said = good || !ended ? Answered::saying({}) : Answered::refusing({});
            said.text = open.plan.summary + "\n" + (ended ? good ? "✅ " : "❌ " : "⏳ ") + status.text + "\n";
            said.undo = ended ? open.plan.undo : std::string();
            said.pagedCommand = open.plan.summary;
            said.card = open.card;
            said.progresses = !ended;
            tell(open, said);
        }
        if (!ended) continue;
        auto decision = good ? "completed" : denied ? "unknown" : "failed";
        if (!open.watches) co_await close(open, decision, status.text);
        co_return;
    }
}

/// The new cluster is one of those that are watched, by the kubeconfig that Cluster API has written; what came of that.
std::string ChangeDesk::registered(const operate::Plan& plan, bool chinese) {
    kube::ClusterSource source;
    source.name = plan.registers;
    source.secret = kube::SecretReference{plan.cluster, plan.ns, plan.name + "-kubeconfig", "value"};
    if (auto added = control_.addCluster(source); !added)
        return (chinese ? "；未能加入监控：" : "; it is not watched: ") + added.error().describe();
    return fmt::format(fmt::runtime(chinese ? "；已作为 {} 加入监控" : "; watched as {} from now on"), plan.registers);
}

/// Its end in the audit log and on the card of the incident; whether that is durable.
Task<bool> ChangeDesk::close(const Open& open, std::string_view decision, std::string result,
                             storage::UnitOfWork with) {
    with.audit.push_back(entryOf(open, decision, result));
    with.meta.push_back({std::string(openPrefix) + open.id, {}});
    bool good = decision == "done" || decision == "completed";
    noteAction(open, good ? rules::Action::State::Done : rules::Action::State::Failed, std::move(result));
    auto stored = co_await flush_(std::move(with));
    co_return stored.has_value();
}

void ChangeDesk::noteAction(const Open& open, rules::Action::State state, std::string result) {
    if (open.incident.empty()) return;
    rules::Action action;
    action.id = open.id;
    action.mark = {open.caller.shownName(), open.sentAt, {}};
    action.what = open.plan.summary;
    action.state = state;
    action.result = std::move(result);
    noteAction_(open.incident, action);
}

void ChangeDesk::tell(const Open& open, const Answered& answer) const {
    if (!open.replyTo.empty() && !answer.card.empty()) tell_(open.replyTo, answer);
}

void ChangeDesk::resume(const std::map<std::string, std::string, std::less<>>& meta) {
    for (auto entry = meta.lower_bound(openPrefix); entry != meta.end() && entry->first.starts_with(openPrefix);
         ++entry) {
        auto json = Json::parse(entry->second, nullptr, false);
        auto text = [&](const char* name) { return textAt(json, name); };
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
        open.caller.via = text("via");
        open.caller.claim = text("claim");
        open.caller.membership.departments = textsAt(json, "departments");
        open.plan = std::move(*plan);
        open.sentAt = parseRfc3339(text("sentAt")).value_or(clock_.now());
        open.replyTo = text("replyTo");
        open.card = text("card");
        open.permittedBy = integerAt(json, "permittedBy").value_or(0);
        open.made = flagAt(json, "made", false);
        const auto& approved = at(json, "approved");
        if (approved.is_object())
            open.approved = Approved{textAt(approved, "id"), textAt(approved, "identity"), textAt(approved, "name"),
                                     textAt(approved, "cluster")};
        const std::string name = "change of " + open.plan.target();
        auto progress = meta.find(restoreKey(open.id));
        if (open.plan.restores)
            tasks_.spawn(name, resumeRestore(std::move(open), progress == meta.end() ? "" : progress->second));
        else
            tasks_.spawn(name, resumeOne(std::move(open)));
    }
}

Task<void> ChangeDesk::resumeOne(Open open) {
    if (open.plan.evictsFor) co_return co_await resumeDrain(std::move(open));
    if (open.made) co_return co_await follow(std::move(open));
    if (!open.plan.parts.empty()) co_return co_await resumeParts(std::move(open));
    Result<std::string> answer = std::string();
    Result<Finding> found = Finding();
    if (open.plan.request.isExec())
        found = fail(ErrorCode::OutcomeUnknown, "Klaw ended while this ran: it is not known how it ended");
    else if (open.plan.request.isRead())
        found = fail(ErrorCode::OutcomeUnknown, "Klaw ended meanwhile: if a private message came, it is taken back");
    else
        found = co_await foundOut(open);
    if (!found)
        answer = fail(std::move(found).error());
    else if (!found->made)
        answer = fail(ErrorCode::Cancelled, "Klaw ended before this was done; nothing was changed", {},
                      "ask for it again if it is still meant");
    else
        answer = std::move(found->object);
    auto asker = open;
    auto said = co_await finish(std::move(open), std::move(answer), std::make_shared<Claims>());
    tell(asker, said);
}

}  // namespace klaw::app
