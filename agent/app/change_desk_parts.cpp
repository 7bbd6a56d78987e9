// Changes of several objects as one: each is tried, permitted, recorded and found out by itself.
#include "agent/app/change_records.hpp"
#include "agent/app/change_under_way.hpp"
#include "agent/operate/impact.hpp"
#include "agent/operate/object_difference.hpp"
#include "agent/operate/object_text.hpp"
#include "agent/operate/plan_outcome.hpp"
#include "base/text/secrets.hpp"

namespace klaw::app {
namespace {

constexpr std::size_t mostLines = 40;

/// What the trial of one change says of it.
std::string trialText(const operate::Plan& plan, const std::string& tried, std::string_view before, bool chinese) {
    std::string text;
    if (!plan.wanted.empty()) {
        auto whole = operate::describeObject(plan.wanted);
        std::size_t lines = 0, from = 0;
        for (; from < whole.size() && lines < mostLines; ++lines) {
            auto end = std::min(whole.find('\n', from), whole.size());
            text.append(before).append(whole, from, end - from).append("\n");
            from = end + 1;
        }
        if (from < whole.size()) text.append(before).append("…\n");
        return text;
    }
    if (plan.request.method != "PATCH") return text;
    addLines(text, operate::differences(plan.before, tried), before);
    if (text.empty()) text.append(before).append(chinese ? "没有变化\n" : "it stays as it is\n");
    return text;
}

/// A namespace that a change before makes: what comes into it cannot be tried.
bool awaitsNamespace(const operate::Plan& plan, std::size_t part) {
    const auto& wanted = plan.parts[part];
    for (std::size_t i = 0; i < part; ++i) {
        const auto& earlier = plan.parts[i];
        if (!wanted.ns.empty() && earlier.kind == "Namespace" && earlier.uid.empty() && earlier.name == wanted.ns)
            return true;
    }
    return false;
}

}  // namespace

ChangeDesk::Open ChangeDesk::partOf(const Open& open, std::size_t part) {
    Open one;  // without the plans of all others
    one.id = open.id;
    one.verb = open.verb;
    one.command = open.command;
    one.incident = open.incident;
    one.caller = open.caller;
    one.sentAt = open.sentAt;
    one.replyTo = open.replyTo;
    one.card = open.card;
    one.approved = open.approved;
    one.plan = open.plan.parts[part];
    return one;
}

/// Whoever was given the one word `apply` or `delete` has not been given what changes who may do what, nor namespaces.
access::Request ChangeDesk::requestOf(const Open& part, access::Request whole) {
    const auto& permission = part.plan.permission;
    if (!permission.empty()) whole.permission = permission;
    whole.command = whole.verb = part.verb;
    if (permission == "access" || permission == "namespaces") whole.verb += " " + permission;
    whole.replicas = operate::impactOf(part.plan).replicas;
    whole.place = access::placeOfPath(part.plan.cluster, part.plan.path);
    return whole;
}

std::optional<std::string> ChangeDesk::deniedPart(const Open& open, const access::Request& request) const {
    for (const auto& need : open.plan.needs) {
        auto own = request;
        own.permission = need.permission;
        own.reads = need.reads;
        own.place = access::Place{need.cluster, need.ns, {}, {}, true};
        auto decision = gate_.decide(own);
        if (!decision.allowed) return decision.reason;
    }
    for (std::size_t i = 0; i < open.plan.parts.size(); ++i) {
        auto decision = gate_.decide(requestOf(partOf(open, i), request));
        if (!decision.allowed) return decision.reason;
    }
    return std::nullopt;
}

Task<bool> ChangeDesk::tryParts(const Open& open, access::Request request, std::string& text) {
    if (open.plan.restores) co_return co_await tryRestore(open, std::move(request), Trial::Sample, text);
    bool chinese = open.caller.chinese(), fine = true;
    if (open.plan.changesItself()) {
        auto tried = co_await tryOut(open, request);
        if (!tried) {
            text = tried.error().message;
            co_return false;
        }
        text += trialText(open.plan, *tried, "  ", chinese);
    }
    // Budgets let one Pod after the other go: what a trial says of each alone says nothing of all.
    if (open.plan.evictsFor) co_return true;
    for (std::size_t i = 0; i < open.plan.parts.size(); ++i) {
        auto part = partOf(open, i);
        auto title = part.plan.title();
        if (awaitsNamespace(open.plan, i)) {
            text += title + (chinese ? "：其命名空间创建后才能试运行\n"
                                     : ": it can be tried only when its namespace is there\n");
            continue;
        }
        auto own = requestOf(part, request);
        auto tried = co_await tryOut(part, std::move(own));
        text += tried ? title + "\n" + trialText(part.plan, *tried, "  ", chinese) : "❌ " + tried.error().message;
        fine = fine && tried.has_value();
    }
    co_return fine;
}

/// Before the first of them is sent.
Task<Result<void>> ChangeDesk::begin(const Open& open, std::shared_ptr<Claims> claims) {
    auto unit = recording(entryOf(open, "begun"));
    unit.meta.push_back(kept(open));
    auto offers = claims->offers;
    auto inbound = claims->inbound;
    auto meta = claims->meta;
    claims->moveInto(unit);
    auto stored = co_await flush_(std::move(unit));
    if (stored && !stored->auditSeqs.empty()) co_return Result<void>();
    claims->offers = std::move(offers);
    claims->inbound = std::move(inbound);
    claims->meta = std::move(meta);
    co_return fail(ErrorCode::Unavailable, "what is to be done cannot be written to the audit log", {},
                   "nothing was done; see /readyz for what is wrong with the storage");
}

Task<Result<std::string>> ChangeDesk::send(Open& part, access::Request request) {
    auto unit = recording(entryOf(part, {}));
    auto permit = co_await gate_.permit(std::move(request), access::Permit::Extent::Change, part.plan.request.digest(),
                                        std::move(unit));
    if (!permit) co_return fail(std::move(permit).error());
    part.permittedBy = permit->auditSeq();
    part.sentAt = clock_.now();
    co_return co_await control_.changeCluster(std::move(*permit), part.plan.request);
}

/// One of them, with its outcome in the audit log.
Task<Result<std::string>> ChangeDesk::makePart(Open& part, access::Request request) {
    auto sent = co_await send(part, std::move(request));
    bool permitted = part.permittedBy > 0;
    if (!permitted) co_return sent;
    auto answer = co_await settled(part, std::move(sent));
    if (!answer) answer = fail(operate::explained(part.plan, std::move(answer).error()));
    if (answer && !part.plan.before.empty()) part.differences = operate::differences(part.plan.before, *answer);
    constexpr std::size_t mostDifferences = 20;
    part.differences.resize(std::min(part.differences.size(), mostDifferences));
    bool unknown = !answer && answer.error().code == ErrorCode::OutcomeUnknown;
    auto why = answer ? std::string() : answer.error().describe();
    auto unit = recording(entryOf(part, answer ? "done" : unknown ? "unknown" : "failed", why));
    co_await flush_(std::move(unit));
    co_return answer;
}

Task<Answered> ChangeDesk::carryOutParts(Open open, access::Request request, std::shared_ptr<Claims> claims) {
    open.sentAt = clock_.now();
    auto stored = co_await begin(open, claims);
    if (!stored) co_return Answered::refusing(stored.error().describe() + "\n");
    noteAction(open, rules::Action::State::Acting, {});
    std::vector<Result<std::string>> outcomes;
    bool begun = false;
    std::string stopped;
    for (std::size_t i = 0; i < open.plan.parts.size(); ++i) {
        if (!stopped.empty()) {
            outcomes.push_back(fail(ErrorCode::Unavailable, stopped));
            continue;
        }
        auto part = partOf(open, i);
        auto own = requestOf(part, request);
        own.furtherPart = begun;
        auto outcome = co_await makePart(part, std::move(own));
        bool permitted = part.permittedBy > 0;
        begun = begun || permitted;
        if (!permitted)
            stopped = "not sent, as the one before it is not permitted";
        else if (!outcome && isLost(outcome.error()))
            stopped = "not sent, as the cluster does not answer";
        outcomes.push_back(std::move(outcome));
    }
    co_return co_await endParts(std::move(open), std::move(outcomes), std::move(claims));
}

Task<Answered> ChangeDesk::endParts(Open open, std::vector<Result<std::string>> outcomes,
                                    std::shared_ptr<Claims> claims) {
    bool chinese = open.caller.chinese();
    std::size_t good = 0;
    std::string lines;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
        good += outcomes[i].has_value();
        lines += (outcomes[i] ? "✅ " : "❌ ") + open.plan.parts[i].title() +
                 (outcomes[i] ? std::string() : ": " + maskSecrets(outcomes[i].error().describe())) + "\n";
    }
    bool all = good == outcomes.size();
    auto count = std::to_string(good) + "/" + std::to_string(outcomes.size());
    auto head = all ? (chinese ? "已执行：" : "Done: ")
                    : (chinese ? "部分失败（" : "Only ") + count + (chinese ? "）：" : ": ");
    auto said = all ? Answered::saying({}) : Answered::refusing({});
    said.text = head + open.plan.summary + "\n" + lines;
    said.settles = true;
    said.became = all ? Became::Done : Became::Failed;
    said.card = open.card;
    said.pagedCommand = open.plan.summary;
    storage::UnitOfWork end;
    claims->replyIn(end, said);
    said.living = all && open.plan.rollout;
    auto result = count + "\n" + lines;
    bool stored = said.living ? co_await followOn(std::move(open), std::move(result), std::move(end))
                              : co_await close(open, all ? "done" : "failed", std::move(result), std::move(end));
    if (!stored) claims->replied.clear();
    co_return said;
}

/// What had been made of them, by the objects as they are.
Task<void> ChangeDesk::resumeParts(Open open) {
    std::vector<Result<std::string>> outcomes;
    for (std::size_t i = 0; i < open.plan.parts.size(); ++i) {
        auto part = partOf(open, i);
        auto found = co_await foundOut(part);
        if (!found)
            outcomes.push_back(fail(std::move(found).error()));
        else if (found->made)
            outcomes.push_back(std::move(found->object));
        else
            outcomes.push_back(fail(ErrorCode::Cancelled, "Klaw ended before this was done", {}, "ask for it again"));
    }
    auto asker = open;
    auto said = co_await endParts(std::move(open), std::move(outcomes), std::make_shared<Claims>());
    tell(asker, said);
}

}  // namespace klaw::app
