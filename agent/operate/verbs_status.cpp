// How whole clusters are.
#include <fmt/format.h>

#include <algorithm>

#include "agent/operate/catalogue.hpp"
#include "agent/operate/cluster_checks.hpp"
#include "agent/operate/cluster_choice.hpp"

namespace klaw::operate {
namespace {

/// One row of a table about several clusters, or of the card of one.
std::vector<std::string> rowOf(const Check& check, const std::string& language) {
    return {check.name.in(language), toText(check.state).in(language), check.detail.in(language)};
}

std::string amount(double cpu, double memory) {
    constexpr double mebibyte = 1024.0 * 1024.0;
    return fmt::format("{:.2f} CPU, {:.0f} MiB", cpu, memory / mebibyte);
}

void addConsumers(const rules::LocalizedText& what, const std::vector<Consumer>& consumers, const std::string& language,
                  std::vector<std::vector<std::string>>& rows) {
    std::string shown;
    for (const auto& consumer : consumers)
        shown += (shown.empty() ? "" : "; ") + consumer.name + " " + amount(consumer.cpu, consumer.memory);
    if (!shown.empty()) rows.push_back({what.in(language), "", shown});
}

Table tableOf(std::vector<std::vector<std::string>> rows) {
    return {{{"CHECK", "项目"}, {"STATE", "状态"}, {"DETAIL", "说明"}}, std::move(rows)};
}

Output statusOfOne(const ClusterFacts& facts, TimePoint now, const std::string& language) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& check : checksOf(facts, now)) rows.push_back(rowOf(check, language));
    if (facts.usage) {
        addConsumers({"largest nodes", "用量最大的节点"}, facts.usage->nodes, language, rows);
        addConsumers({"most memory", "内存用量最大"}, facts.usage->pods, language, rows);
        addConsumers({"most CPU", "CPU 用量最大"}, facts.usage->podsByCpu, language, rows);
    }
    return Output(tableOf(std::move(rows)), language);
}

std::string ratio(std::size_t part, std::size_t of, bool cut) {
    return fmt::format("{}/{}{}", part, of, cut ? "+" : "");
}

/// "62%": of what is allocatable that is used; "-" where nobody tells.
std::string used(const ClusterFacts& facts, double UsageFacts::* part, double NodeFacts::* of) {
    if (!facts.usage || !facts.nodes || facts.nodes->cut || (*facts.nodes).*of <= 0) return "-";
    return fmt::format("{:.0f}%", 100 * (*facts.usage).*part / (*facts.nodes).*of);
}

std::vector<std::string> overviewOf(const ClusterFacts& facts, TimePoint now, const std::string& language) {
    auto state = toText(worstOf(checksOf(facts, now))).in(language);
    std::string latency = "-", nodes = "-", workloads = "-", pods = "-";
    if (facts.readiness)
        latency = fmt::format("{} ms", std::chrono::ceil<std::chrono::milliseconds>(facts.readiness->latency).count());
    if (const auto& known = facts.nodes) nodes = ratio(known->nodes - known->notReady.size(), known->nodes, known->cut);
    if (const auto& known = facts.workloads)
        workloads = ratio(known->workloads - known->unavailable.size(), known->workloads, known->cut);
    if (facts.pods) pods = std::to_string(facts.pods->pods);
    return {facts.view.name,
            state,
            facts.view.version,
            latency,
            nodes,
            workloads,
            pods,
            used(facts, &UsageFacts::cpu, &NodeFacts::cpu),
            used(facts, &UsageFacts::memory, &NodeFacts::memory),
            fmt::format("{}/{}", facts.critical, facts.warning)};
}

Output statusOfMany(const std::vector<ClusterFacts>& all, TimePoint now, const std::string& language) {
    std::vector<std::vector<std::string>> rows;
    std::string silent;
    for (const auto& facts : all) {
        rows.push_back(overviewOf(facts, now, language));
        if (!facts.readiness)
            silent += facts.view.name + ": " + checksOf(facts, now).front().detail.in(language) + "\n";
    }
    Table table{{{"CLUSTER", "集群"},
                 {"STATE", "状态"},
                 {"VERSION", "版本"},
                 {"API", "API 延迟"},
                 {"NODES", "节点"},
                 {"WORKLOADS", "工作负载"},
                 {"PODS", "Pod"},
                 {"CPU", "CPU"},
                 {"MEMORY", "内存"},
                 {"ALERTS", "告警（严重/其他）"}},
                std::move(rows)};
    return Output(std::move(table), language, silent);
}

