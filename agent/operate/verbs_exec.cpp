// A command of the configuration's list in a container of a running Pod.
#include <fmt/format.h>

#include <algorithm>

#include "agent/operate/always.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/disruption.hpp"
#include "agent/operate/label_selector.hpp"
#include "agent/operate/planned_object.hpp"
#include "agent/operate/recordable.hpp"
#include "agent/operate/resource_kinds.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

constexpr std::size_t mostShown = 10;

bool hasControlCharacter(const std::string& text) {
    return std::ranges::any_of(text, [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

Result<std::vector<std::string>> argumentsOf(const CommandLine& line) {
    auto arguments = plainWordsOf(line.option("command").value_or(""));
    if (!arguments) return fail(std::move(arguments).error());
    if (arguments->empty())
        return fail(ErrorCode::InvalidArgument, "exec needs a program and its arguments", {},
                    "for example: exec web-0 -n shop -- df -h /");
    if (std::ranges::any_of(*arguments, hasControlCharacter))
        return fail(ErrorCode::InvalidArgument, "an argument has a control character");
    if (recordableArguments(*arguments) != *arguments)
        return fail(ErrorCode::InvalidArgument, "an argument looks like a secret, or is too long to be recorded", {},
                    "let the program read it from a file or a variable of the container");
    return arguments;
}

bool isRunning(const Json& pod) {
    return textAt(pod, "/status/phase") == "Running" && valueAt(pod, "/metadata/deletionTimestamp").is_null();
}

/// One that serves rather than one that does not; the one of an earlier preview where it is named.
const Json* chosenPod(const std::vector<Json>& pods, const std::string& uid) {
    const Json* chosen = nullptr;
    for (const auto& pod : pods) {
        if (textAt(pod, "/metadata/uid") == uid) return &pod;
        bool better = !chosen || (isReady(pod) && !isReady(*chosen));
        if (isRunning(pod) && better) chosen = &pod;
    }
    return chosen;
}

/// The Pod itself, or one of a workload.
Task<Result<PlannedObject>> podOf(Control& control, Caller caller, CommandLine line) {
    std::vector<std::string_view> kinds{"pods", "deployments", "statefulsets", "daemonsets", "replicasets", "jobs"};
    auto read = co_await plannedObject(control, caller, line, std::move(kinds));
    if (!read || read->plan.kind == "Pod") co_return read;
    auto selector = writtenSelector(valueAt(read->json, "/spec/selector"));
    if (selector.empty()) co_return fail(ErrorCode::InvalidArgument, read->plan.title() + " selects no Pods");
    auto path = pathOf(*findResourceKind("pods"), read->plan.ns);
    auto body = co_await control.askCluster(
        caller, read->plan.cluster, path + "?limit=500&labelSelector=" + percentEncode(selector), "application/json");
    if (!body) co_return fail(std::move(body).error());
    auto list = Json::parse(*body, nullptr, false);
    std::vector<Json> pods;
    for (const auto& pod : listAt(list, "/items")) pods.push_back(pod);
    auto expected = line.option("expect").value_or("");
    const auto* pod = chosenPod(pods, expected.substr(0, expected.find('@')));
    if (!pod) co_return fail(ErrorCode::NotFound, "no Pod of " + read->plan.title() + " runs");
    PlannedObject found;
    found.json = *pod;
    found.json["kind"] = "Pod";  // items of a list do not say it
    found.words = std::move(read->words);
    auto& plan = found.plan;
    plan.cluster = read->plan.cluster;
    plan.ns = read->plan.ns;
    plan.kind = "Pod";
    plan.name = textAt(*pod, "/metadata/name");
    plan.uid = textAt(*pod, "/metadata/uid");
    plan.path = plan.evidence = path + "/" + percentEncode(plan.name);
    plan.before = found.json.dump();
    co_return found;
}

/// As kubectl chooses it where none is named.
Result<std::string> containerOf(const Json& pod, const CommandLine& line) {
    auto wanted = line.option("container").value_or("");
    if (wanted.empty()) wanted = textAt(pod, "/metadata/annotations/kubectl.kubernetes.io~1default-container");
    std::string names;
    for (const auto& container : listAt(pod, "/spec/containers")) {
        auto name = textAt(container, "/name");
        if (wanted.empty() || name == wanted) return name;
        names += (names.empty() ? "" : ", ") + name;
    }
    return fail(ErrorCode::NotFound, "no container of the Pod is called \"" + wanted + "\"", {}, "one of " + names);
}

/// Who holds the token of the data directory has no role, and needs none.
bool mayUse(const access::ExecRule& rule, const access::Policy& policy, const access::Request& request, TimePoint now) {
    if (rule.roles.empty() || request.identity.starts_with(access::localPrefix)) return true;
    auto held = policy.rolesOf(request, now);
    return std::ranges::any_of(rule.roles,
                               [&](const std::string& role) { return std::ranges::find(held, role) != held.end(); });
}

std::string quoted(const std::vector<std::string>& arguments) {
    std::string text;
    for (const auto& argument : recordableArguments(arguments)) {
        bool plain = !argument.empty() && argument.find_first_of(" \t\r\n'\"") == std::string::npos;
        text += (text.empty() ? "" : " ") + (plain ? argument : asWord(argument).value_or(argument));
    }
    return text;
}

/// The rule that allows it there. PermissionDenied with those that there are.
Result<access::ExecRule> ruleFor(const Control& control, const Caller& caller, const Plan& plan,
                                 const std::string& container, const std::vector<std::string>& arguments) {
    access::Request request{
        caller.identity,  caller.chat, "exec", "exec", access::Place{plan.cluster, plan.ns, "pods", plan.name, false},
        caller.membership};
    std::string others;
    std::size_t shown = 0;
    for (const auto& rule : control.execRules()) {
        bool here =
            access::covers(rule, *request.place, container) && mayUse(rule, control.policy(), request, control.now());
        if (!here) continue;
        if (access::allows(rule, arguments)) return rule;
        if (++shown <= mostShown) others += (others.empty() ? "`" : ", `") + access::written(rule) + "`";
    }
    auto remedy = others.empty() ? "an administrator can allow commands under `exec` in the configuration"
                                 : "allowed there: " + others;
    return fail(ErrorCode::PermissionDenied,
                "`" + quoted(arguments) + "` is none of the commands that may be run in container " + container +
                    " of " + plan.title(),
                {}, std::move(remedy));
}

std::string pathOfExec(const Plan& plan, const std::vector<std::string>& arguments) {
    auto path = plan.path + "/exec?container=" + percentEncode(plan.container) + "&stdout=true&stderr=true";
    for (const auto& argument : arguments) path += "&command=" + percentEncode(argument);
    return path;
}

Task<Result<Plan>> planExec(Control& control, Caller caller, CommandLine line) {
    if (control.execRules().empty())
        co_return fail(ErrorCode::PermissionDenied, "no command may be run in containers", {},
                       "an administrator can allow some under `exec` in the configuration");
    auto arguments = argumentsOf(line);
    if (!arguments) co_return fail(std::move(arguments).error());
    auto read = co_await podOf(control, caller, line);
    if (!read) co_return fail(std::move(read).error());
    if (!read->words.empty())
        co_return fail(ErrorCode::InvalidArgument, "\"" + read->words.front() + "\" is too much", {},
                       "the program stands behind --, for example: exec web-0 -n shop -- df -h /");
    auto plan = std::move(read->plan);
    auto container = containerOf(read->json, line);
    if (!container) co_return fail(std::move(container).error());
    auto rule = ruleFor(control, caller, plan, *container, *arguments);
    if (!rule) co_return fail(std::move(rule).error());
    if (!isRunning(read->json))
        co_return fail(ErrorCode::Conflict,
                       plan.title() + " does not run: it is " + textAt(read->json, "/status/phase"));
    plan.container = std::move(*container);
    plan.state = plan.container;  // an annotation that says which one is meant may change
    plan.request = {std::string(kube::ChangeRequest::runs), pathOfExec(plan, *arguments), {}, {}, rule->timeout};
    plan.argv = std::move(*arguments);
    bool chinese = caller.chinese();
    plan.summary = fmt::format(fmt::runtime(chinese ? "在 {} 的容器 {} 中运行 `{}`" : "run in {}, container {}: `{}`"),
                               plan.title(), plan.container, quoted(plan.argv));
    plan.notes.push_back(fmt::format(fmt::runtime(chinese ? "最长运行 {}，没有输入，也没有终端"
                                                          : "it may take {}, and gets no input and no terminal"),
                                     formatDuration(rule->timeout)));
    co_return plan;
}

}  // namespace

std::vector<Verb> execVerbs() {
    Verb verb;
    verb.name = "exec", verb.aliases = {"执行"};
    verb.usage = "exec POD | KIND/NAME -n NAMESPACE [-c CONTAINER] [--cluster CLUSTER] [--yes] -- PROGRAM ARGUMENT…";
    verb.summary = {"Runs a command of the configuration's list in a container", "在容器中运行配置允许的命令"};
    verb.changes = always;
    verb.plan = planExec;
    verb.danger = Danger::High;
    verb.permission = "exec";
    verb.runsProgram = true;
    verb.options = {"container", "command"};
    return {verb};
}

}  // namespace klaw::operate
