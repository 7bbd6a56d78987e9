// What containers have written: of one Pod, of the Pods of a workload, or of those with labels.
#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "agent/operate/catalogue.hpp"
#include "agent/operate/cluster_choice.hpp"
#include "agent/operate/label_selector.hpp"
#include "agent/operate/log_lines.hpp"
#include "agent/operate/object_text.hpp"
#include "agent/operate/planned_object.hpp"
#include "agent/operate/resource_kinds.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

constexpr auto asJson = "application/json";
constexpr std::size_t longestTail = 2000, usualTail = 100, mostContext = 50;
constexpr std::size_t mostContainers = 20;
constexpr Duration longestFollow = 60s;

/// What the command asks for, read and checked.
struct LogRequest {
    std::string cluster, ns;
    std::string target;    ///< "web-0", "deploy/web"; empty: by `selector`
    std::string selector;  ///< of Pods
    std::string container;
    std::string query;  ///< of each container's log, after "?container=…"
    LogQuestion question;
    Duration follow{};
};

Result<std::size_t> numberOf(const CommandLine& line, const std::string& option, std::size_t usual, std::size_t most) {
    auto written = line.option(option);
    if (!written) return usual;
    std::size_t number = 0;
    auto [end, error] = std::from_chars(written->data(), written->data() + written->size(), number);
    if (error != std::errc() || end != written->data() + written->size())
        return fail(ErrorCode::InvalidArgument, "--" + option + " " + *written + " is no number", {}, "for example 20");
    return std::min(number, most);
}

Result<Duration> durationOf(const CommandLine& line, const std::string& option) {
    auto written = line.option(option);
    if (!written) return Duration{};
    auto time = parseDuration(*written);
    if (!time || *time < 1s)
        return fail(ErrorCode::InvalidArgument, "--" + option + " " + *written + " is no duration", {},
                    "for example 15m");
    return *time;
}

Result<LogRequest> readRequest(const Control& control, const CommandLine& line) {
    LogRequest request;
    request.ns = line.option("namespace").value_or("");
    request.selector = line.option("selector").value_or("");
    if (!line.arguments.empty()) request.target = line.arguments.front();
    if (line.arguments.size() > 1) request.target += "/" + line.arguments[1];
    if (request.ns.empty() || request.target.empty() == request.selector.empty())
        return fail(ErrorCode::InvalidArgument, "logs needs a Pod or a workload, or labels, and the namespace", {},
                    "for example: logs web-0 -n shop --grep error; logs deploy/web -n shop; logs -l app=web -n shop");
    auto cluster = clusterOf(control, line);
    if (!cluster) return fail(std::move(cluster).error());
    request.cluster = *cluster;
    request.container = line.option("container").value_or("");
    auto tail = numberOf(line, "tail", usualTail, longestTail);
    if (!tail) return fail(std::move(tail).error());
    auto context = numberOf(line, "context", 0, mostContext);
    if (!context) return fail(std::move(context).error());
    auto since = durationOf(line, "since");
    if (!since) return fail(std::move(since).error());
    auto follow = durationOf(line, "follow");
    if (!follow) return fail(std::move(follow).error());
    if (*follow > Duration{} && *since > Duration{})
        return fail(ErrorCode::InvalidArgument, "--follow begins now: --since looks back", {}, "leave one of them out");
    if (*follow > longestFollow || (*follow > Duration{} && line.option("previous")))
        return fail(ErrorCode::InvalidArgument, "--follow waits for what a running container writes, for 60s at most",
                    {}, "for example --follow 30s");
    request.follow = *follow;
    request.question.pattern = line.option("grep").value_or("");
    request.question.context = *context;
    request.question.most = std::max<std::size_t>(1, *tail);
    request.question.withTimes = line.option("timestamps").has_value();
    // What matches may be far from the end.
    auto asked = request.question.pattern.empty() ? request.question.most : longestTail;
    request.query = "&timestamps=true&limitBytes=1000000&tailLines=" + std::to_string(asked);
    if (line.option("previous")) request.query += "&previous=true";
    if (*since > Duration{})
        request.query +=
            "&sinceSeconds=" + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(*since).count());
    return request;
}

