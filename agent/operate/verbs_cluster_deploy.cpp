// `cluster deploy`: a new cluster from a ClusterClass or a template, by Cluster API.
// https://cluster-api.sigs.k8s.io/tasks/experimental-features/cluster-class/operate-cluster
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "agent/operate/always.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/cluster_api.hpp"
#include "agent/operate/cluster_choice.hpp"
#include "agent/operate/cluster_template.hpp"
#include "agent/operate/kubernetes_version.hpp"
#include "base/digest.hpp"
#include "base/percent.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

constexpr auto asJson = "application/json";
/// As the quick start of Cluster API has them.
constexpr auto usualPods = "192.168.0.0/16", usualServices = "10.128.0.0/12";
constexpr int mostMachines = 1000;

tl::unexpected<Error> unfit(std::string message, std::string remedy) {
    return fail(ErrorCode::InvalidArgument, std::move(message), {}, std::move(remedy));
}

std::string namesOf(const Json& list, const char* pointer) {
    std::string names;
    for (const auto& each : list) names += (names.empty() ? "" : ", ") + notifiers::oneLine(textAt(each, pointer));
    return names;
}

Result<int> machinesOf(const std::string& written) {
    int number = 0;
    auto read = std::from_chars(written.data(), written.data() + written.size(), number);
    bool fine =
        read.ec == std::errc() && read.ptr == written.data() + written.size() && number >= 0 && number <= mostMachines;
    if (!fine) return unfit("\"" + written + "\" is no number of machines", "write 0 to 1000");
    return number;
}

/// A control plane has an etcd, which counts votes.
Result<int> leadersOf(const CommandLine& line) {
    auto number = machinesOf(line.option("control-plane").value_or("1"));
    if (!number) return number;
    if (*number % 2 == 0 || *number > 7)
        return unfit("a control plane of " + std::to_string(*number) + " machines has no useful majority",
                     "write --control-plane 1, 3 or 5");
    return number;
}

/// The class that the command names, else the only one there is.
Task<Result<Json>> classOf(Control& control, Caller caller, Plan plan, std::string wanted) {
    auto body = co_await control.askCluster(std::move(caller), plan.cluster,
                                            clusterApiPath(plan.ns, "clusterclasses") + "?limit=500", asJson);
    if (!body) co_return fail(std::move(body).error());
    auto list = Json::parse(*body, nullptr, false);
    const auto& classes = listAt(list, "/items");
    auto names = namesOf(classes, "/metadata/name");
    if (classes.empty())
        co_return fail(ErrorCode::NotFound, "there is no ClusterClass in the namespace " + plan.ns, {},
                       "make one, or copy one of the provider's there: `apply -n " + plan.ns + "`");
    if (wanted.empty() && classes.size() > 1)
        co_return unfit("which class is meant? There are " + names, "add --class NAME");
    for (const auto& each : classes)
        if (wanted.empty() || textAt(each, "/metadata/name") == wanted) co_return each;
    co_return fail(ErrorCode::NotFound, "there is no ClusterClass \"" + wanted + "\" in " + plan.ns, {},
                   "there are " + names);
}

/// "3", or "small=2,large=1" where a class has several kinds of workers.
Result<Json> workersOf(const CommandLine& line, const Json& clusterClass) {
    const auto& kinds = listAt(clusterClass, "/spec/workers/machineDeployments");
    auto names = namesOf(kinds, "/class");
    Json deployments = Json::array();
    for (const auto& part : splitAtCommas(line.option("workers").value_or("1"))) {
        auto equals = part.find('=');
        auto kind = equals == std::string::npos ? std::string() : part.substr(0, equals);
        auto number = machinesOf(equals == std::string::npos ? part : part.substr(equals + 1));
        if (!number) return fail(std::move(number).error());
        if (*number == 0) continue;
        if (kinds.empty()) return unfit("the class has no workers", "write --workers 0");
        if (kind.empty() && kinds.size() > 1)
            return unfit("which workers are meant? The class has " + names, "write --workers CLASS=NUMBER");
        if (kind.empty()) kind = textAt(kinds.front(), "/class");
        bool known = std::ranges::any_of(kinds, [&](const Json& each) { return textAt(each, "/class") == kind; });
        if (!known) return unfit("the class has no workers \"" + kind + "\"", "it has " + names);
        deployments.push_back(
            {{"class", kind}, {"name", "md-" + std::to_string(deployments.size())}, {"replicas", *number}});
    }
    return deployments;
}

/// As the schema of the variable wants it.
Result<Json> valueOf(const Json& variable, const std::string& name, const std::string& written) {
    auto type = textAt(variable, "/schema/openAPIV3Schema/type");
    if (type == "string" || type.empty()) return Json(written);
    auto value = Json::parse(written, nullptr, false);
    bool fits = (type == "integer" && value.is_number_integer()) || (type == "number" && value.is_number()) ||
                (type == "boolean" && value.is_boolean()) || (type == "object" && value.is_object()) ||
                (type == "array" && value.is_array());
    if (!fits) return unfit("the variable " + name + " is of the type " + type + ", not \"" + written + "\"", {});
    return value;
}

