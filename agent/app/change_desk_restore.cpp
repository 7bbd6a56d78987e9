// The objects of an archive, one after the other: each is looked at, permitted, recorded and reported by itself.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/app/change_desk.hpp"
#include "agent/app/change_records.hpp"
#include "agent/app/restore_under_way.hpp"
#include "agent/backup/answered_status.hpp"
#include "agent/operate/guard.hpp"
#include "agent/operate/impact.hpp"
#include "agent/operate/plan_outcome.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::app {
namespace {

using operate::RestoreStep;
using operate::RestoreTally;
using Outcome = RestoreTally::Outcome;

constexpr auto asJson = "application/json";
constexpr Duration lookEvery = 500ms, definitionTakes = 30s, leavingTakes = 1min;
constexpr int mostAttempts = 5;
constexpr Duration firstPatience = 1s, longestPatience = 30s;
/// Between two words about it, the longer the more were said: each is a call of the month's.
constexpr Duration shortestGap = 2s, longestGap = 1min;
constexpr auto definitions = "customresourcedefinitions.apiextensions.k8s.io";

bool isEstablished(const std::string& object) {
    auto json = parsedJson<nlohmann::json>(object);
    for (const auto& condition : at(at(json, "status"), "conditions"))
        if (textAt(condition, "type") == "Established" && textAt(condition, "status") == "True") return true;
    return false;
}

bool mayPass(const Error& error) {
    constexpr int tooMany = 429, away = 503;
    auto status = backup::answeredStatus(error);
    bool unanswered = status == 0 && (error.code == ErrorCode::Unavailable || error.code == ErrorCode::OutcomeUnknown ||
                                      error.code == ErrorCode::DeadlineExceeded);
    return unanswered || status == tooMany || status == away;
}

std::string ownersText(const std::vector<std::string>& lost) {
    std::string text;
    for (const auto& owner : lost) text += (text.empty() ? "without its owner " : ", ") + owner;
    return text;
}

}  // namespace

std::string ChangeDesk::restoreKey(const std::string& id) {
    return "restore:" + id;
}

ChangeDesk::Open ChangeDesk::objectOf(const Open& open, operate::Plan part) {
    Open one;
    one.id = open.id;
    one.verb = open.verb;
    one.command = open.command;
    one.caller = open.caller;
    one.approved = open.approved;
    one.plan = std::move(part);
    return one;
}

Task<Answered> ChangeDesk::restore(Open open, access::Request request, std::shared_ptr<Claims> claims) {
    open.sentAt = clock_.now();
    auto opened = co_await openRestore(open);
    if (!opened) co_return co_await refused(open, "refused", opened.error().describe());
    auto stay = co_await namespacesStay(open);
    if (!stay) co_return co_await refused(open, "refused", stay.error().describe());
    if (open.plan.restores->conflict == backup::Conflict::Fail) {
        std::string text;
        bool fine = co_await tryRestore(open, request, Trial::LookAtAll, text);
        if (!fine) co_return co_await refused(open, "refused", std::move(text));
    }
    auto stored = co_await begin(open, claims);
    if (!stored) co_return Answered::refusing(stored.error().describe() + "\n");
    noteAction(open, rules::Action::State::Acting, {});
    auto work = *opened;
    auto tellAgainAt = clock_.now() + shortestGap;
    auto gap = shortestGap;
    for (;;) {
        auto next = co_await work->source.next();
        if (!next) work->stopped = next.error().describe();
        bool more = next && next->has_value() && work->stopped.empty();
        if (!more) break;
        auto item = std::move(**next);
        co_await restoreOne(open, request, work, std::move(item));
        if (clock_.now() < tellAgainAt) continue;
        tellAgainAt = clock_.now() + gap;
        gap = std::min(2 * gap, longestGap);
        tell(open, shownRestore(open, *work, "⏳"));
    }
    co_await adoptOrphans(open, request, work);
    bool good = work->tally.good() && work->stopped.empty();
    auto said = shownRestore(open, *work, good ? "✅" : "❌");
    said.settles = true;
    storage::UnitOfWork end;
    end.audit = std::move(work->unrecorded);
    end.meta.push_back({restoreKey(open.id), {}});
    claims->replyIn(end, said);
    bool durable = co_await close(open, good ? "completed" : "failed", said.text, std::move(end));
    if (!durable) claims->replied.clear();
    co_return said;
}

