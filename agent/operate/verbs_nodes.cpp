// Changes of nodes.
#include <fmt/format.h>

#include <algorithm>

#include "agent/operate/always.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/data_words.hpp"
#include "agent/operate/planned_object.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

Task<Result<Plan>> planCordon(Control& control, Caller caller, CommandLine line) {
    bool cordons = findVerb(line.verb)->name == "cordon";
    std::vector<std::string_view> kinds{"nodes"};
    auto read = co_await plannedObject(control, caller, std::move(line), std::move(kinds));
    if (!read) co_return fail(std::move(read).error());
    auto plan = std::move(read->plan);
    if ((valueAt(read->json, "/spec/unschedulable") == true) == cordons)
        co_return fail(ErrorCode::Conflict,
                       "node " + plan.name + (cordons ? " is cordoned already" : " is not cordoned"));
    GuardedPatch patch(read->json);
    if (cordons)
        patch.set("/spec/unschedulable", true);
    else
        patch.remove("/spec/unschedulable");
    patch.putInto(plan);
    const char* what =
        cordons ? (caller.chinese() ? "将节点 {} 设为不可调度" : "cordon the node {}: no new Pods come to it")
                : (caller.chinese() ? "将节点 {} 恢复为可调度" : "uncordon the node {}");
    plan.summary = fmt::format(fmt::runtime(what), plan.name);
    plan.undo = (cordons ? "uncordon node/" : "cordon node/") + plan.name + " --cluster " + plan.cluster;
    co_return plan;
}

/// "dedicated=gpu:NoSchedule", "dedicated:NoSchedule-", "dedicated-"
struct TaintWord {
    std::string key, value, effect;  ///< an empty effect: any
    bool removes = false;

    bool fits(const Json& taint) const {
        return textAt(taint, "/key") == key && (effect.empty() || textAt(taint, "/effect") == effect);
    }
};

Result<TaintWord> taintWord(const std::string& text) {
    auto wrong = [&](const std::string& what) {
        return fail(
            ErrorCode::InvalidArgument, what, {},
            "write KEY=VALUE:EFFECT, with NoSchedule, PreferNoSchedule or NoExecute as effect; KEY- takes one away");
    };
    TaintWord word;
    word.removes = text.ends_with('-');
    auto rest = text.substr(0, text.size() - (word.removes ? 1 : 0));
    if (auto colon = rest.rfind(':'); colon != rest.npos) {
        word.effect = rest.substr(colon + 1);
        rest.resize(colon);
        if (word.effect != "NoSchedule" && word.effect != "PreferNoSchedule" && word.effect != "NoExecute")
            return wrong("no taint has the effect \"" + word.effect + "\"");
    } else if (!word.removes) {
        return wrong("\"" + text + "\" is no taint");
    }
    auto equals = rest.find('=');
    word.key = rest.substr(0, equals);
    if (equals != rest.npos) word.value = rest.substr(equals + 1);
    constexpr std::size_t longestValue = 63;
    if (!isName(word.key, "-._/")) return wrong("no taint has the key \"" + word.key + "\"");
    if (!word.value.empty() && (!isName(word.value, "-._") || word.value.size() > longestValue))
        return wrong("no taint has the value \"" + word.value + "\"");
    return word;
}

std::string wordOf(const Json& taint) {
    auto value = textAt(taint, "/value");
    return textAt(taint, "/key") + (value.empty() ? "" : "=" + value) + ":" + textAt(taint, "/effect");
}

