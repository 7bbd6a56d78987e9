// What waits for another person.
#include "agent/operate/always.hpp"
#include "agent/operate/catalogue.hpp"
#include "notifiers/words.hpp"

namespace klaw::operate {
namespace {

using access::Approval;

rules::LocalizedText nameOf(Approval::State state) {
    switch (state) {
        case Approval::State::Waiting:
            return {"waiting", "待批准"};
        case Approval::State::Approved:
            return {"approved", "已批准"};
        case Approval::State::Refused:
            return {"refused", "已拒绝"};
        case Approval::State::Withdrawn:
            return {"withdrawn", "已撤回"};
        case Approval::State::Expired:
            return {"expired", "已过期"};
        case Approval::State::Failed:
            return {"not done", "未执行"};
    }
    return {"unknown", "未知"};
}

/// Who may read where it is.
bool maySee(const Control& control, const Caller& caller, const Approval& approval) {
    access::Request request{caller.identity, caller.chat, "read", "read", approval.place, caller.membership};
    return approval.identity == caller.identity || control.policy().decide(request, control.now()).allowed;
}

Result<Output> approvals(Control& control, const Caller& caller, const CommandLine& line) {
    bool all = line.option("all").has_value(), chinese = caller.chinese();
    std::vector<std::vector<std::string>> rows;
    for (const auto& [id, approval] : control.approvals().all()) {
        bool waits = approval.state == Approval::State::Waiting;
        if ((!waits && !all) || !maySee(control, caller, approval)) continue;
        auto state = nameOf(approval.state);
        auto local = [&](TimePoint at) { return notifiers::localTime(at, control.utcOffsetMinutes()); };
        auto decided = waits ? std::string() : " " + approval.decidedBy + " " + local(approval.decidedAt);
        rows.push_back({id, approval.summary, approval.askedBy(), approval.place.cluster, local(approval.expiresAt),
                        (chinese ? state.zh : state.en) + decided});
    }
    if (rows.empty()) return chinese ? "没有等待批准的操作。\n" : "Nothing waits for approval.\n";
    Table table{{{"ID", "编号"},
                 {"WHAT", "操作"},
                 {"BY", "申请人"},
                 {"CLUSTER", "集群"},
                 {"UNTIL", "有效至"},
                 {"STATE", "状态"}},
                std::move(rows)};
    return Output(std::move(table), caller.language,
                  chinese ? "批准：approve 编号；拒绝：refuse 编号\n" : "approve ID or refuse ID decides\n");
}

Verb judging(std::string_view name, std::vector<std::string_view> aliases, std::string_view usage,
             rules::LocalizedText summary, Verb::Judgement judgement) {
    Verb verb;
    verb.name = name;
    verb.aliases = std::move(aliases);
    verb.usage = usage;
    verb.summary = std::move(summary);
    verb.changes = always;
    verb.judgement = judgement;
    verb.options = {"comment"};
    return verb;
}

}  // namespace

std::vector<Verb> approvalVerbs() {
    Verb list;
    list.name = "approvals";
    list.aliases = {"待批", "审批"};
    list.usage = "approvals [--all]";
    list.summary = {"Lists changes that wait for another person; all: those decided in the last day as well",
                    "列出等待他人批准的操作"};
    list.run = approvals;
    list.options = {"all"};
    return {std::move(list),
            judging("approve", {"批准"}, "approve ID [--comment TEXT]",
                    {"Approves what somebody else has asked for: it is done then", "批准他人申请的操作并执行"},
                    Verb::Judgement::Approve),
            judging("refuse", {"拒绝", "驳回"}, "refuse ID [--comment TEXT]",
                    {"Refuses what somebody else has asked for, or takes back one's own request",
                     "拒绝他人的申请，或撤回自己的申请"},
                    Verb::Judgement::Refuse)};
}

}  // namespace klaw::operate