Answered ChangeDesk::shownRestore(const Open& open, const Restore& work, std::string_view sign) {
    bool chinese = open.caller.chinese();
    auto said = sign == "❌" ? Answered::refusing({}) : Answered::saying({});
    bool moving = sign == "⏳";
    said.text = open.plan.summary + "\n" + std::string(sign) + " " + work.tally.text(chinese, true) + "\n";
    if (!moving) said.text += work.tally.lines(chinese);
    if (!work.stopped.empty())
        said.text += (chinese ? "已停止：" : "Stopped: ") + work.stopped + "\n" + continuationText(open);
    said.pagedCommand = open.plan.summary;
    said.card = open.card;
    said.progresses = said.living = moving;
    said.became = moving ? Became::Goes : said.ok ? Became::Done : Became::Failed;
    return said;
}

std::string ChangeDesk::continuationText(const Open& open) {
    const auto& options = *open.plan.restores;
    std::string namespaces, only;
    for (const auto& [from, to] : options.namespaces)
        namespaces += (namespaces.empty() ? " -n " : ",") + from + (from == to ? "" : "=" + to);
    for (const auto& kind : options.only) only += (only.empty() ? " --only " : ",") + kind;
    std::string conflict = options.conflict == backup::Conflict::Overwrite ? " --conflict overwrite" : "";
    if (options.unknownToo) conflict += " --unknown-archive";
    return std::string(open.caller.chinese() ? "继续：" : "To go on: ") + "cluster restore " + options.archive +
           namespaces + only + conflict + " --cluster " + open.plan.cluster + "\n";
}

/// What the cluster is too busy for, or loses, is tried again.
Task<void> ChangeDesk::restoreOne(const Open& open, access::Request request, std::shared_ptr<Restore> work,
                                  backup::RestoreItem item) {
    auto patience = firstPatience;
    for (int attempt = 1;; ++attempt) {
        auto tried = co_await restoreOnce(open, request, work, item);
        if (tried) co_return;
        const auto& error = tried.error();
        if (attempt == mostAttempts) {
            work->tally.add(item.title(), Outcome::Failed, error.describe());
            bool answered = backup::answeredStatus(error) > 0;
            if (!answered) work->stopped = "the cluster does not answer: " + error.message;
            co_return;
        }
        auto wait = std::min(std::max(error.retry.after, patience), longestPatience);
        patience *= 2;
        co_await clock_.sleepFor(wait);
    }
}

Task<Result<operate::RestoreStep>> ChangeDesk::awaitedStep(const Open& open, std::shared_ptr<Restore> work,
                                                           backup::RestoreItem item) {
    auto until = clock_.now() + leavingTakes;
    for (;;) {
        auto step = co_await operate::restoreStepOf(control_, open.caller, open.plan.cluster, item, work->uids);
        bool leaves = step && step->state == RestoreStep::State::Leaving && clock_.now() < until;
        if (!leaves) co_return step;
        co_await clock_.sleepFor(lookEvery);
    }
}

/// What is in a namespace that this restore has made, controllers have put there.
bool ChangeDesk::overwrites(const Open& open, const Restore& work, const backup::RestoreItem& item) {
    bool ownNamespace = !item.ns.empty() && work.missingNamespaces.contains(item.ns);
    return ownNamespace || open.plan.restores->overwrites(item.kind);
}