/// What a list of taints becomes by one word; `undo` has the words that take it back.
Result<void> applyTaint(const TaintWord& word, bool overwrites, const std::string& node, Json& taints,
                        std::string& undo) {
    auto fits = [&](const Json& taint) { return word.fits(taint); };
    bool there = std::any_of(taints.begin(), taints.end(), fits);
    if (word.removes && !there)
        return fail(ErrorCode::NotFound,
                    "node " + node + " has no taint " + word.key + (word.effect.empty() ? "" : ":" + word.effect));
    if (!word.removes && there && !overwrites)
        return fail(ErrorCode::Conflict, "node " + node + " has a taint " + word.key + ":" + word.effect + " already",
                    {}, "add --overwrite to give it another value");
    auto kept = Json::array();
    for (const auto& taint : taints) {
        if (!word.fits(taint))
            kept.push_back(taint);
        else
            undo += " " + wordOf(taint);
    }
    if (!word.removes) {
        Json taint{{"key", word.key}, {"effect", word.effect}};
        if (!word.value.empty()) taint["value"] = word.value;
        if (!there) undo += " " + word.key + ":" + word.effect + "-";
        kept.push_back(std::move(taint));
    }
    taints = std::move(kept);
    return {};
}

Task<Result<Plan>> planTaint(Control& control, Caller caller, CommandLine line) {
    std::vector<std::string_view> kinds{"nodes"};
    auto read = co_await plannedObject(control, caller, line, std::move(kinds));
    if (!read) co_return fail(std::move(read).error());
    auto plan = std::move(read->plan);
    bool overwrites = line.option("overwrite").has_value(), chinese = caller.chinese(), evicts = false;
    auto taints = listAt(read->json, "/spec/taints");
    std::string undo, said;
    for (const auto& text : read->words) {
        auto word = taintWord(text);
        if (!word) co_return fail(std::move(word).error());
        auto applied = applyTaint(*word, overwrites, plan.name, taints, undo);
        if (!applied) co_return fail(std::move(applied).error());
        evicts = evicts || (!word->removes && word->effect == "NoExecute");
        said += (said.empty() ? "" : ", ") + text;
    }
    if (said.empty())
        co_return fail(ErrorCode::InvalidArgument, "taint needs what to set or take away", {},
                       "for example: taint node-1 dedicated=gpu:NoSchedule");
    GuardedPatch patch(read->json);
    if (taints.empty())
        patch.remove("/spec/taints");
    else
        patch.set("/spec/taints", taints);
    patch.putInto(plan);
    plan.summary =
        fmt::format(fmt::runtime(chinese ? "修改节点 {} 的污点：{}" : "taint the node {}: {}"), plan.name, said);
    if (evicts)
        plan.notes.emplace_back(chinese ? "NoExecute 会驱逐不容忍它的 Pod，不遵守 PDB"
                                        : "NoExecute ends the Pods that do not tolerate it, whatever budgets say");
    plan.undo = "taint node/" + plan.name + undo + " --overwrite --cluster " + plan.cluster;
    co_return plan;
}

Verb changing(std::string_view name, std::vector<std::string_view> aliases, std::string_view usage,
              rules::LocalizedText summary, Task<Result<Plan>> (*plan)(Control&, Caller, CommandLine)) {
    Verb verb;
    verb.name = name;
    verb.aliases = std::move(aliases);
    verb.usage = usage;
    verb.summary = std::move(summary);
    verb.changes = always;
    verb.plan = plan;
    verb.permission = "nodes";
    verb.undoable = true;
    return verb;
}

}  // namespace

std::vector<Verb> nodeVerbs() {
    auto taint =
        changing("taint", {"污点"}, "taint NODE KEY=VALUE:EFFECT… KEY- [--overwrite] [--cluster CLUSTER] [--yes]",
                 {"Sets taints of a node, or takes them away", "设置或移除节点的污点"}, planTaint);
    taint.options = {"overwrite"};
    taint.danger = Danger::Medium;
    return {changing("cordon", {"封锁"}, "cordon NODE [--cluster CLUSTER] [--yes]",
                     {"Keeps new Pods away from a node", "禁止向节点调度"}, planCordon),
            changing("uncordon", {"解封"}, "uncordon NODE [--cluster CLUSTER] [--yes]",
                     {"Lets Pods come to a node again", "恢复节点调度"}, planCordon),
            taint};
}

}  // namespace klaw::operate
