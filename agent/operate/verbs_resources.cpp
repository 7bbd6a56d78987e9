// Objects of the clusters, as their API servers tell them now.
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "agent/operate/catalogue.hpp"
#include "agent/operate/cluster_choice.hpp"
#include "agent/operate/object_text.hpp"
#include "agent/operate/resource_kinds.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

constexpr auto asJson = "application/json";
/// Rows as kubectl shows them, written by the server itself.
/// https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
constexpr auto asTable = "application/json;as=Table;v=v1;g=meta.k8s.io";
constexpr std::size_t maxObjects = 2000;
constexpr int longestTail = 2000, usualTail = 100;

std::string textOf(const Json& cell) {
    if (cell.is_string()) return cell.get<std::string>();
    return cell.is_null() ? std::string() : cell.dump();
}

const Json& at(const Json& json, const char* name) {
    static const Json none;
    auto found = json.is_object() ? json.find(name) : json.end();
    return json.is_object() && found != json.end() ? *found : none;
}

/// "1/3", "0": a row that a person looks for when something is wrong.
bool looksBad(const Table& table, const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size() && i < table.columns.size(); ++i) {
        const auto& heading = table.columns[i].en;
        const auto& cell = row[i];
        auto slash = cell.find('/');
        if (heading == "READY" && slash != cell.npos && cell.substr(0, slash) != cell.substr(slash + 1)) {
            bool completed = std::ranges::find(row, "Completed") != row.end();
            if (!completed) return true;
        }
        if (heading == "STATUS" && cell != "Running" && cell != "Completed" && cell != "Ready" && cell != "Active" &&
            cell != "Bound" && cell != "Complete")
            return true;
        if (heading == "TYPE" && cell == "Warning") return true;
    }
    return false;
}

/// The columns that kubectl shows without `-o wide`.
Result<Table> readTable(const std::string& body, bool withNamespace) {
    auto json = Json::parse(body, nullptr, false);
    const auto& definitions = at(json, "columnDefinitions");
    if (!definitions.is_array()) return fail(ErrorCode::Unavailable, "the API server gave no table");
    Table table;
    if (withNamespace) table.columns.push_back({"NAMESPACE", "命名空间"});
    std::vector<std::size_t> shown;
    for (std::size_t i = 0; i < definitions.size(); ++i) {
        if (at(definitions[i], "priority").is_number_integer() && definitions[i]["priority"].get<int>() > 0) continue;
        auto heading = textOf(at(definitions[i], "name"));
        std::ranges::transform(heading, heading.begin(), [](unsigned char c) { return std::toupper(c); });
        table.columns.push_back({heading, heading});
        shown.push_back(i);
    }
    const auto& rows = at(json, "rows");
    if (!rows.is_array()) return table;
    for (const auto& row : rows) {
        std::vector<std::string> cells;
        if (withNamespace) cells.push_back(textOf(at(at(at(row, "object"), "metadata"), "namespace")));
        const auto& values = at(row, "cells");
        for (auto i : shown) cells.push_back(values.is_array() && i < values.size() ? textOf(values[i]) : "");
        table.rows.push_back(std::move(cells));
    }
    return table;
}

std::string query(const CommandLine& line, const std::string& fields) {
    std::string text = "?limit=" + std::to_string(maxObjects);
    if (auto selector = line.option("selector")) text += "&labelSelector=" + percentEncode(*selector);
    if (!fields.empty()) text += "&fieldSelector=" + percentEncode(fields);
    return text;
}

