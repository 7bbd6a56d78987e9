// `set image`, `set resources`, `set data`: single fields of an object.
#include <fmt/format.h>

#include <algorithm>

#include "agent/operate/always.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/data_words.hpp"
#include "agent/operate/object_notes.hpp"
#include "agent/operate/planned_object.hpp"
#include "agent/operate/resource_kinds.hpp"
#include "base/digest.hpp"
#include "base/text/secrets.hpp"
#include "rules/metric/quantity.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

/// A longer command takes back nothing: it does not fit on a card.
constexpr std::size_t longestUndo = 1000;

std::string podSpecOf(const Plan& plan) {
    return plan.kind == "CronJob" ? "/spec/jobTemplate/spec/template/spec" : "/spec/template/spec";
}

/// `deploy/web app=shop/web:1.5`
Task<Result<Plan>> planImage(Control& control, Caller caller, CommandLine line) {
    std::vector<std::string_view> kinds{"deployments", "statefulsets", "daemonsets", "cronjobs"};
    auto read = co_await plannedObject(control, caller, line, std::move(kinds));
    if (!read) co_return fail(std::move(read).error());
    auto plan = std::move(read->plan);
    auto pod = podSpecOf(plan);
    GuardedPatch patch(read->json);
    std::string undo, summary;
    for (const auto& word : read->words) {
        auto equals = word.find('=');
        auto container = word.substr(0, equals), image = equals == word.npos ? "" : word.substr(equals + 1);
        bool found = false;
        for (const char* list : {"/containers", "/initContainers"}) {
            const auto& containers = listAt(read->json, pod + list);
            for (std::size_t i = 0; i < containers.size() && !image.empty(); ++i) {
                if (textAt(containers[i], "/name") != container) continue;
                found = true;
                auto old = textAt(containers[i], "/image");
                patch.set(pod + list + "/" + std::to_string(i) + "/image", image);
                undo += " " + container + "=" + old;
                summary += (summary.empty() ? "" : ", ") + container + ": " + old + " → " + image;
            }
        }
        if (!found)
            co_return fail(ErrorCode::InvalidArgument, plan.title() + " has no container for \"" + word + "\"", {},
                           "write CONTAINER=IMAGE");
    }
    if (summary.empty())
        co_return fail(ErrorCode::InvalidArgument, "set image needs CONTAINER=IMAGE", {},
                       "for example: set image deploy/web app=shop/web:1.5 -n shop");
    patch.putInto(plan);
    plan.summary = fmt::format(fmt::runtime(caller.chinese() ? "更换 {} 的镜像（{}）" : "set the image of {} ({})"),
                               plan.title(), summary);
    plan.undo = "set image " + plan.address() + undo;
    plan.rollout = plan.kind != "CronJob";
    if (plan.rollout) describeGap(read->json, caller.chinese(), plan.notes);
    co_return plan;
}

/// What is wanted of limits or requests; an empty amount: none.
struct Amount {
    std::string resource, amount;
};

/// "cpu=500m,memory=none"
Result<std::vector<Amount>> amountsOf(const CommandLine& line, const std::string& option) {
    std::vector<Amount> amounts;
    auto written = line.option(option).value_or("");
    auto wrong = [&](const std::string& what) {
        return fail(ErrorCode::InvalidArgument, what, {},
                    "for example: --" + option + " cpu=500m,memory=256Mi; cpu=none takes one away");
    };
    for (const auto& word : splitAtCommas(written)) {
        auto equals = word.find('=');
        if (equals == word.npos || equals == 0) return wrong("\"" + word + "\" is no amount of a resource");
        Amount amount{word.substr(0, equals), word.substr(equals + 1)};
        if (!isName(amount.resource, "./-_")) return wrong("no resource is called \"" + amount.resource + "\"");
        if (std::ranges::find(amounts, amount.resource, &Amount::resource) != amounts.end())
            return wrong(amount.resource + " is there twice");
        auto number = rules::parseQuantity(amount.amount);
        if (amount.amount == "none")
            amount.amount.clear();
        else if (!number || *number < 0)
            return wrong("\"" + amount.amount + "\" is no quantity");
        amounts.push_back(std::move(amount));
    }
    return amounts;
}