/// Worst first; of several clusters only what is not well.
Output healthOf(const std::vector<ClusterFacts>& all, TimePoint now, const std::string& language) {
    bool zh = language.starts_with("zh"), several = all.size() > 1;
    struct Found {
        std::string cluster;
        Check check;
    };
    std::vector<Found> found;
    std::string well;
    std::size_t checked = 0;
    for (const auto& facts : all) {
        auto checks = checksOf(facts, now);
        bool allGood = worstOf(checks) == Check::State::Good;
        if (allGood) checked += checks.size();
        if (allGood) well += (well.empty() ? "" : ", ") + facts.view.name;
        for (auto& check : checks)
            if (!several || check.state != Check::State::Good) found.push_back({facts.view.name, std::move(check)});
    }
    std::ranges::stable_sort(found, std::ranges::greater(), [](const Found& each) { return each.check.state; });
    std::vector<std::vector<std::string>> rows;
    for (const auto& each : found) {
        rows.push_back(rowOf(each.check, language));
        if (several) rows.back().insert(rows.back().begin(), each.cluster);
    }
    std::string below;
    if (!well.empty())
        below = zh ? fmt::format("一切正常：{}（共 {} 项检查）\n", well, checked)
                   : fmt::format("All is well in {} ({} checks).\n", well, checked);
    if (rows.empty()) return Output(below);
    auto table = tableOf(std::move(rows));
    if (several) table.columns.insert(table.columns.begin(), {"CLUSTER", "集群"});
    return Output(std::move(table), language, below);
}

/// `status prod-1` names a cluster as `--cluster prod-1` does.
Result<std::vector<std::string>> clustersMeant(const Control& control, const Caller& caller, CommandLine line) {
    if (!line.arguments.empty()) line.options["cluster"] = line.arguments.front();
    if (auto chosen = control.defaultsOf(caller).cluster; !chosen.empty()) line.options.emplace("cluster", chosen);
    if (!line.option("cluster") && control.clusters().size() > 1) line.options["cluster"] = "all";
    return clustersOf(control, line);
}

Task<Result<Output>> status(Control& control, Caller caller, CommandLine line) {
    auto clusters = clustersMeant(control, caller, line);
    if (!clusters) co_return fail(std::move(clusters).error());
    auto all = co_await factsOf(control, caller, std::move(*clusters), line.option("namespace").value_or(""));
    if (all.size() == 1) co_return statusOfOne(all.front(), control.now(), caller.language);
    co_return statusOfMany(all, control.now(), caller.language);
}

Task<Result<Output>> health(Control& control, Caller caller, CommandLine line) {
    auto clusters = clustersMeant(control, caller, line);
    if (!clusters) co_return fail(std::move(clusters).error());
    auto all = co_await factsOf(control, caller, std::move(*clusters), line.option("namespace").value_or(""));
    co_return healthOf(all, control.now(), caller.language);
}

}  // namespace

std::vector<Verb> statusVerbs() {
    Verb status_, health_;
    status_.name = "status", status_.aliases = {"状态", "概览"};
    status_.usage = "status [CLUSTER] [-n NAMESPACE] [--cluster CLUSTER]";
    status_.summary = {"Shows how a cluster is and what uses most of it, or one line for each of several",
                       "查看集群概况与用量；多个集群时每个一行"};
    status_.ask = status;
    status_.everywhere = true;
    health_.name = "health", health_.aliases = {"健康", "体检"};
    health_.usage = "health [CLUSTER] [-n NAMESPACE] [--cluster CLUSTER]";
    health_.summary = {"Checks the API server, control plane, nodes, workloads, capacity and certificates; worst first",
                       "检查 API Server、控制面、节点、工作负载、容量与证书，异常在前"};
    health_.ask = health;
    health_.everywhere = true;
    return {std::move(status_), std::move(health_)};
}

}  // namespace klaw::operate
