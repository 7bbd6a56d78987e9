#include "agent/app/approval_desk.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "agent/app/change_records.hpp"
#include "base/async/loop_condition.hpp"
#include "base/text/secrets.hpp"
#include "base/text/utf8.hpp"
#include "notifiers/words.hpp"

namespace klaw::app {
namespace {

using access::Approval;

/// Of one person: more would hide what matters from those who decide.
constexpr std::size_t mostWaiting = 20;
constexpr std::size_t longestRecord = 1000;

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
}

bool waits(const Approval& approval) {
    return approval.state == Approval::State::Waiting;
}

/// "approved by Han at 2026-11-26T10:00:00Z"
std::string decidedText(const Approval& approval, bool chinese) {
    auto at = formatRfc3339(std::chrono::floor<std::chrono::seconds>(approval.decidedAt));
    auto by = [&](const char* en, const char* zh) {
        return fmt::format(fmt::runtime(chinese ? zh : en), approval.decidedBy, at);
    };
    switch (approval.state) {
        case Approval::State::Approved:
            return by("approved by {} at {}", "{} 已于 {} 批准");
        case Approval::State::Refused:
            return by("refused by {} at {}", "{} 已于 {} 拒绝");
        case Approval::State::Withdrawn:
            return by("taken back by {} at {}", "{} 已于 {} 撤回");
        case Approval::State::Failed:
            return by("approved by {} at {}, but not done", "{} 已于 {} 批准，但未执行");
        case Approval::State::Expired:
            return chinese ? "已于 " + at + " 过期" : "expired at " + at;
        case Approval::State::Waiting:
            break;
    }
    return chinese ? "等待批准" : "waiting";
}

}  // namespace

/// A decision that somebody waits for, or does not any more.
struct ApprovalDesk::UnderWay {
    explicit UnderWay(Loop& loop) : ended(loop) {}
    void end(Answered said) {
        if (!answer) answer = std::move(said);
        ended.notify();
    }
    std::optional<Answered> answer;
    LoopCondition ended;
};

/// While one person decides nobody else does.
struct ApprovalDesk::Deciding {
    Deciding(ApprovalDesk& of, std::string about, const std::string& who) : desk(of), id(std::move(about)) {
        desk.deciding_[id] = who;
    }
    ~Deciding() { desk.deciding_.erase(id); }
    Deciding(const Deciding&) = delete;
    Deciding& operator=(const Deciding&) = delete;
    ApprovalDesk& desk;
    std::string id;
};

ApprovalDesk::ApprovalDesk(Loop& loop, LoopClock& clock, Random& random, operate::Control& control, access::Gate& gate,
                           Flush flush, Tell tell, ChangeDesk& changes)
    : loop_(loop),
      clock_(clock),
      random_(random),
      control_(control),
      gate_(gate),
      flush_(std::move(flush)),
      tell_(std::move(tell)),
      changes_(changes),
      tasks_(loop, reportFailure) {
    changes_.setApprovals([this](Approval wanted, access::ApprovalRule rule, Asked asked) {
        return ask(std::move(wanted), std::move(rule), std::move(asked));
    });
}

storage::AuditEntry ApprovalDesk::entryOf(const Approval& approval, const std::string& identity,
                                          const std::string& name, std::string_view decision,
                                          const std::string& result) const {
    nlohmann::json detail{{"approval", approval.id},
                          {"summary", truncateUtf8(maskSecrets(approval.summary), longestRecord)},
                          {"askedBy", approval.identity}};
    if (!name.empty()) detail["name"] = name;
    if (!approval.name.empty()) detail["askedByName"] = approval.name;
    if (!approval.via.empty()) detail["via"] = approval.via;
    if (!approval.claim.empty()) detail["claim"] = approval.claim;
    if (!result.empty()) detail["result"] = truncateUtf8(maskSecrets(result), longestRecord);
    auto text = detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return {clock_.now(), identity, approval.verb, std::string(decision), approval.target, std::move(text)};
}