/// The Pods, as a list of objects.
Task<Result<std::vector<Json>>> podsOf(Control& control, Caller caller, LogRequest request) {
    auto slash = request.target.find('/');
    const auto* kind = findResourceKind(slash == std::string::npos ? "pods" : request.target.substr(0, slash));
    auto name = slash == std::string::npos ? request.target : request.target.substr(slash + 1);
    if (!kind || !kind->namespaced)
        co_return fail(ErrorCode::InvalidArgument, "nothing of the kind \"" + request.target + "\" writes logs", {},
                       "for example: logs deploy/web -n shop");
    auto path = pathOf(*findResourceKind("pods"), request.ns);
    if (request.selector.empty()) {
        auto body = co_await control.askCluster(caller, request.cluster,
                                                pathOf(*kind, request.ns) + "/" + percentEncode(name), asJson);
        if (!body) co_return fail(std::move(body).error());
        auto object = Json::parse(*body, nullptr, false);
        if (kind->name == "pods") co_return std::vector{object};
        const auto& selector = valueAt(object, "/spec/selector");
        if (!selector.is_object() || selector.empty())
            co_return fail(ErrorCode::InvalidArgument, std::string(kind->kind) + " " + name + " selects no Pods");
        request.selector = writtenSelector(selector);
    }
    auto body = co_await control.askCluster(
        caller, request.cluster, path + "?limit=100&labelSelector=" + percentEncode(request.selector), asJson);
    if (!body) co_return fail(std::move(body).error());
    auto list = Json::parse(*body, nullptr, false);
    std::vector<Json> pods;
    for (const auto& pod : valueAt(list, "/items")) pods.push_back(pod);
    if (pods.empty())
        co_return fail(ErrorCode::NotFound, "no Pod in " + request.ns + " has the labels " + request.selector);
    co_return pods;
}

struct Container {
    std::string pod, name;
};

/// All that have begun, of each Pod, init containers only by their name.
std::vector<Container> containersOf(const std::vector<Json>& pods, const std::string& wanted) {
    std::vector<Container> containers;
    for (const auto& pod : pods)
        for (const char* list : {"/spec/initContainers", "/spec/containers"})
            for (const auto& container : valueAt(pod, list)) {
                auto name = textAt(container, "/name");
                bool isInit = std::string_view(list) == "/spec/initContainers";
                if (wanted.empty() ? !isInit : name == wanted)
                    containers.push_back({textAt(pod, "/metadata/name"), name});
            }
    return containers;
}

bool severalNames(const std::vector<Container>& containers) {
    return std::ranges::any_of(containers, [&](const Container& each) { return each.name != containers.front().name; });
}

Task<Result<Output>> logs(Control& control, Caller caller, CommandLine line) {
    auto request = readRequest(control, line);
    if (!request) co_return fail(std::move(request).error());
    auto pods = co_await podsOf(control, caller, *request);
    if (!pods) co_return fail(std::move(pods).error());
    auto containers = containersOf(*pods, request->container);
    if (containers.empty())
        co_return fail(ErrorCode::NotFound, "no container is called \"" + request->container + "\"", {},
                       "`describe pod NAME` shows them");
    auto leftOut = containers.size() - std::min(containers.size(), mostContainers);
    containers.resize(containers.size() - leftOut);
    if (request->follow > Duration{}) {
        auto since = control.now();
        co_await control.sleepFor(request->follow);
        request->query += "&sinceTime=" + percentEncode(formatRfc3339(std::chrono::floor<std::chrono::seconds>(since)));
    }
    std::vector<Question> questions;
    for (const auto& container : containers)
        questions.push_back({request->cluster,
                             "/api/v1/namespaces/" + percentEncode(request->ns) + "/pods/" +
                                 percentEncode(container.pod) + "/log?container=" + percentEncode(container.name) +
                                 request->query,
                             "*/*"});
    auto answers = co_await control.askClusters(caller, std::move(questions));
    bool shown = severalNames(containers);
    std::vector<ContainerLog> read;
    std::string failures;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        auto name = containers[i].pod + (shown ? "/" + containers[i].name : "");
        // Without its lines it still makes the names of the others worth saying.
        read.push_back({name, answers[i] ? std::move(answers[i]->text) : std::string()});
        if (answers[i]) continue;
        if (answers.size() == 1) co_return fail(std::move(answers[i]).error());
        failures += name + ": " + answers[i].error().describe() + "\n";
    }
    auto merged = mergeLogs(read, request->question);
    if (!merged) co_return fail(std::move(merged).error());
    bool zh = caller.chinese();
    auto text = merged->lines == 0 ? std::string(zh ? "没有日志。\n" : "No log lines.\n") : logText(merged->text);
    if (leftOut > 0)
        text += zh ? fmt::format("另有 {} 个容器未读取。\n", leftOut)
                   : fmt::format("{} more containers were not read.\n", leftOut);
    co_return Output(text + logText(failures));
}

}  // namespace

std::vector<Verb> logVerbs() {
    Verb verb;
    verb.name = "logs", verb.aliases = {"日志", "log"};
    verb.usage =
        "logs POD | KIND/NAME | -l SELECTOR -n NAMESPACE [--container NAME] [--previous] [--tail N] [--since 15m] "
        "[--grep TEXT] [--context N] [--timestamps] [--follow 30s]";
    verb.summary = {"Shows the last lines that Pods wrote, merged by time", "查看 Pod 最近的日志，多个 Pod 按时间合并"};
    verb.ask = logs;
    verb.options = {"container", "previous", "tail", "since", "grep", "context", "selector", "timestamps", "follow"};
    return {verb};
}

}  // namespace klaw::operate
