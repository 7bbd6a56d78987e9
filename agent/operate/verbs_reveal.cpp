// A value of a Secret, for one person's eyes: proposed here, read and shown by whoever carries it out.
#include <fmt/format.h>

#include <algorithm>

#include "agent/operate/always.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/planned_object.hpp"

namespace klaw::operate {
namespace {

Task<Result<Plan>> planReveal(Control& control, Caller caller, CommandLine line) {
    if (control.revealRules().empty())
        co_return fail(ErrorCode::PermissionDenied, "values of Secrets are never shown", {},
                       "an administrator can allow some under `reveal` in the configuration");
    bool inChat = caller.identity.starts_with("feishu:") || caller.identity.starts_with("dingtalk:");
    if (!inChat)
        co_return fail(ErrorCode::Unsupported, "a value is only shown in a private message of a chat", {},
                       "ask for it there, as the person who is to see it");
    std::vector<std::string_view> kinds{"secrets"};
    auto read = co_await plannedObject(control, caller, std::move(line), std::move(kinds));
    if (!read) co_return fail(std::move(read).error());
    auto plan = std::move(read->plan);
    plan.before.clear();  // it has the values
    if (read->words.size() != 1)
        co_return fail(
            ErrorCode::InvalidArgument, "reveal needs the key of one value", {},
            "for example: reveal secret db PASSWORD -n shop; `describe secret/" + plan.name + "` lists them");
    const auto& key = read->words.front();
    if (!valueAt(read->json, pointerTo("/data", key)).is_string())
        co_return fail(ErrorCode::NotFound, plan.title() + " has no key \"" + key + "\"", {},
                       "`describe secret/" + plan.name + "` lists its keys");
    access::Place place{plan.cluster, plan.ns, "secrets", plan.name, false};
    const auto& rules = control.revealRules();
    auto rule = std::ranges::find_if(rules, [&](const auto& each) { return access::covers(each, place, key); });
    if (rule == rules.end())
        co_return fail(ErrorCode::PermissionDenied, "the value of " + key + " of " + plan.title() + " is never shown",
                       {}, "an administrator can allow it under `reveal` in the configuration");
    plan.request = {std::string(kube::ChangeRequest::reads), plan.path, {}, {}};
    plan.revealedKey = key;
    plan.shownFor = rule->recall;
    bool chinese = caller.chinese();
    plan.summary = fmt::format(
        fmt::runtime(chinese ? "向 {2} 私下显示 {0} 的 {1}，{3} 后撤回" : "show {1} of {0} to {2} in private, for {3}"),
        plan.title(), key, caller.shownName(), formatDuration(rule->recall));
    co_return plan;
}

}  // namespace

std::vector<Verb> revealVerbs() {
    Verb verb;
    verb.name = "reveal", verb.aliases = {"显示密钥"};
    verb.usage = "reveal secret NAME KEY -n NAMESPACE [--cluster CLUSTER] [--yes]";
    verb.summary = {"Shows a value of a Secret to whoever asks, in private and for a while, once another person agrees",
                    "经他人批准后，私下向申请人限时显示 Secret 的一个值"};
    verb.changes = always;
    verb.plan = planReveal;
    verb.danger = Danger::High;
    verb.permission = "reveal";
    return {verb};
}

}  // namespace klaw::operate