Answered ApprovalDesk::shown(const Approval& approval, const access::ApprovalRule* rule) const {
    bool chinese = approval.language.starts_with("zh");
    auto until = notifiers::localTime(approval.expiresAt, control_.utcOffsetMinutes());
    auto who = rule ? access::approversOf(*rule, chinese) : std::string();
    if (who.empty()) who = chinese ? "另一位有此权限的人" : "another person who may do it";
    auto answer = Answered::saying(fmt::format(
        fmt::runtime(chinese ? "等待批准：{}\n申请人：{}\n批准人：{}，{} 前有效\n批准：approve {}，拒绝：refuse {}\n"
                             : "Waits for approval: {}\nasked for by {}; to be approved by {}, until {}\n"
                               "approve {} or refuse {} decides\n"),
        approval.summary, approval.askedBy(), who, until, approval.id, approval.id));
    answer.decisions = {{chinese ? "批准" : "Approve", "approve " + approval.id},
                        {chinese ? "拒绝" : "Refuse", "refuse " + approval.id}};
    answer.pagedCommand = approval.summary;
    answer.settles = true;
    answer.became = Became::Waits;
    answer.living = true;
    answer.card = approval.card;
    return answer;
}

Task<Answered> ApprovalDesk::ask(Approval wanted, access::ApprovalRule rule, Asked asked) {
    std::size_t waiting = 0;
    for (const auto& [id, known] : book_.all()) {
        if (!waits(known) || known.identity != wanted.identity) continue;
        bool same = known.command == wanted.command && known.attachment == wanted.attachment;
        if (same) co_return shown(known, &rule);
        ++waiting;
    }
    if (waiting >= mostWaiting)
        co_return Answered::refusing(wanted.language.starts_with("zh")
                                         ? "您已有太多操作等待批准：请先撤回一些（approvals）\n"
                                         : "too much of yours waits for approval already: take some of it back "
                                           "(`approvals` lists it)\n");
    do {
        wanted.id = fmt::format("{:08x}", random_.next() >> 32);
    } while (book_.all().contains(wanted.id));
    wanted.askedAt = clock_.now();
    wanted.expiresAt = clock_.now() + rule.expires;
    auto said = shown(wanted, &rule);
    storage::UnitOfWork unit;
    unit.audit.push_back(entryOf(wanted, wanted.identity, wanted.name, "needs_approval"));
    unit.meta = book_.forgetOld(clock_.now());
    unit.meta.push_back(access::ApprovalBook::entryOf(wanted));
    auto claims = asked.claims;
    auto offers = claims->offers;
    claims->moveInto(unit);
    claims->replyIn(unit, said);
    auto stored = co_await flush_(std::move(unit));
    if (!stored) {
        claims->offers = std::move(offers);
        claims->replied.clear();
        co_return Answered::refusing(stored.error().describe() + "\n");
    }
    auto id = wanted.id;
    book_.noted(std::move(wanted));
    tasks_.spawn("approval " + id, expire(id));
    co_return said;
}

Task<Answered> ApprovalDesk::judge(const operate::Verb& verb, operate::CommandLine line, Asked asked) {
    bool approves = verb.judgement == operate::Verb::Judgement::Approve;
    auto work = std::make_shared<UnderWay>(loop_);
    if (!tasks_.spawn("decision", goOn(work, approves, std::move(line), std::move(asked))))
        co_return Answered::refusing("the agent ends: nothing was done\n");
    auto ended = [work] { return work->answer.has_value(); };
    co_await work->ended.until(ended);
    co_return *work->answer;
}

/// To its end, when whoever decided is gone as well.
Task<void> ApprovalDesk::goOn(std::shared_ptr<UnderWay> work, bool approves, operate::CommandLine line, Asked asked) {
    struct Interruption {
        explicit Interruption(UnderWay& of) : work(of) {}
        ~Interruption() { work.end(interrupted()); }
        Interruption(const Interruption&) = delete;
        Interruption& operator=(const Interruption&) = delete;
        UnderWay& work;
    };
    Interruption interruption(*work);
    auto said = co_await decide(approves, std::move(line), std::move(asked));
    work->end(std::move(said));
}