Task<Result<Output>> list(Control& control, Caller caller, CommandLine line) {
    const auto* kind = findResourceKind(line.verb);
    auto cluster = clusterOf(control, line);
    if (!cluster) co_return fail(std::move(cluster.error()));
    auto ns = line.option("namespace").value_or("");
    auto name = line.arguments.empty() ? std::string() : line.arguments.front();
    if (!kind->namespaced) ns.clear();
    if (kind->namespaced && ns.empty() && !name.empty() && !line.option("all")) {
        // `pods shop`: a namespace of that name is meant before a Pod of that name.
        auto known = co_await control.askCluster(caller, *cluster, "/api/v1/namespaces/" + percentEncode(name), asJson);
        if (known) ns = std::exchange(name, {});
    }
    auto where = pathOf(*kind, ns) + query(line, name.empty() ? "" : "metadata.name=" + name);
    auto body = co_await control.askCluster(caller, *cluster, std::move(where), asTable);
    if (!body) co_return fail(std::move(body.error()));
    auto table = readTable(*body, kind->namespaced && ns.empty());
    if (!table) co_return fail(std::move(table.error()));
    if (line.option("bad")) std::erase_if(table->rows, [&](const auto& row) { return !looksBad(*table, row); });
    bool zh = caller.language.starts_with("zh");
    if (table->rows.empty()) {
        auto place = ns.empty() ? *cluster : *cluster + ", " + ns;
        co_return Output(zh ? "没有找到（" + place + "）。\n" : "Nothing found (" + place + ").\n");
    }
    auto remainder = "“" + *cluster + "”" + (ns.empty() ? "" : " " + ns);
    co_return Output(std::move(*table), caller.language,
                     zh ? "集群 " + remainder + "\n" : "cluster " + remainder + "\n");
}

/// `describe pod web -n shop`, `describe deploy/web`.
Task<Result<Output>> describe(Control& control, Caller caller, CommandLine line) {
    std::string word, name;
    if (!line.arguments.empty()) word = line.arguments.front();
    if (auto slash = word.find('/'); slash != word.npos) {
        name = word.substr(slash + 1);
        word.resize(slash);
    } else if (line.arguments.size() > 1) {
        name = line.arguments[1];
    }
    const auto* kind = findResourceKind(word);
    if (!kind || name.empty())
        co_return fail(ErrorCode::InvalidArgument, "describe needs a kind and a name", {},
                       "for example: describe pod web-0 -n shop");
    auto ns = line.option("namespace").value_or("");
    if (kind->namespaced && ns.empty())
        co_return fail(ErrorCode::InvalidArgument, "describe needs the namespace", {}, "add -n NAMESPACE");
    auto cluster = clusterOf(control, line);
    if (!cluster) co_return fail(std::move(cluster.error()));
    if (!kind->namespaced) ns.clear();
    auto body = co_await control.askCluster(caller, *cluster, pathOf(*kind, ns) + "/" + percentEncode(name), asJson);
    if (!body) co_return fail(std::move(body.error()));
    auto text = describeObject(*body);
    auto selector = "involvedObject.name=" + name + ",involvedObject.kind=" + std::string(kind->kind);
    std::string where = "/api/v1";
    if (!ns.empty()) where += "/namespaces/" + percentEncode(ns);
    where += "/events?fieldSelector=" + percentEncode(selector);
    auto events = co_await control.askCluster(caller, *cluster, std::move(where), asJson);
    if (events) text += describeEvents(*events);
    co_return Output(std::move(text));
}

std::string sinceSeconds(const std::string& written) {
    auto since = parseDuration(written);
    if (!since || *since < 1s) return {};
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(*since).count());
}

Task<Result<Output>> logs(Control& control, Caller caller, CommandLine line) {
    auto ns = line.option("namespace").value_or("");
    if (line.arguments.empty() || ns.empty())
        co_return fail(ErrorCode::InvalidArgument, "logs needs a Pod and its namespace", {},
                       "for example: logs web-0 -n shop --grep error");
    auto cluster = clusterOf(control, line);
    if (!cluster) co_return fail(std::move(cluster.error()));
    int tail = usualTail;
    if (auto written = line.option("tail")) std::from_chars(written->data(), written->data() + written->size(), tail);
    auto pattern = line.option("grep").value_or("");
    tail = std::clamp(pattern.empty() ? tail : longestTail, 1, longestTail);
    auto where = "/api/v1/namespaces/" + percentEncode(ns) + "/pods/" + percentEncode(line.arguments.front()) +
                 "/log?tailLines=" + std::to_string(tail) + "&limitBytes=1000000";
    if (line.option("previous")) where += "&previous=true";
    if (auto container = line.option("container")) where += "&container=" + percentEncode(*container);
    if (auto since = line.option("since")) {
        auto seconds = sinceSeconds(*since);
        if (seconds.empty())
            co_return fail(ErrorCode::InvalidArgument, "--since " + *since + " is no duration", {}, "for example 15m");
        where += "&sinceSeconds=" + seconds;
    }
    auto body = co_await control.askCluster(caller, *cluster, std::move(where), "*/*");
    if (!body) co_return fail(std::move(body.error()));
    auto matched = pattern.empty() ? Result<std::string>(std::move(*body)) : linesWith(*body, pattern);
    if (!matched) co_return fail(std::move(matched.error()));
    bool zh = caller.language.starts_with("zh");
    if (matched->empty()) co_return Output(zh ? "没有日志。\n" : "No log lines.\n");
    co_return Output(logText(*matched));
}