/// Takes a member that is there away, or sets one; the word that takes that back.
std::string putAmount(const Json& object, const std::string& parent, const Amount& amount, GuardedPatch& patch) {
    auto pointer = pointerTo(parent, amount.resource);
    const auto& old = valueAt(object, pointer);
    if (!amount.amount.empty())
        patch.set(pointer, amount.amount);
    else if (!old.is_null())
        patch.remove(pointer);
    auto written = old.is_string() ? old.get<std::string>() : old.is_null() ? std::string("none") : old.dump();
    return amount.resource + "=" + written;
}

/// `deploy/web --container app --limits cpu=1,memory=512Mi --requests cpu=200m`
Task<Result<Plan>> planResources(Control& control, Caller caller, CommandLine line) {
    auto limits = amountsOf(line, "limits"), requests = amountsOf(line, "requests");
    if (!limits) co_return fail(std::move(limits).error());
    if (!requests) co_return fail(std::move(requests).error());
    if (limits->empty() && requests->empty())
        co_return fail(ErrorCode::InvalidArgument, "set resources needs --limits or --requests", {},
                       "for example: set resources deploy/web --limits cpu=500m,memory=256Mi -n shop");
    std::vector<std::string_view> kinds{"deployments", "statefulsets", "daemonsets", "cronjobs"};
    auto read = co_await plannedObject(control, caller, line, std::move(kinds));
    if (!read) co_return fail(std::move(read).error());
    auto plan = std::move(read->plan);
    auto list = podSpecOf(plan) + "/containers";
    const auto& containers = listAt(read->json, list);
    std::string names, known;
    auto wanted = line.option("container").value_or("");
    if (wanted.empty() && containers.size() > 1) {
        for (const auto& container : containers) known += (known.empty() ? "" : ", ") + textAt(container, "/name");
        co_return fail(ErrorCode::InvalidArgument, plan.title() + " has several containers", {},
                       "add --container with one of " + known);
    }
    GuardedPatch patch(read->json);
    std::string undo;
    for (std::size_t i = 0; i < containers.size(); ++i) {
        auto name = textAt(containers[i], "/name");
        known += (known.empty() ? "" : ", ") + name;
        if (!wanted.empty() && name != wanted) continue;
        names = name;
        auto at = list + "/" + std::to_string(i) + "/resources";
        std::string back;
        for (const auto& amount : *limits)
            back += (back.empty() ? " --limits " : ",") + putAmount(read->json, at + "/limits", amount, patch);
        undo += std::exchange(back, {});
        for (const auto& amount : *requests)
            back += (back.empty() ? " --requests " : ",") + putAmount(read->json, at + "/requests", amount, patch);
        undo += back;
    }
    if (names.empty())
        co_return fail(ErrorCode::InvalidArgument, plan.title() + " has no container \"" + wanted + "\"", {},
                       "it has " + known);
    if (patch.empty())
        co_return fail(ErrorCode::Conflict, "the container " + names + " has none of those to take away");
    patch.putInto(plan);
    plan.summary = fmt::format(
        fmt::runtime(caller.chinese() ? "调整 {} 中容器 {} 的资源" : "set the resources of the container {1} of {0}"),
        plan.title(), names);
    plan.undo = "set resources " + plan.address() + " --container " + names + undo;
    plan.rollout = plan.kind != "CronJob";
    if (plan.rollout) describeGap(read->json, caller.chinese(), plan.notes);
    co_return plan;
}

/// The word that gives a key of a ConfigMap its value again; nothing where that cannot be written, or should not.
std::optional<std::string> wordOfOldValue(const std::string& key, const Json& old) {
    if (old.is_null()) return key + "-";
    if (!old.is_string() || namesSecret(key, old.get_ref<const std::string&>())) return std::nullopt;
    auto word = asWord(key + "=" + old.get<std::string>());
    bool shows = word && maskSecrets(*word) == *word;
    return shows ? word : std::nullopt;
}

/// Where the object was forgotten, a value stands in the place of its name, and errors say names.
bool namesNoObject(const CommandLine& line) {
    const auto& words = line.arguments;
    std::size_t at = words.size() > 1 && findResourceKind(words.front()) ? 1 : 0;
    return words.size() <= at || words[at].find('=') != std::string::npos;
}

