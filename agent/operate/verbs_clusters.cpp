// The clusters themselves: which are watched, whether they can be reached, and others beside those of the
// configuration.
#include <fmt/format.h>

#include <algorithm>

#include "agent/access/access.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/cluster_choice.hpp"
#include "notifiers/words.hpp"
#include "rules/suggestion.hpp"

namespace klaw::operate {
namespace {

constexpr std::size_t longestName = 63;
constexpr auto keyOfClusterApi = "value";

std::string labelText(const rules::Labels& labels) {
    std::string text;
    for (const auto& [key, value] : labels) text += (text.empty() ? "" : ",") + key + "=" + value;
    return text;
}

std::string stateOf(const ClusterView& cluster, bool zh) {
    std::string state = cluster.ready ? (zh ? "正常" : "ready") : (zh ? "未就绪" : "not ready");
    return cluster.readOnly ? state + (zh ? "，只读" : ", read-only") : state;
}

Output listOf(const Control& control, const Caller& caller) {
    std::vector<std::vector<std::string>> rows;
    std::string problems;
    for (const auto& cluster : control.clusters()) {
        rows.push_back({cluster.name, cluster.server, cluster.version, stateOf(cluster, caller.chinese()),
                        std::to_string(cluster.objects),
                        cluster.lastHeardOf ? notifiers::roughly(control.now() - *cluster.lastHeardOf) : "-",
                        labelText(cluster.labels)});
        for (const auto& problem : cluster.problems) problems += cluster.name + ": " + problem + "\n";
    }
    Table table{{{"CLUSTER", "集群"},
                 {"SERVER", "地址"},
                 {"VERSION", "版本"},
                 {"STATE", "状态"},
                 {"OBJECTS", "对象"},
                 {"LAST HEARD", "最近消息"},
                 {"LABELS", "标签"}},
                std::move(rows)};
    for (const auto& problem : control.clusterProblems()) problems += problem + "\n";
    return Output(std::move(table), caller.language, problems);
}

bool isName(const std::string& name) {
    auto fine = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; };
    return !name.empty() && name.size() <= longestName && std::isalnum(static_cast<unsigned char>(name.front())) &&
           std::ranges::all_of(name, fine) && name != "all";
}

bool isNamespace(const std::string& name) {
    auto fine = [](unsigned char c) { return std::islower(c) || std::isdigit(c) || c == '-'; };
    return name.size() <= longestName && std::ranges::all_of(name, fine) && name.front() != '-';
}

/// "shop/NAME-kubeconfig", "shop/NAME-kubeconfig/value"
Result<kube::SecretReference> secretOf(const std::string& written, const std::string& from) {
    std::vector<std::string> parts(1);
    for (char c : written) {
        if (c == '/')
            parts.emplace_back();
        else
            parts.back() += c;
    }
    bool whole = (parts.size() == 2 || parts.size() == 3) && std::ranges::none_of(parts, &std::string::empty);
    if (!whole)
        return fail(ErrorCode::InvalidArgument, "\"" + written + "\" names no Secret", {},
                    "write --secret NAMESPACE/NAME, or NAMESPACE/NAME/KEY");
    return kube::SecretReference{from, parts[0], parts[1], parts.size() == 3 ? parts[2] : keyOfClusterApi};
}

Result<rules::Labels> labelsOf(const std::string& written) {
    rules::Labels labels;
    for (const auto& part : splitAtCommas(written)) {
        auto equals = part.find('=');
        if (equals == part.npos || equals == 0)
            return fail(ErrorCode::InvalidArgument, "\"" + part + "\" is no label with a value", {},
                        "for example --labels env=prod,region=cn");
        labels[part.substr(0, equals)] = part.substr(equals + 1);
    }
    return labels;
}

/// A kubeconfig on this machine may name programs to run, and any file can be tried: only its administrator may.
Result<void> mayNameFiles(const Caller& caller) {
    if (caller.identity.starts_with(access::localPrefix)) return {};
    return fail(ErrorCode::PermissionDenied, "files of Klaw's machine are not named from a chat", {},
                "put the kubeconfig into a Secret and write --secret NAMESPACE/NAME");
}

Result<kube::ClusterSource> sourceOf(const Control& control, const Caller& caller, const CommandLine& line) {
    kube::ClusterSource source;
    source.name = line.arguments.size() == 2 ? line.arguments[1] : std::string();
    if (!isName(source.name))
        return fail(ErrorCode::InvalidArgument, "clusters add needs a name of letters, digits, -, _ and .", {},
                    "for example: clusters add prod-2 --secret fleet/prod-2-kubeconfig");
    for (const auto& known : control.clusters())
        if (known.name == source.name)
            return fail(ErrorCode::InvalidArgument, "there is a cluster \"" + source.name + "\" already", {},
                        "choose another name");
    source.kubeconfig = line.option("kubeconfig").value_or("");
    source.context = line.option("context").value_or("");
    source.impersonate = line.option("impersonate").has_value();
    source.readOnly = line.option("read-only").has_value();
    if (source.context == "*")
        return fail(ErrorCode::InvalidArgument, "one name is for one context", {}, "name the context");
    auto labels = labelsOf(line.option("labels").value_or(""));
    if (!labels) return fail(std::move(labels).error());
    source.labels = std::move(*labels);
    auto secret = line.option("secret");
    if (secret.has_value() == !source.kubeconfig.empty())
        return fail(ErrorCode::InvalidArgument, "clusters add needs either --secret or --kubeconfig", {},
                    "for example: clusters add prod-2 --secret fleet/prod-2-kubeconfig");
    if (!secret) {
        if (auto may = mayNameFiles(caller); !may) return fail(std::move(may).error());
        if (!source.kubeconfig.starts_with('/'))
            return fail(ErrorCode::InvalidArgument, "\"" + source.kubeconfig + "\" is no absolute path", {},
                        "Klaw may run in another directory: write the whole path");
        return source;
    }
    auto reference = secretOf(*secret, line.option("from").value_or(""));
    if (!reference) return fail(std::move(reference).error());
    source.secret = std::move(*reference);
    return source;
}

std::string textOf(const ClusterTrial& trial, bool zh) {
    auto took = std::chrono::ceil<std::chrono::milliseconds>(trial.latency).count();
    auto text = zh ? fmt::format("{}：{}，Kubernetes {}，{} ms 内应答，可读 {} 种资源。\n", trial.name, trial.server,
                                 trial.version, took, trial.readable.size())
                   : fmt::format("{}: {}, Kubernetes {}, answered in {} ms; {} resources can be read.\n", trial.name,
                                 trial.server, trial.version, took, trial.readable.size());
    if (!trial.refused.empty()) text += zh ? "无法读取：\n" : "Cannot be read:\n";
    for (const auto& [resource, why] : trial.refused) text += "  " + resource + ": " + why + "\n";
    return text;
}

Task<Result<Output>> add(Control& control, Caller caller, CommandLine line) {
    auto source = sourceOf(control, caller, line);
    if (!source) co_return fail(std::move(source).error());
    auto trial = co_await control.tryCluster(*source);
    if (!trial) co_return fail(std::move(trial).error().within("nothing was added"));
    if (auto added = control.addCluster(*source); !added) co_return fail(std::move(added).error());
    bool zh = caller.chinese();
    co_return Output((zh ? "已添加，开始监控。\n" : "Added; it is watched from now on.\n") + textOf(*trial, zh));
}

Task<Result<Output>> test(Control& control, Caller caller, CommandLine line) {
    if (line.arguments.size() != 2)
        co_return fail(ErrorCode::InvalidArgument, "clusters test needs a name", {}, "`clusters` lists them");
    auto trial = co_await control.tryCluster(caller, line.arguments[1]);
    if (!trial) co_return fail(std::move(trial).error());
    co_return Output(textOf(*trial, caller.chinese()));
}

Result<std::string> previewRemoval(const Control& control, const Caller& caller, const CommandLine& line) {
    if (line.arguments.size() != 2)
        return fail(ErrorCode::InvalidArgument, "clusters remove needs a name", {}, "`clusters` lists them");
    const auto& name = line.arguments[1];
    if (auto may = control.mayRemove(name); !may) return fail(std::move(may).error());
    std::size_t open = 0;
    control.forEachIncident([&](const rules::Incident& incident) { open += incident.cluster == name; });
    return caller.chinese()
               ? fmt::format("不再监控集群 {}；其 {} 条未恢复的告警将关闭", name, open)
               : fmt::format("cluster {} would not be watched any more; its {} open alerts would be closed", name,
                             open);
}

Result<Output> remove(Control& control, const Caller& caller, const CommandLine& line) {
    auto preview = previewRemoval(control, caller, line);
    if (!preview) return fail(std::move(preview).error());
    if (auto removed = control.removeCluster(line.arguments[1]); !removed) return fail(std::move(removed).error());
    return Output(caller.chinese() ? "已移除 " + line.arguments[1] + "。\n" : "Removed " + line.arguments[1] + ".\n");
}

constexpr std::string_view parts[] = {"list", "add", "test", "remove"};

Task<Result<Output>> clusters(Control& control, Caller caller, CommandLine line) {
    auto part = line.arguments.empty() ? std::string("list") : line.arguments.front();
    if (part == "list") co_return listOf(control, caller);
    if (part == "add") co_return co_await add(control, std::move(caller), std::move(line));
    if (part == "test") co_return co_await test(control, std::move(caller), std::move(line));
    if (part == "remove") co_return remove(control, caller, line);
    auto near = rules::nearest(part, std::vector<std::string_view>(std::begin(parts), std::end(parts)));
    co_return fail(ErrorCode::InvalidArgument, "clusters has no \"" + part + "\"", {},
                   near ? "did you mean clusters " + std::string(*near) + "?" : "there are list, add, test and remove");
}

bool changesClusters(const CommandLine& line) {
    return !line.arguments.empty() && (line.arguments.front() == "add" || line.arguments.front() == "remove");
}

bool removes(const CommandLine& line) {
    return !line.arguments.empty() && line.arguments.front() == "remove";
}

std::string textOf(const Defaults& defaults, bool zh) {
    if (defaults == Defaults())
        return zh ? "未指定默认集群与命名空间。\n" : "No cluster and no namespace in particular.\n";
    std::string text = zh ? "默认" : "This conversation is about";
    if (!defaults.cluster.empty()) text += (zh ? "集群 " : " cluster ") + defaults.cluster;
    if (!defaults.ns.empty())
        text += std::string(defaults.cluster.empty() ? "" : ",") + (zh ? "命名空间 " : " namespace ") + defaults.ns;
    return text + (zh ? "。取消：use none\n" : ". `use none` ends that.\n");
}

Result<Output> use(Control& control, const Caller& caller, const CommandLine& line) {
    bool asks = line.arguments.empty() && line.options.empty();
    if (asks) return Output(textOf(control.defaultsOf(caller), caller.chinese()));
    Defaults wanted;
    bool none = !line.arguments.empty() && line.arguments.front() == "none";
    if (!none) {
        wanted.ns = line.option("namespace").value_or("");
        if (!wanted.ns.empty() && !isNamespace(wanted.ns))
            return fail(ErrorCode::InvalidArgument, "\"" + wanted.ns + "\" is no name of a namespace", {},
                        "names have small letters, digits and -");
        CommandLine named = line;
        if (!line.arguments.empty()) named.options["cluster"] = line.arguments.front();
        if (named.option("cluster")) {
            auto cluster = clusterOf(control, named);
            if (!cluster) return fail(std::move(cluster).error());
            wanted.cluster = std::move(*cluster);
        }
    }
    control.setDefaults(caller, wanted);
    return Output(textOf(wanted, caller.chinese()));
}

bool setsDefaults(const CommandLine& line) {
    return !line.arguments.empty() || line.option("cluster") || line.option("namespace");
}

}  // namespace

