// Objects of the clusters, as their API servers tell them now.
#include <fmt/format.h>

#include <algorithm>

#include "agent/operate/catalogue.hpp"
#include "agent/operate/cluster_choice.hpp"
#include "agent/operate/fan_out.hpp"
#include "agent/operate/object_text.hpp"
#include "agent/operate/resource_kinds.hpp"
#include "agent/operate/server_table.hpp"
#include "agent/operate/table.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

constexpr auto asJson = "application/json";
constexpr std::size_t maxObjects = 2000;  ///< of a page
constexpr std::size_t maxPages = 25;

std::string query(const CommandLine& line, const std::string& fields) {
    std::string text = "?limit=" + std::to_string(maxObjects);
    if (auto selector = line.option("selector")) text += "&labelSelector=" + percentEncode(*selector);
    if (!fields.empty()) text += "&fieldSelector=" + percentEncode(fields);
    return text;
}

/// `pods shop`: a namespace of that name is meant before a Pod of that name.
Task<bool> isNamespace(Control& control, Caller caller, std::vector<std::string> clusters, std::string name) {
    auto known = co_await fanOut(control, std::move(caller), std::move(clusters),
                                 "/api/v1/namespaces/" + percentEncode(name), asJson);
    co_return known.has_value();
}

struct Listing {
    Table table;
    std::vector<std::string> failures;  ///< as those of a FanOut
    std::vector<std::string> cut;       ///< clusters that have more
};

/// The pages of one cluster after the first, where `onlyBad` would else miss what is wrong further on.
Task<Result<void>> addBadOnes(Control& control, Caller caller, std::string cluster, std::string path, TablePage& first,
                              bool withNamespace) {
    auto keepBad = [](Table& table) {
        std::erase_if(table.rows, [&](const auto& row) { return !looksBad(table, row); });
    };
    keepBad(first.table);
    for (std::size_t pages = 1; !first.continueToken.empty() && pages < maxPages; ++pages) {
        auto body = co_await control.askCluster(caller, cluster,
                                                path + "&continue=" + percentEncode(first.continueToken), asTable);
        if (!body) co_return fail(std::move(body).error());
        auto next = readTable(*body, withNamespace);
        if (!next) co_return fail(std::move(next).error());
        keepBad(next->table);
        for (auto& row : next->table.rows) first.table.rows.push_back(std::move(row));
        first.continueToken = std::move(next->continueToken);
    }
    co_return Result<void>();
}

Task<Result<Listing>> listOf(Control& control, Caller caller, FanOut answers, std::string path, bool withNamespace,
                             bool onlyBad, bool several) {
    Listing listing;
    for (auto& body : answers.bodies) {
        auto page = readTable(body.text, withNamespace);
        Result<void> whole = page ? Result<void>() : fail(page.error());
        if (page && onlyBad) whole = co_await addBadOnes(control, caller, body.cluster, path, *page, withNamespace);
        if (!whole && !several) co_return fail(std::move(whole).error());
        if (!whole) {
            listing.failures.push_back(body.cluster + ": " + whole.error().message);
            continue;
        }
        if (!page->continueToken.empty()) listing.cut.push_back(body.cluster);
        if (several)
            appendOf(body.cluster, std::move(page->table), listing.table);
        else
            listing.table = std::move(page->table);
    }
    co_return listing;
}

std::string cutText(const std::vector<std::string>& cut, bool chinese) {
    if (cut.empty()) return {};
    auto names = fmt::format("{}", fmt::join(cut, ", "));
    return chinese ? fmt::format("只显示前 {} 个（{}）：请用 -n 或 -l 缩小范围。\n", maxObjects, names)
                   : fmt::format("The first {} of {}: narrow it by -n or -l.\n", maxObjects, names);
}

/// The keys of one Secret, below what the list says of it.
Task<std::string> keysOfSecret(Control& control, Caller caller, std::string cluster, std::string ns, std::string name) {
    bool chinese = caller.chinese();
    auto path = pathOf(*findResourceKind("secrets"), ns) + "/" + percentEncode(name);
    auto body = co_await control.askCluster(std::move(caller), std::move(cluster), std::move(path), asJson);
    auto keys = body ? secretKeys(*body) : std::vector<std::vector<std::string>>();
    if (!body) co_return body.error().describe() + "\n";
    if (keys.empty()) co_return chinese ? "没有键。\n" : "It has no keys.\n";
    std::vector<std::string> headings{chinese ? "键" : "KEY", chinese ? "字节" : "BYTES"};
    co_return formatTable(headings, keys);
}