Task<Answered> ApprovalDesk::decide(bool approves, operate::CommandLine line, Asked asked) {
    const auto& caller = asked.caller;
    bool chinese = caller.chinese();
    auto found = book_.find(line.arguments.empty() ? "" : line.arguments.front());
    if (!found) co_return Answered::refusing(found.error().describe() + "\n");
    auto approval = std::move(*found);
    if (auto other = deciding_.find(approval.id); other != deciding_.end())
        co_return Answered::refusing((chinese ? "正在由以下人员处理：" : "it is being decided right now by ") +
                                     other->second + "\n");
    if (!waits(approval))
        co_return Answered::refusing(approval.summary + (chinese ? "：" : ": ") + decidedText(approval, chinese) +
                                     "\n");
    auto now = clock_.now();
    if (approval.expiresAt <= now) {
        approval.decidedAt = approval.expiresAt;
        approval.state = Approval::State::Expired;
        co_return Answered::refusing(approval.summary + (chinese ? "：" : ": ") + decidedText(approval, chinese) +
                                     "\n");
    }
    bool own = gate_.policy().samePerson(approval.identity, caller.identity);
    auto decision = !approves && own ? access::Decision{true, {}} : judged(approval, caller, approves);
    if (!decision.allowed) co_return co_await refused(approval, asked, std::move(decision.reason));
    Deciding deciding(*this, approval.id, caller.shownName());
    approval.decidedBy = caller.shownName();
    approval.decidedAt = now;
    approval.state = approves ? Approval::State::Approved : own ? Approval::State::Withdrawn : Approval::State::Refused;
    auto comment = line.option("comment").value_or("");
    auto decided = approves ? "approved" : own ? "withdrawn" : "disapproved";
    asked.claims->audit.push_back(entryOf(approval, caller.identity, caller.name, decided, comment));
    asked.claims->meta.push_back(access::ApprovalBook::entryOf(approval));
    if (approves) co_return co_await carryOut(std::move(approval), std::move(asked));
    co_return co_await turnDown(std::move(approval), std::move(asked));
}

/// Who approves must be among those who may for every part; who may for one may refuse the whole.
access::Decision ApprovalDesk::judged(const Approval& approval, const operate::Caller& caller, bool approves) const {
    access::Decision decision;
    for (const auto& part : approval.parts) {
        auto wanted = Approval::requestOf(part, approval.identity, approval.chat);
        auto mine = Approval::requestOf(part, caller.identity, caller.chat, caller.membership);
        decision = gate_.decideApproval(wanted, mine);
        if (decision.allowed != approves) break;
    }
    return decision;
}

Task<Answered> ApprovalDesk::refused(const Approval& approval, const Asked& asked, std::string why) {
    storage::UnitOfWork unit;
    unit.audit.push_back(entryOf(approval, asked.caller.identity, asked.caller.name, "denied", why));
    co_await flush_(std::move(unit));
    co_return Answered::refusing(why + "\n");
}