Task<Result<Output>> top(Control& control, Caller caller, CommandLine line) {
    auto what = line.arguments.empty() ? std::string("nodes") : line.arguments.front();
    const auto* kind = findResourceKind(what);
    bool pods = kind && kind->name == "pods";
    if (!kind || (!pods && kind->name != "nodes"))
        co_return fail(ErrorCode::InvalidArgument, "top shows nodes or pods", {}, "for example: top pods -n shop");
    auto cluster = clusterOf(control, line);
    if (!cluster) co_return fail(std::move(cluster.error()));
    auto ns = pods ? line.option("namespace").value_or("") : std::string();
    auto where = "/apis/metrics.k8s.io/v1beta1" + (ns.empty() ? "" : "/namespaces/" + percentEncode(ns)) +
                 (pods ? "/pods" : "/nodes");
    auto body = co_await control.askCluster(caller, *cluster, std::move(where), asJson);
    if (!body) co_return fail(std::move(body.error()).within("the cluster's metrics-server"));
    auto rows = usageRows(*body);
    Table table{{{"NAME", "名称"}, {"CPU", "CPU"}, {"MEMORY", "内存"}}, std::move(rows)};
    co_return Output(std::move(table), caller.language);
}

}  // namespace

std::vector<Verb> resourceVerbs() {
    static std::vector<std::string> usages;  // verbs keep views of them
    usages.reserve(resourceKinds().size());
    std::vector<Verb> verbs;
    for (const auto& kind : resourceKinds()) {
        Verb verb;
        verb.name = kind.name;
        verb.aliases = kind.aliases;
        verb.usage = usages.emplace_back(std::string(kind.name) +
                                         (kind.namespaced ? " [NAMESPACE | NAME] [-n NAMESPACE]" : " [NAME]") +
                                         " [-l SELECTOR] [--bad] [--cluster CLUSTER]");
        verb.summary = kind.summary;
        verb.ask = list;
        verb.options = {"selector", "bad", "all"};
        verbs.push_back(std::move(verb));
    }
    auto add = [&](Verb verb) { verbs.push_back(std::move(verb)); };
    Verb verb;
    verb.name = "describe", verb.aliases = {"查看", "desc"};
    verb.usage = "describe KIND NAME [-n NAMESPACE] [--cluster CLUSTER]";
    verb.summary = {"Shows one object and its Events", "查看一个对象及其事件"};
    verb.ask = describe;
    add(verb);
    verb.name = "logs", verb.aliases = {"日志", "log"};
    verb.usage = "logs POD -n NAMESPACE [--container NAME] [--previous] [--tail N] [--since 15m] [--grep TEXT]";
    verb.summary = {"Shows the last lines that a Pod wrote", "查看 Pod 最近的日志"};
    verb.ask = logs;
    verb.options = {"container", "previous", "tail", "since", "grep"};
    add(verb);
    verb.options.clear();
    verb.name = "top", verb.aliases = {"用量"};
    verb.usage = "top [nodes | pods] [-n NAMESPACE] [--cluster CLUSTER]";
    verb.summary = {"Shows what uses most, by the metrics-server", "按用量排序"};
    verb.ask = top;
    add(verb);
    return verbs;
}

}  // namespace klaw::operate