Task<Result<Output>> list(Control& control, Caller caller, CommandLine line) {
    const auto* kind = findResourceKind(line.verb);
    auto clusters = clustersOf(control, line);
    if (!clusters) co_return fail(std::move(clusters.error()));
    auto ns = line.option("namespace").value_or("");
    auto name = line.arguments.empty() ? std::string() : line.arguments.front();
    if (!kind->namespaced) ns.clear();
    bool mayBeNamespace = kind->namespaced && ns.empty() && !name.empty() && !line.option("all");
    if (mayBeNamespace && co_await isNamespace(control, caller, *clusters, name)) ns = std::exchange(name, {});
    auto path = pathOf(*kind, ns) + query(line, name.empty() ? "" : "metadata.name=" + name);
    auto answers = co_await fanOut(control, caller, *clusters, path, asTable);
    if (!answers) co_return fail(std::move(answers.error()));
    bool zh = caller.chinese(), several = clusters->size() > 1, onlyBad = line.option("bad").has_value();
    auto failures = answers->failures;
    auto listing = co_await listOf(control, caller, std::move(*answers), std::move(path),
                                   kind->namespaced && ns.empty(), onlyBad, several);
    if (!listing) co_return fail(std::move(listing.error()));
    failures.insert(failures.end(), listing->failures.begin(), listing->failures.end());
    auto below = cutText(listing->cut, zh) + failureText(failures, zh);
    auto names = fmt::format("{}", fmt::join(*clusters, ", "));
    if (listing->table.rows.empty()) {
        auto place = ns.empty() ? names : names + ", " + ns;
        co_return Output((zh ? "没有找到（" + place + "）。\n" : "Nothing found (" + place + ").\n") + below);
    }
    auto where = several ? "" : (zh ? "集群 “" : "cluster “") + names + "”" + (ns.empty() ? "" : " " + ns) + "\n";
    bool oneSecret =
        kind->name == "secrets" && !name.empty() && !ns.empty() && !several && listing->table.rows.size() == 1;
    if (oneSecret) below = co_await keysOfSecret(control, caller, clusters->front(), ns, name) + below;
    co_return Output(std::move(listing->table), caller.language, where + below);
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

Task<Result<Output>> top(Control& control, Caller caller, CommandLine line) {
    auto what = line.arguments.empty() ? std::string("nodes") : line.arguments.front();
    const auto* kind = findResourceKind(what);
    bool pods = kind && kind->name == "pods";
    if (!kind || (!pods && kind->name != "nodes"))
        co_return fail(ErrorCode::InvalidArgument, "top shows nodes or pods", {}, "for example: top pods -n shop");
    auto clusters = clustersOf(control, line);
    if (!clusters) co_return fail(std::move(clusters.error()));
    auto ns = pods ? line.option("namespace").value_or("") : std::string();
    auto path = "/apis/metrics.k8s.io/v1beta1" + (ns.empty() ? "" : "/namespaces/" + percentEncode(ns)) +
                (pods ? "/pods" : "/nodes");
    auto answers = co_await fanOut(control, caller, *clusters, std::move(path), asJson);
    if (!answers) co_return fail(std::move(answers.error()).within("the cluster's metrics-server"));
    Table all;
    for (const auto& body : answers->bodies) {
        Table table{{{"NAME", "名称"}, {"CPU", "CPU"}, {"MEMORY", "内存"}}, usageRows(body.text)};
        if (clusters->size() == 1)
            all = std::move(table);
        else
            appendOf(body.cluster, std::move(table), all);
    }
    co_return Output(std::move(all), caller.language, failureText(answers->failures, caller.chinese()));
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
    verb.name = "top", verb.aliases = {"用量"};
    verb.usage = "top [nodes | pods] [-n NAMESPACE] [--cluster CLUSTER]";
    verb.summary = {"Shows what uses most, by the metrics-server", "按用量排序"};
    verb.ask = top;
    add(verb);
    return verbs;
}

}  // namespace klaw::operate