/// As whoever asked for it: their permission, the state of the object that they were shown, their card. The approval
/// is stored with the permit; without one nothing was done, and what waited is over.
Task<Answered> ApprovalDesk::carryOut(Approval approval, Asked asked) {
    auto line = operate::parseCommandLine(approval.command);
    const auto* verb = line ? operate::findVerb(line->verb) : nullptr;
    if (!verb || !verb->plan)  // of another version of Klaw
        co_return co_await refused(approval, asked, "this version does not know the command: " + approval.command);
    line->attachment = approval.attachment;
    auto claims = asked.claims;
    Asked again;
    again.caller.identity = approval.identity;
    again.caller.name = approval.name;
    again.caller.chat = approval.chat;
    again.caller.language = approval.language;
    again.caller.via = approval.via;
    again.caller.claim = approval.claim;
    again.caller.membership.departments = approval.departments;
    again.command = operate::withoutOption(operate::withoutOption(approval.command, "expect"), "yes");
    again.replyTo = approval.replyTo;
    again.card = approval.card;
    again.approved = Approved{approval.id, asked.caller.identity, asked.caller.name, approval.place.cluster};
    again.claims = claims;
    auto said = co_await changes_.handle(*verb, std::move(*line), std::move(again));
    bool begun = claims->meta.empty();
    if (!begun) {
        approval.state = Approval::State::Failed;
        bool chinese = approval.language.starts_with("zh");
        said.text = approval.summary + (chinese ? "：" : ": ") + decidedText(approval, chinese) + "\n" + said.text;
        said.ok = false;
        said.settles = true;
        said.became = Became::Failed;
        said.pagedCommand = approval.summary;
        claims->meta.assign(1, access::ApprovalBook::entryOf(approval));
        storage::UnitOfWork unit;
        claims->moveInto(unit);
        claims->replyIn(unit, said);
        auto stored = co_await flush_(std::move(unit));
        if (!stored) claims->replied.clear();
    }
    said.card = approval.card;
    book_.noted(approval);
    if (asked.card != approval.card) tellAsker(approval, said);
    co_return said;
}

Task<Answered> ApprovalDesk::turnDown(Approval approval, Asked asked) {
    bool chinese = approval.language.starts_with("zh");
    auto said = Answered::saying(approval.summary + (chinese ? "：" : ": ") + decidedText(approval, chinese) + "\n");
    said.settles = true;
    said.became = Became::Failed;
    said.pagedCommand = approval.summary;
    said.card = approval.card;
    storage::UnitOfWork unit;
    auto claims = asked.claims;
    auto offers = claims->offers;
    claims->moveInto(unit);
    claims->replyIn(unit, said);
    auto stored = co_await flush_(std::move(unit));
    if (!stored) {
        claims->offers = std::move(offers);
        claims->replied.clear();
        co_return Answered::refusing(stored.error().describe() + "\n");
    }
    book_.noted(approval);
    if (asked.card != approval.card) tellAsker(approval, said);
    co_return said;
}

void ApprovalDesk::tellAsker(const Approval& approval, Answered said) const {
    said.card = approval.card;
    if (!approval.replyTo.empty() && !approval.card.empty()) tell_(approval.replyTo, said);
}

/// Tells, once, that nobody has decided in time.
Task<void> ApprovalDesk::expire(std::string id) {
    for (;;) {
        auto known = book_.all().find(id);
        if (known == book_.all().end() || !waits(known->second)) co_return;
        auto left = known->second.expiresAt - clock_.now();
        if (left > Duration::zero() || deciding_.contains(id)) {
            co_await clock_.sleepFor(std::max<Duration>(left, 1s));
            continue;
        }
        auto approval = known->second;
        approval.state = Approval::State::Expired;
        approval.decidedBy = "klaw";
        approval.decidedAt = clock_.now();
        Deciding deciding(*this, id, "klaw");
        bool chinese = approval.language.starts_with("zh");
        auto said =
            Answered::refusing(approval.summary + (chinese ? "：" : ": ") + decidedText(approval, chinese) + "\n");
        said.pagedCommand = approval.summary;
        said.became = Became::Failed;
        storage::UnitOfWork unit;
        unit.audit.push_back(entryOf(approval, "klaw", {}, "expired"));
        unit.meta.push_back(access::ApprovalBook::entryOf(approval));
        auto stored = co_await flush_(std::move(unit));
        if (!stored) spdlog::error("the end of approval {} could not be stored: {}", id, stored.error().describe());
        book_.noted(approval);
        tellAsker(approval, std::move(said));
        co_return;
    }
}

void ApprovalDesk::resume(const access::ApprovalBook::Meta& meta) {
    book_.restore(meta);
    for (const auto& [id, approval] : book_.all())
        if (waits(approval)) tasks_.spawn("approval " + id, expire(id));
}

}  // namespace klaw::app