Task<Result<void>> ChangeDesk::restoreOnce(const Open& open, access::Request request, std::shared_ptr<Restore> work,
                                           backup::RestoreItem item) {
    auto title = item.title();
    auto step = co_await awaitedStep(open, work, item);
    if (!step && mayPass(step.error())) co_return fail(std::move(step).error());
    if (!step) {
        work->tally.add(title, Outcome::Failed, step.error().describe());
        if (step.error().code == ErrorCode::Cancelled) work->stopped = step.error().message;
        co_return Result<void>();
    }
    if (!step->uid.empty() && !item.uid.empty()) work->uids[item.uid] = step->uid;
    if (step->state == RestoreStep::State::NotRestored) {
        work->tally.add(title, Outcome::NotRestored, step->why);
    } else if (step->state == RestoreStep::State::Leaving) {
        work->tally.add(title, Outcome::Failed, step->why + ", and has not gone");
    } else if (step->state == RestoreStep::State::Same) {
        work->tally.add(title, Outcome::Same);
        if (step->lacksOwners) keepOrphan(*work, *step, item.owners);  // of a restore that was interrupted
        bool definition = item.kind.resource() == definitions;
        if (definition) co_await awaitDefinition(open, step->part.path);
    } else if (step->state == RestoreStep::State::Different && !overwrites(open, *work, item)) {
        work->tally.add(title, Outcome::Skipped);
    } else {
        co_return co_await sendOne(open, std::move(request), work, std::move(item), std::move(*step));
    }
    co_return Result<void>();
}

Task<Result<void>> ChangeDesk::sendOne(const Open& open, access::Request request, std::shared_ptr<Restore> work,
                                       backup::RestoreItem item, operate::RestoreStep step) {
    auto title = item.title();
    auto outcome = step.state == RestoreStep::State::Create ? Outcome::Created : Outcome::Overwritten;
    auto part = objectOf(open, step.part);
    auto own = requestOf(part, request);
    if (!control_.limits().empty()) {
        auto within = co_await operate::guarded(control_, open.caller, part.plan, operate::impactOf(part.plan));
        if (!within) {
            work->tally.add(title, Outcome::Failed, within.error().describe());
            co_return Result<void>();
        }
    }
    auto answer = co_await sendRestored(part, own, work);
    // The API server serves a kind a moment after its definition is there, and fills a namespace after it is made.
    auto until = clock_.now() + definitionTakes;
    bool newKind = work->missingKinds.contains(item.kind.resource());
    while (!answer && newKind && answer.error().code == ErrorCode::NotFound && clock_.now() < until) {
        co_await clock_.sleepFor(lookEvery);
        answer = co_await sendRestored(part, own, work);
    }
    auto why = answer ? ownersText(step.lostOwners) : operate::explained(part.plan, answer.error()).describe();
    bool unknown = !answer && answer.error().code == ErrorCode::OutcomeUnknown;
    if (part.permittedBy > 0)
        work->unrecorded.push_back(entryOf(part, answer ? "done" : unknown ? "unknown" : "failed", why));
    bool raced = !answer && answer.error().code == ErrorCode::Conflict && outcome == Outcome::Created &&
                 !std::exchange(work->raced, true);
    if (raced) {  // somebody else has made it meanwhile: it is decided again
        auto again = co_await restoreOnce(open, std::move(request), work, std::move(item));
        work->raced = false;
        co_return again;
    }
    if (!answer && mayPass(answer.error())) co_return fail(std::move(answer).error());
    if (!answer) {
        work->tally.add(title, Outcome::Failed, why);
        if (answer.error().code == ErrorCode::Cancelled) work->stopped = answer.error().message;
        co_return Result<void>();
    }
    work->tally.add(title, outcome, why);
    if (outcome == Outcome::Created) noteMissing(*work, item);
    auto uid = textAt(at(parsedJson<nlohmann::json>(*answer), "metadata"), "uid");
    if (!item.uid.empty() && !uid.empty()) work->uids[item.uid] = uid;
    step.uid = std::move(uid);
    if (!step.lostOwners.empty()) keepOrphan(*work, std::move(step), std::move(item.owners));
    bool definition = item.kind.resource() == definitions;
    if (definition) co_await awaitDefinition(open, part.plan.path);
    co_return Result<void>();
}