std::vector<Verb> clusterVerbs() {
    Verb verb;
    verb.name = "clusters", verb.aliases = {"集群", "cluster"};
    verb.usage =
        "clusters [list | add NAME --secret NAMESPACE/NAME[/KEY] [--from CLUSTER] | add NAME --kubeconfig FILE | test "
        "NAME | "
        "remove NAME] [--context NAME] [--labels env=prod,…] [--read-only] [--impersonate]";
    verb.summary = {"Lists the clusters that are watched; adds, tries and removes some",
                    "列出监控的集群；添加、测试或移除集群"};
    verb.changes = changesClusters;
    verb.preview = previewRemoval;
    verb.confirms = removes;
    verb.ask = clusters;
    verb.permission = "clusters";
    verb.everywhere = true;
    verb.options = {"secret", "from", "kubeconfig", "context", "labels", "read-only", "impersonate", "yes"};
    Verb useVerb;
    useVerb.name = "use", useVerb.aliases = {"使用", "切换"};
    useVerb.usage = "use [CLUSTER | none] [-n NAMESPACE]";
    useVerb.summary = {"Says which cluster and namespace this conversation is about where a command names none",
                       "设置本会话的默认集群与命名空间"};
    useVerb.changes = setsDefaults;
    useVerb.run = use;
    useVerb.permission = "read";
    useVerb.options = {"cluster", "namespace"};
    return {std::move(verb), std::move(useVerb)};
}

}  // namespace klaw::operate
