// Evicting the Pods of a node until all are gone, or time is up.
#include "agent/app/change_records.hpp"
#include "agent/app/change_under_way.hpp"
#include "agent/operate/plan_outcome.hpp"

namespace klaw::app {
namespace {

constexpr auto asMetadata = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
constexpr Duration lookEvery = 1s;
/// Between two words about it, the longer the more were said: each is a call of the month's.
constexpr Duration shortestGap = 1s, longestGap = 1min;
/// Whoever has no card to look at waits no longer for the end.
constexpr Duration longestWait = 45s;
/// After a restart: for an answer of the API server, and for Pods that are about to go.
constexpr Duration longestDoubt = 2min;

}  // namespace

Answered ChangeDesk::shownEviction(const Open& open, std::string_view sign, const std::string& text) {
    auto said = sign == "❌" ? Answered::refusing({}) : Answered::saying({});
    said.text = open.plan.summary + "\n" + std::string(sign) + " " + text + "\n";
    said.pagedCommand = open.plan.summary;
    said.card = open.card;
    said.progresses = sign == "⏳";
    said.became = said.progresses ? Became::Goes : said.ok ? Became::Done : Became::Failed;
    said.living = said.progresses;
    if (!said.progresses) said.undo = open.plan.undo;
    said.living = said.living || !said.undo.empty();
    return said;
}

Task<Answered> ChangeDesk::drain(Open open, access::Request request, std::shared_ptr<Claims> claims) {
    open.sentAt = clock_.now();
    if (!open.plan.changesItself()) {
        open.made = true;
        auto begun = co_await begin(open, claims);
        if (!begun) co_return Answered::refusing(begun.error().describe() + "\n");
        noteAction(open, rules::Action::State::Acting, {});
        Result<std::string> none = std::string();
        co_return co_await drained(std::move(open), std::move(request), std::move(none), std::move(claims));
    }
    auto unit = recording(entryOf(open, {}));
    unit.meta.push_back(kept(open));
    auto offers = claims->offers;
    auto meta = claims->meta;
    claims->moveInto(unit);
    auto permit =
        co_await gate_.permit(request, access::Permit::Extent::Change, open.plan.request.digest(), std::move(unit));
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
    if (!answer) co_return co_await finish(std::move(open), std::move(answer), std::move(claims));
    co_return co_await drained(std::move(open), std::move(request), std::move(answer), std::move(claims));
}

/// The node is cordoned: its Pods are next.
Task<Answered> ChangeDesk::drained(Open open, access::Request request, Result<std::string> answer,
                                   std::shared_ptr<Claims> claims) {
    auto after = open.plan.changesItself() ? operate::expectationAfter(open.plan, *answer) : std::string();
    if (!open.plan.undo.empty() && !after.empty()) open.plan.undo += " --expect " + after;
    open.made = true;
    auto said = shownEviction(open, "⏳", operate::EvictionRun(open.plan).text(open.caller.chinese()));
    said.settles = true;
    storage::UnitOfWork unit;
    claims->replyIn(unit, said);
    unit.meta.push_back(kept(open));
    auto stored = co_await flush_(std::move(unit));
    if (!stored) claims->replied.clear();
    auto work = std::make_shared<UnderWay>(loop_);
    bool hears = !open.replyTo.empty() && !open.card.empty();
    const std::string name = "drain of " + open.plan.target();
    auto node = open.plan.name;
    bool chinese = open.caller.chinese();
    request.furtherPart = open.permittedBy > 0;
    tasks_.spawn(name, evictAll(work, std::move(open), std::move(request)));
    if (hears) co_return said;
    auto ended = [work] { return work->answer.has_value(); };
    co_await work->ended.until(ended, clock_, clock_.now() + longestWait);
    if (work->answer) co_return *work->answer;
    said.text += chinese ? "仍在进行：`drain " + node + " --dry-run` 显示剩余的 Pod\n"
                         : "It goes on: `drain " + node + " --dry-run` shows what is left\n";
    co_return said;
}

Task<Result<void>> ChangeDesk::lookAt(operate::EvictionRun& run, const Open& open) {
    auto pods =
        co_await control_.askCluster(open.caller, open.plan.cluster, operate::pathOfPodsOn(open.plan.name), asMetadata);
    if (!pods) co_return fail(std::move(pods).error());
    auto budgets =
        co_await control_.askCluster(open.caller, open.plan.cluster, operate::pathOfBudgets, "application/json");
    run.look(*pods, budgets, clock_.now());
    co_return Result<void>();
}

Task<void> ChangeDesk::evictDue(operate::EvictionRun& run, const Open& open, access::Request& request) {
    for (auto i : run.due(clock_.now())) {
        auto part = partOf(open, i);
        auto own = requestOf(part, request);
        auto answer = co_await send(part, std::move(own));
        request.furtherPart = request.furtherPart || part.permittedBy > 0;
        run.answered(i, answer, clock_.now());
    }
}

Task<void> ChangeDesk::recordSettled(operate::EvictionRun& run, const Open& open) {
    storage::UnitOfWork unit;
    for (const auto& settled : run.takeSettled())
        unit.audit.push_back(entryOf(partOf(open, settled.pod), settled.good ? "done" : "failed", settled.why));
    if (unit.audit.empty()) co_return;
    co_await flush_(std::move(unit));
}

Task<void> ChangeDesk::evictAll(std::shared_ptr<UnderWay> work, Open open, access::Request request) {
    operate::EvictionRun run(open.plan);
    bool chinese = open.caller.chinese();
    auto until = clock_.now() + *open.plan.evictsFor;
    auto tellAgainAt = clock_.now();
    auto gap = shortestGap;
    std::string shown;
    for (;;) {
        auto looked = co_await lookAt(run, open);
        bool denied = !looked && looked.error().code == ErrorCode::PermissionDenied;  // a grant has ended meanwhile
        if (!denied) co_await evictDue(run, open, request);
        co_await recordSettled(run, open);
        auto now = clock_.now();
        bool late = now >= until, ended = run.ended() || late || denied, good = run.good();
        auto text = run.text(chinese);
        if (!looked) text += ": " + looked.error().describe();
        if (ended && !good) {
            if (late) text += (chinese ? "；超时 " : "; not done after ") + formatDuration(*open.plan.evictsFor);
            text += chinese ? "；节点仍不可调度" : "; the node stays cordoned";
        }
        bool news = text != shown && now >= tellAgainAt;
        if (ended || news) {
            shown = text;
            tellAgainAt = now + gap;
            gap = std::min(2 * gap, longestGap);
            auto said = shownEviction(open, !ended ? "⏳" : good ? "✅" : "❌", text);
            if (ended) co_await close(open, good ? "completed" : denied ? "unknown" : "failed", text);
            tell(open, said);
            if (ended) work->end(std::move(said));
        }
        if (ended) co_return;
        co_await clock_.sleepFor(lookEvery);
    }
}

/// The Pods that are gone are gone, the others stay until somebody asks again.
Task<void> ChangeDesk::resumeDrain(Open open) {
    if (!open.made) {
        auto found = co_await foundOut(open);
        if (!found || !found->made) {
            Result<std::string> none =
                fail(ErrorCode::Cancelled, "Klaw ended before this was done; nothing was changed", {},
                     "ask for it again if it is still meant");
            if (!found) none = fail(std::move(found).error());
            auto asker = open;
            auto said = co_await finish(std::move(open), std::move(none), std::make_shared<Claims>());
            tell(asker, said);
            co_return;
        }
        auto after = operate::expectationAfter(open.plan, found->object);
        if (!after.empty()) open.plan.undo += " --expect " + after;
    }
    operate::EvictionRun run(open.plan);
    auto until = clock_.now() + longestDoubt;
    auto looked = co_await lookAt(run, open);
    while ((!looked || run.moving()) && clock_.now() < until) {
        co_await clock_.sleepFor(lookEvery);
        looked = co_await lookAt(run, open);
    }
    co_await recordSettled(run, open);
    bool chinese = open.caller.chinese(), good = looked && run.good();
    auto text = run.text(chinese);
    if (!looked) text = looked.error().describe();
    if (!good)
        text += chinese ? "；Klaw 中途重启，未继续：如仍需要，请再执行一次"
                        : "; Klaw was restarted during this and did not go on: ask for it again if it is still meant";
    co_await close(open, good ? "completed" : looked ? "failed" : "unknown", text);
    tell(open, shownEviction(open, good ? "✅" : "❌", text));
}

}  // namespace klaw::app