/// `configmap/web LEVEL=debug OLD-`
Task<Result<Plan>> planData(Control& control, Caller caller, CommandLine line) {
    if (namesNoObject(line))
        co_return fail(ErrorCode::InvalidArgument, "set data needs a ConfigMap or Secret first", {},
                       "for example: set data configmap/web LEVEL=debug -n shop");
    std::vector<std::string_view> kinds{"configmaps", "secrets"};
    auto read = co_await plannedObject(control, caller, line, std::move(kinds));
    if (!read) co_return fail(std::move(read).error());
    auto plan = std::move(read->plan);
    auto words = dataWordsOf(read->words);
    if (!words) co_return fail(std::move(words).error());
    if (words->empty())
        co_return fail(ErrorCode::InvalidArgument, "set data needs KEY=VALUE or KEY-", {},
                       "for example: set data configmap/web LEVEL=debug OLD- -n shop");
    if (valueAt(read->json, "/immutable") == true)
        co_return fail(ErrorCode::InvalidArgument, plan.title() + " is immutable", {}, "make another one");
    bool secret = plan.kind == "Secret", undoable = !secret;
    GuardedPatch patch(read->json);
    std::string undo, keys;
    for (const auto& [key, value] : *words) {
        auto pointer = pointerTo("/data", key);
        const auto& old = valueAt(read->json, pointer);
        if (!value && old.is_null())
            co_return fail(ErrorCode::NotFound, plan.title() + " has no key \"" + key + "\"", {},
                           "`describe " + plan.address() + "` shows its keys");
        if (value)
            patch.set(pointer, secret ? base64Encode(*value) : *value);
        else
            patch.remove(pointer);
        keys += (keys.empty() ? "" : ", ") + key + (value ? "" : "-");
        auto back = wordOfOldValue(key, old);
        undoable = undoable && back;
        undo += " " + back.value_or("");
    }
    patch.putInto(plan);
    bool chinese = caller.chinese();
    plan.summary = fmt::format(fmt::runtime(chinese ? "修改 {} 的 {}" : "set {1} in {0}"), plan.title(), keys);
    plan.notes.push_back(chinese ? "已在运行的 Pod 通过环境变量读取时，重启后才会看到"
                                 : "Pods that read it as environment see it when they are restarted");
    plan.undo = "set data " + plan.address() + undo;
    if (!undoable || plan.undo.size() > longestUndo) plan.undo.clear();
    co_return plan;
}

Task<Result<Plan>> planSet(Control& control, Caller caller, CommandLine line) {
    auto what = line.arguments.empty() ? std::string() : line.arguments.front();
    if (!line.arguments.empty()) line.arguments.erase(line.arguments.begin());
    if (what == "image") co_return co_await planImage(control, std::move(caller), std::move(line));
    if (what == "resources") co_return co_await planResources(control, std::move(caller), std::move(line));
    if (what == "data") co_return co_await planData(control, std::move(caller), std::move(line));
    co_return fail(ErrorCode::InvalidArgument, "set changes images, resources or data", {},
                   "for example: set image deploy/web app=shop/web:1.5 -n shop");
}

/// `set data secret/…`: also one that says too little to be understood.
bool setsSecret(const CommandLine& line) {
    if (line.arguments.empty() || line.arguments.front() != "data") return false;
    auto word = line.arguments.size() > 1 ? line.arguments[1].substr(0, line.arguments[1].find('/')) : std::string();
    const auto* kind = findResourceKind(word);
    return !kind || kind->name != "configmaps";
}

}  // namespace

std::vector<Verb> setVerbs() {
    Verb verb;
    verb.name = "set", verb.aliases = {"设置"};
    verb.usage =
        "set image KIND/NAME CONTAINER=IMAGE… | resources KIND/NAME [--container NAME] [--limits cpu=1,memory=1Gi] "
        "[--requests cpu=100m] | data configmap/NAME KEY=VALUE… KEY- -n NAMESPACE [--yes]";
    verb.summary = {"Changes the images or resources of a workload, or keys of a ConfigMap or Secret",
                    "更换工作负载的镜像、调整资源，或修改 ConfigMap、Secret 的键"};
    verb.changes = always;
    verb.plan = planSet;
    verb.danger = Danger::Medium;
    verb.permission = "workloads";
    verb.undoable = true;
    verb.secret = setsSecret;
    verb.options = {"container", "limits", "requests"};
    return {verb};
}

}  // namespace klaw::operate