void ChangeDesk::keepOrphan(Restore& work, operate::RestoreStep step, nlohmann::json owners) {
    constexpr std::size_t mostOrphans = 10'000;
    if (work.orphans.size() >= mostOrphans) return;
    step.part.request.body.clear();
    step.part.before.clear();
    step.part.wanted.clear();
    work.orphans.push_back({std::move(step), std::move(owners)});
}

/// With the outcomes of those before it and how far the restore is in one transaction with its own row.
Task<Result<std::string>> ChangeDesk::sendRestored(Open& part, access::Request request, std::shared_ptr<Restore> work) {
    storage::UnitOfWork unit;
    unit.audit = std::exchange(work->unrecorded, {});
    unit.audit.push_back(entryOf(part, {}));
    unit.meta.push_back({restoreKey(part.id), work->tally.toJson()});
    request.furtherPart = work->begun;
    auto permit = co_await gate_.permit(std::move(request), access::Permit::Extent::Change, part.plan.request.digest(),
                                        std::move(unit));
    if (!permit) co_return fail(std::move(permit).error());
    work->begun = true;
    part.permittedBy = permit->auditSeq();
    part.sentAt = clock_.now();
    co_return co_await control_.changeCluster(std::move(*permit), part.plan.request);
}

Task<void> ChangeDesk::awaitDefinition(const Open& open, std::string path) {
    auto until = clock_.now() + definitionTakes;
    for (;;) {
        auto object = co_await control_.askCluster(open.caller, open.plan.cluster, path, asJson);
        bool ready = object && isEstablished(*object);
        if (ready || clock_.now() >= until) co_return;
        co_await clock_.sleepFor(lookEvery);
    }
}

/// Objects whose owners came after them are owned again.
Task<void> ChangeDesk::adoptOrphans(const Open& open, access::Request request, std::shared_ptr<Restore> work) {
    for (auto& orphan : work->orphans) {
        if (!work->stopped.empty()) co_return;
        std::vector<std::string> lost;
        auto owners = operate::linkedOwners(orphan.owners, work->uids, lost);
        if (owners.empty()) continue;
        nlohmann::json patch{{"metadata", {{"uid", orphan.step.uid}, {"ownerReferences", std::move(owners)}}}};
        auto part = objectOf(open, std::move(orphan.step.part));
        part.plan.uid = orphan.step.uid;
        part.plan.summary = "link " + part.plan.title() + " to its owners";
        part.plan.request = {"PATCH", part.plan.path, "application/merge-patch+json", patch.dump()};
        auto own = requestOf(part, request);
        auto answer = co_await sendRestored(part, std::move(own), work);
        auto why = answer ? std::string() : answer.error().describe();
        work->unrecorded.push_back(entryOf(part, answer ? "done" : "failed", why));
        if (answer)
            work->tally.explain(part.plan.title(), ownersText(lost));
        else
            work->tally.add(part.plan.title() + " (owners)", Outcome::Failed, why);
    }
}

/// How far it had come; the same command goes on from there, as what is there already is left alone.
Task<void> ChangeDesk::resumeRestore(Open open, std::string progress) {
    bool chinese = open.caller.chinese();
    auto tally = RestoreTally::fromJson(progress);
    auto said =
        Answered::refusing(open.plan.summary + "\n❌ " +
                           (chinese ? "Klaw 中途重启；此前：" : "Klaw was restarted during this; until then: ") +
                           tally.text(chinese, true) + "\n" + continuationText(open));
    said.pagedCommand = open.plan.summary;
    said.card = open.card;
    said.became = Became::Failed;
    storage::UnitOfWork end;
    end.meta.push_back({restoreKey(open.id), {}});
    co_await close(open, "interrupted", said.text, std::move(end));
    spdlog::warn("{}", said.text);
    tell(open, said);
}

}  // namespace klaw::app
