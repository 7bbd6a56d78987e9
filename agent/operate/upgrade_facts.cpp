#include <algorithm>
#include <set>

#include "agent/operate/planned_object.hpp"
#include "agent/operate/upgrade_preflight.hpp"
#include "base/percent.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

constexpr std::size_t mostServices = 50;

Result<std::string> textOf(Result<Answer> answer) {
    if (!answer) return fail(std::move(answer).error());
    return std::move(answer->text);
}

/// "namespace/name" of the services behind the webhooks without which objects are refused.
void addServices(const Result<std::string>& configurations, std::set<std::string>& services) {
    if (!configurations) return;
    auto list = Json::parse(*configurations, nullptr, false);
    for (const auto& configuration : listAt(list, "/items"))
        for (const auto& hook : listAt(configuration, "/webhooks")) {
            auto name = textAt(hook, "/clientConfig/service/name");
            if (textAt(hook, "/failurePolicy") == "Ignore" || name.empty()) continue;
            services.insert(textAt(hook, "/clientConfig/service/namespace") + "/" + name);
        }
}

Question endpointsOf(const std::string& cluster, const std::string& service) {
    auto slash = service.find('/');
    return {cluster, "/apis/discovery.k8s.io/v1/namespaces/" + percentEncode(service.substr(0, slash)) +
                         "/endpointslices?limit=500&labelSelector=" +
                         percentEncode("kubernetes.io/service-name=" + service.substr(slash + 1))};
}

/// One of some namespaces would not bring the cluster back.
void addBackups(Control& control, const std::string& cluster, UpgradeFacts& facts) {
    auto* keeper = control.backups();
    if (!keeper) return;
    for (const auto& backup : keeper->backups()) {
        if (backup.cluster != cluster || !backup.namespaces.empty()) continue;
        facts.backups.push_back(backup.name + (backup.lastError.empty() ? "" : ": " + backup.lastError));
        if (backup.lastSuccess) facts.lastBackup = std::max(facts.lastBackup, backup.lastSuccess);
    }
}

}  // namespace

Task<UpgradeFacts> upgradeFactsOf(Control& control, Caller caller, std::string cluster) {
    UpgradeFacts facts;
    addBackups(control, cluster, facts);
    for (const auto& view : control.clusters())
        if (view.name == cluster) facts.version = view.version;
    const std::vector<std::pair<std::string, std::string>> kinds{
        {"horizontalpodautoscalers", "/apis/autoscaling/v2/horizontalpodautoscalers"},
        {"cronjobs", "/apis/batch/v1/cronjobs"},
        {"poddisruptionbudgets", "/apis/policy/v1/poddisruptionbudgets"},
        {"flowschemas", "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas"},
        {"prioritylevelconfigurations", "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations"}};
    std::vector<Question> questions{
        {cluster, "/api/v1/nodes?limit=500"},
        {cluster, "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations?limit=500"},
        {cluster, "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations?limit=500"},
        {cluster, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?limit=500"},
        {cluster, "/metrics", "text/plain"}};
    for (const auto& [name, path] : kinds) questions.push_back({cluster, path + "?limit=500"});
    auto answers = co_await control.askClusters(caller, std::move(questions));
    if (answers[0]) facts.certificateEnds = answers[0]->certificateEnds;
    facts.nodes = textOf(std::move(answers[0]));
    facts.validating = textOf(std::move(answers[1]));
    facts.mutating = textOf(std::move(answers[2]));
    facts.definitions = textOf(std::move(answers[3]));
    facts.metrics = textOf(std::move(answers[4]));
    constexpr std::size_t before = 5;
    for (std::size_t i = 0; i < kinds.size(); ++i)
        facts.stored.emplace(kinds[i].first, textOf(std::move(answers[before + i])));
    facts.budgets = facts.stored.at("poddisruptionbudgets");

    std::set<std::string> services;
    addServices(facts.validating, services);
    addServices(facts.mutating, services);
    std::vector<Question> more;
    std::vector<std::string> asked;
    for (const auto& service : services) {
        if (asked.size() == mostServices) break;
        asked.push_back(service);
        more.push_back(endpointsOf(cluster, service));
    }
    auto endpoints = co_await control.askClusters(std::move(caller), std::move(more));
    for (std::size_t i = 0; i < asked.size(); ++i) facts.services.emplace(asked[i], textOf(std::move(endpoints[i])));
    co_return facts;
}

}  // namespace klaw::operate
