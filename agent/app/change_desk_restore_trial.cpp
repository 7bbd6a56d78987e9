// What a restore would do: each object is looked at, and the API server tries some.
#include "agent/app/restore_under_way.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::app {
namespace {

using operate::RestoreStep;
using Outcome = operate::RestoreTally::Outcome;

/// What more objects would bring, the restore itself says.
constexpr std::uint64_t mostTried = 200, mostLookedAt = 5'000;
constexpr auto definitions = "customresourcedefinitions.apiextensions.k8s.io";

}  // namespace

Task<Result<std::shared_ptr<ChangeDesk::Restore>>> ChangeDesk::openRestore(const Open& open) {
    auto options = *open.plan.restores;
    auto opened = co_await control_.backups()->open(options.archive, options.unknownToo);
    if (!opened) co_return fail(std::move(opened).error());
    if (!open.plan.state.starts_with("v" + opened->summary.digest.substr(0, open.plan.state.size() - 1)))
        co_return fail(ErrorCode::Conflict, "the archive is another one now", options.archive, "nothing was done");
    auto contents = co_await backup::contentsOf(*opened, options);
    if (!contents) co_return fail(std::move(contents).error());
    co_return std::make_shared<Restore>(std::move(*opened), std::move(options), std::move(contents->resources));
}

/// Whether an object before it in the archive makes what it needs first.
bool ChangeDesk::waitsForOthers(const Restore& restore, const backup::RestoreItem& item) {
    return restore.missingNamespaces.contains(item.ns) || restore.missingKinds.contains(item.kind.resource());
}

void ChangeDesk::noteMissing(Restore& restore, const backup::RestoreItem& item) {
    if (item.kind.resource() == "namespaces") restore.missingNamespaces.insert(item.name);
    if (item.kind.resource() == definitions) restore.missingKinds.insert(item.name);
}

Task<Result<void>> ChangeDesk::namespacesStay(const Open& open) {
    std::set<std::string> targets;
    for (const auto& part : open.plan.parts)
        if (!part.ns.empty()) targets.insert(part.ns);
    for (const auto& ns : targets) {
        auto body = co_await control_.askCluster(open.caller, open.plan.cluster, "/api/v1/namespaces/" + ns,
                                                 "application/json");
        auto json = parsedJson<nlohmann::json>(body.value_or(""));
        bool leaves = !textAt(at(json, "metadata"), "deletionTimestamp").empty();
        if (leaves)
            co_return fail(ErrorCode::Conflict, "the namespace " + ns + " is being deleted", open.plan.cluster,
                           "nothing was done; try again when it has gone");
    }
    co_return Result<void>();
}

Task<bool> ChangeDesk::tryRestore(const Open& open, access::Request request, Trial trial, std::string& text) {
    bool chinese = open.caller.chinese();
    auto restore = co_await openRestore(open);
    if (!restore) {
        text = restore.error().describe() + "\n";
        co_return false;
    }
    auto& work = **restore;
    bool strict = open.plan.restores->conflict == backup::Conflict::Fail, cut = false;
    std::uint64_t tried = 0, unreadable = 0;
    for (;;) {
        auto next = co_await work.source.next();
        if (!next) {
            text = next.error().describe() + "\n";
            co_return false;
        }
        cut = next->has_value() && trial == Trial::Sample && work.tally.total() >= mostLookedAt;
        bool more = next->has_value() && !cut;
        if (!more) break;
        auto title = (**next).title();
        auto item = std::move(**next);
        bool waits = waitsForOthers(work, item);
        auto step = co_await operate::restoreStepOf(control_, open.caller, open.plan.cluster, item, work.uids);
        bool isKnown = step && step->state != RestoreStep::State::Leaving;
        if (!isKnown) {
            ++unreadable;
            work.tally.add(title, Outcome::Failed, step ? step->why : step.error().describe());
            continue;
        }
        bool overwritten = step->state == RestoreStep::State::Different && overwrites(open, work, item);
        bool sends = step->state == RestoreStep::State::Create || overwritten;
        if (!sends) {
            auto outcome = step->state == RestoreStep::State::Same        ? Outcome::Same
                           : step->state == RestoreStep::State::Different ? Outcome::Skipped
                                                                          : Outcome::NotRestored;
            work.tally.add(title, outcome, step->why);
            continue;
        }
        auto outcome = step->state == RestoreStep::State::Create ? Outcome::Created : Outcome::Overwritten;
        if (outcome == Outcome::Created) noteMissing(work, item);
        if (waits) {
            work.tally.add(title, Outcome::Waits);
            continue;
        }
        if (++tried > mostTried || trial == Trial::LookAtAll) {
            work.tally.add(title, outcome);
            continue;
        }
        auto part = objectOf(open, std::move(step->part));
        auto own = requestOf(part, request);
        auto answer = co_await tryOut(part, std::move(own));
        if (answer)
            work.tally.add(title, outcome);
        else
            work.tally.add(title, Outcome::Failed, answer.error().message.substr(0, answer.error().message.find('\n')));
    }
    text = work.tally.text(chinese, false) + "\n" + work.tally.lines(chinese);
    if (cut) text += chinese ? "仅查看了前 5000 个对象\n" : "Only the first 5,000 objects were looked at\n";
    bool conflicts = strict && work.tally.count(Outcome::Skipped) + unreadable > 0;
    if (conflicts)
        text +=
            chinese
                ? "有对象已存在且不同，或无法查看：不恢复任何对象（--conflict fail）\n"
                : "There are objects that differ, or that cannot be looked at: nothing is restored (--conflict fail)\n";
    co_return !conflicts;
}

}  // namespace klaw::app