Result<Json> variablesOf(const std::vector<std::string>& words, const Json& clusterClass) {
    const auto& known = listAt(clusterClass, "/spec/variables");
    Json variables = Json::array();
    for (const auto& word : words) {
        auto equals = word.find('=');
        if (equals == std::string::npos) return unfit("\"" + word + "\" is no variable", "write KEY=VALUE");
        auto name = word.substr(0, equals);
        auto found = std::ranges::find_if(known, [&](const Json& each) { return textAt(each, "/name") == name; });
        if (found == known.end())
            return unfit("the class has no variable \"" + name + "\"",
                         known.empty() ? "it has none" : "it has " + namesOf(known, "/name"));
        auto value = valueOf(*found, name, word.substr(equals + 1));
        if (!value) return value;
        variables.push_back({{"name", name}, {"value", *value}});
    }
    for (const auto& variable : known) {
        auto name = textAt(variable, "/name");
        bool needed =
            valueAt(variable, "/required") == true && valueAt(variable, "/schema/openAPIV3Schema/default").is_null();
        bool given = std::ranges::any_of(variables, [&](const Json& each) { return textAt(each, "/name") == name; });
        if (needed && !given) return unfit("the class wants the variable " + name, "add " + name + "=VALUE");
    }
    return variables;
}

Result<KubernetesVersion> versionOf(const CommandLine& line) {
    auto written = line.option("version").value_or("");
    auto version = parseKubernetesVersion(written);
    if (version) return *version;
    return unfit(written.empty() ? "cluster deploy needs the version of Kubernetes"
                                 : "\"" + written + "\" is no version of Kubernetes",
                 "for example --version v1.34.2");
}

/// A label of DNS: it is part of the names of machines.
bool isNameOfCluster(const std::string& name) {
    constexpr std::size_t longest = 40;
    auto fine = [](unsigned char c) { return std::islower(c) || std::isdigit(c) || c == '-'; };
    return !name.empty() && name.size() <= longest && std::ranges::all_of(name, fine) && name.front() != '-' &&
           name.back() != '-';
}

/// Where the cluster is going to be, before anything is known of it.
Task<Result<Plan>> placeOf(Control& control, Caller caller, CommandLine line) {
    Plan plan;
    auto cluster = clusterOf(control, line);
    if (!cluster) co_return fail(std::move(cluster).error());
    plan.cluster = *cluster;
    plan.kind = "Cluster";
    plan.name = line.arguments.empty() ? std::string() : line.arguments.front();
    plan.ns = line.option("namespace").value_or("");
    plan.registers = line.option("as").value_or(plan.name);
    if (!isNameOfCluster(plan.name) || !isNameOfCluster(plan.registers) || plan.ns.empty())
        co_return unfit("cluster deploy needs a name of small letters, digits and hyphens, and the namespace",
                        "for example: cluster deploy staging --class quick-start --version v1.34.2 -n fleet");
    for (const auto& watched : control.clusters())
        if (watched.name == plan.registers)
            co_return fail(ErrorCode::Conflict, "a cluster \"" + plan.registers + "\" is watched already", {},
                           "add --as NAME, by which the new one is watched");
    if (auto there = co_await requireClusterApi(control, caller, plan.cluster); !there)
        co_return fail(std::move(there).error());
    plan.request.method = "POST";
    plan.request.contentType = asJson;
    plan.request.path = clusterApiPath(plan.ns, "clusters");
    plan.path = plan.evidence = plan.request.path + "/" + percentEncode(plan.name);
    auto there = co_await control.askCluster(std::move(caller), plan.cluster, plan.path, asJson);
    if (there) co_return fail(ErrorCode::Conflict, "there is a " + plan.title() + " already");
    if (there.error().code != ErrorCode::NotFound) co_return fail(std::move(there).error());
    co_return plan;
}

/// What clusterctl would take from the command and from the environment.
Result<std::map<std::string, std::string>> valuesOf(const Plan& plan, const KubernetesVersion& version, int leaders,
                                                    const CommandLine& line) {
    for (const char* option : {"class", "pod-cidr", "service-cidr"})
        if (line.option(option))
            return unfit(std::string("--") + option + " is for a ClusterClass", "the template has values of its own");
    auto workers = machinesOf(line.option("workers").value_or("1"));
    if (!workers) return fail(std::move(workers).error());
    std::map<std::string, std::string> values{{"CLUSTER_NAME", plan.name},
                                              {"NAMESPACE", plan.ns},
                                              {"KUBERNETES_VERSION", version.text()},
                                              {"CONTROL_PLANE_MACHINE_COUNT", std::to_string(leaders)},
                                              {"WORKER_MACHINE_COUNT", std::to_string(*workers)}};
    for (std::size_t i = 1; i < line.arguments.size(); ++i) {
        const auto& word = line.arguments[i];
        auto equals = word.find('=');
        if (equals == std::string::npos) return unfit("\"" + word + "\" is no variable", "write KEY=VALUE");
        values.try_emplace(word.substr(0, equals), word.substr(equals + 1));
    }
    return values;
}

/// The object of one plan, and the rest of what makes it.
void saySummary(Plan& plan, const KubernetesVersion& version, bool chinese) {
    plan.rollout = true;
    plan.summary =
        fmt::format(fmt::runtime(chinese ? "部署 {}（{}）" : "deploy {} at {}"), plan.title(), version.text());
    plan.notes.push_back(fmt::format(
        fmt::runtime(chinese ? "就绪后以 {} 加入监控" : "once it is ready it is watched as {}"), plan.registers));
}

Task<Result<Plan>> planFromTemplate(Control& control, Caller caller, Plan plan, std::string where,
                                    std::map<std::string, std::string> values) {
    auto parts = co_await templatedCluster(control, std::move(caller), plan, std::move(where), std::move(values));
    if (!parts) co_return fail(std::move(parts).error());
    plan.request = {};
    std::string states;
    for (const auto& part : *parts) states += part.target() + "=" + part.expectation() + part.request.body + "\n";
    constexpr std::size_t enough = 16;
    plan.state = "v" + sha256Hex(states).substr(0, enough);
    plan.parts = std::move(*parts);
    co_return plan;
}

Task<Result<Plan>> planDeploy(Control& control, Caller caller, CommandLine line) {
    auto plan = co_await placeOf(control, caller, line);
    if (!plan) co_return fail(std::move(plan).error());
    auto version = versionOf(line);
    if (!version) co_return fail(std::move(version).error());
    auto leaders = leadersOf(line);
    if (!leaders) co_return fail(std::move(leaders).error());
    saySummary(*plan, *version, caller.chinese());
    if (auto where = line.option("template")) {
        auto values = valuesOf(*plan, *version, *leaders, line);
        if (!values) co_return fail(std::move(values).error());
        co_return co_await planFromTemplate(control, std::move(caller), std::move(*plan), std::move(*where),
                                            std::move(*values));
    }
    auto wantedClass = line.option("class").value_or("");
    auto clusterClass = co_await classOf(control, caller, *plan, std::move(wantedClass));
    if (!clusterClass) co_return fail(std::move(clusterClass).error());
    auto workers = workersOf(line, *clusterClass);
    if (!workers) co_return fail(std::move(workers).error());
    std::vector<std::string> words(line.arguments.begin() + 1, line.arguments.end());
    auto variables = variablesOf(words, *clusterClass);
    if (!variables) co_return fail(std::move(variables).error());

    Json topology{{"class", textAt(*clusterClass, "/metadata/name")},
                  {"version", version->text()},
                  {"controlPlane", {{"replicas", *leaders}}}};
    if (!workers->empty()) topology["workers"]["machineDeployments"] = *workers;
    if (!variables->empty()) topology["variables"] = *variables;
    Json network{{"pods", {{"cidrBlocks", splitAtCommas(line.option("pod-cidr").value_or(usualPods))}}},
                 {"services", {{"cidrBlocks", splitAtCommas(line.option("service-cidr").value_or(usualServices))}}},
                 {"serviceDomain", "cluster.local"}};
    Json object{{"apiVersion", clusterApiVersion},
                {"kind", "Cluster"},
                {"metadata", {{"name", plan->name}, {"namespace", plan->ns}}},
                {"spec", {{"clusterNetwork", std::move(network)}, {"topology", std::move(topology)}}}};
    plan->request.body = plan->wanted = object.dump(-1, ' ', false, Json::error_handler_t::replace);
    co_return std::move(*plan);
}

}  // namespace

std::vector<Verb> clusterDeployVerbs() {
    Verb verb;
    verb.name = "cluster deploy", verb.aliases = {"部署集群"};
    verb.usage =
        "cluster deploy NAME --version v1.34.2 -n NAMESPACE [--class CLASS | --template CONFIGMAP] [--control-plane 1] "
        "[--workers 1 | "
        "KIND=1,…] [KEY=VALUE…] [--pod-cidr RANGE] [--service-cidr RANGE] [--as NAME] [--cluster CLUSTER] [--yes]";
    verb.summary = {
        "Makes a cluster from a ClusterClass or a template of Cluster API, follows it, and watches it once it is ready",
        "通过 Cluster API 的 ClusterClass 或模板创建集群，跟踪进度，就绪后加入监控"};
    verb.changes = always;
    verb.plan = planDeploy;
    verb.danger = Danger::Medium;
    verb.permission = "clusters";
    verb.options = {"version", "class", "template", "control-plane", "workers", "pod-cidr", "service-cidr", "as"};
    return {std::move(verb)};
}

}  // namespace klaw::operate
