#include "agent/app/metric_board.hpp"

#include <algorithm>

namespace klaw::app {
namespace {

using Of = rules::BuiltinMetric::Source;
constexpr std::string_view ofPods = "pod ", ofPromql = "promql ";

/// How the names of the sources of such metrics begin.
std::string_view prefixOf(Of source) {
    switch (source) {
        case Of::MetricsApi:
            return "metrics.k8s.io/";
        case Of::Objects:
            return "objects";
        case Of::ApiServer:
            return "api server";
        case Of::NodeLeases:
            return "leases of nodes";
        case Of::ComponentLeases:
            return "leases of components";
        case Of::Certificates:
            return "certificates of ";
        case Of::Agent:
            return "klaw";
        default:
            return "kubelet ";
    }
}

bool isOfKubelets(Of source) {
    return source == Of::Kubelet || source == Of::KubeletResource || source == Of::KubeletCadvisor;
}

/// Pages may have what kubelets write as well; what Klaw makes of it only the kubelets have.
bool isOfPages(Of source) {
    return source == Of::KubeletResource || source == Of::KubeletCadvisor;
}

/// Whether it is asked for a page, and not by one of the ways that Klaw knows by itself.
bool isPage(std::string_view source) {
    if (source.starts_with(ofPromql)) return false;
    auto begins = [&](const rules::BuiltinMetric& metric) { return source.starts_with(prefixOf(metric.source)); };
    return std::ranges::none_of(rules::builtinMetrics(), begins);
}

bool isRefused(const MetricSourceStatus& status) {
    return status.errorCode == ErrorCode::PermissionDenied || status.errorCode == ErrorCode::Unauthenticated ||
           (status.errorCode == ErrorCode::NotFound && !status.lastAnswer);
}

std::string describe(const MetricSourceStatus& status) {
    return status.source + " of " + status.cluster + ": " + status.lastError;
}

}  // namespace

MetricSourceStatus& MetricBoard::statusOf(std::string_view cluster, std::string_view source) {
    auto& status = status_[{std::string(cluster), std::string(source)}];
    status.cluster = cluster;
    status.source = source;
    return status;
}

bool MetricBoard::answered(std::string_view cluster, std::string_view source, const std::vector<rules::Sample>& samples,
                           TimePoint now) {
    auto& status = statusOf(cluster, source);
    bool failed = !status.lastError.empty();
    status.lastError.clear();
    status.errorCode.reset();
    status.failingSince.reset();
    status.lastAnswer = now;
    status.samples = samples.size();
    status.pageNames.clear();
    for (const auto& sample : samples)
        if (!status.pageNames.contains(sample.metric) && !rules::findBuiltinMetric(sample.metric))
            status.pageNames.insert(sample.metric);
    return failed;
}

bool MetricBoard::failed(std::string_view cluster, std::string_view source, const Error& error, TimePoint now) {
    auto& status = statusOf(cluster, source);
    auto text = error.describe();
    bool news = status.lastError != text;
    status.lastError = std::move(text);
    status.errorCode = error.code;
    status.failingSince = status.failingSince.value_or(now);
    status.samples = 0;
    ++status.failures;
    return news;
}

void MetricBoard::forget(const std::set<Source>& sources) {
    for (const auto& source : sources) status_.erase(source);
}

std::vector<MetricSourceStatus> MetricBoard::all() const {
    std::vector<MetricSourceStatus> all;
    for (const auto& [source, status] : status_) all.push_back(status);
    return all;
}

std::string MetricBoard::failing(std::string_view prefix) const {
    for (const auto& [source, status] : status_)
        if (source.second.starts_with(prefix) && !status.lastError.empty()) return describe(status);
    return {};
}

std::string MetricBoard::unavailable(const rules::Rule& rule) const {
    if (rule.kind == rules::Rule::Kind::Promql) {
        if (!asked_.prometheus) return "no Prometheus server is configured (`metrics.prometheus`)";
        auto asked = std::string(ofPromql) + rule.name;
        bool known = false;
        for (const auto& [source, status] : status_) {
            if (source.second != asked) continue;
            if (!status.lastError.empty()) return describe(status);
            known = true;
        }
        return known ? "" : "Prometheus has not been asked yet";
    }
    if (rule.kind != rules::Rule::Kind::Metric) return {};
    const auto* builtin = rules::findBuiltinMetric(rule.series.metric);
    return builtin ? unansweredBuiltin(*builtin) : unansweredPage(rule.series.metric);
}

std::string MetricBoard::unansweredBuiltin(const rules::BuiltinMetric& metric) const {
    auto prefix = prefixOf(metric.source);
    bool kubelets = isOfKubelets(metric.source);
    if (kubelets && !asked_.kubelets)
        return isOfPages(metric.source) && asked_.pages ? std::string()
                                                        : "the kubelets are not asked (`metrics.kubelets: true`)";
    if (auto reason = failing(prefix); !reason.empty()) return reason;
    auto clusters = asked_.clusters;
    if (metric.source == Of::Agent) clusters = {std::string(rules::agentCluster)};
    for (const auto& cluster : clusters) {
        auto ofCluster = [&](const auto& entry) {
            return entry.first.first == cluster && entry.first.second.starts_with(prefix);
        };
        if (std::ranges::none_of(status_, ofCluster))
            return std::string(rules::describeSource(metric.name)) + " of " + cluster + ": no answer yet";
    }
    return {};
}

/// A metric that one of the pages has is there, whatever becomes of the others.
std::string MetricBoard::unansweredPage(std::string_view metric) const {
    if (!asked_.pages)
        return "no page is asked for \"" + std::string(metric) + "\" (`metrics.targets`, or `metrics.pods: true`)";
    std::string reason;
    std::size_t answers = 0;
    for (const auto& [source, status] : status_) {
        if (!isPage(source.second)) continue;
        if (status.pageNames.contains(metric)) return {};
        answers += status.lastError.empty();
        if (reason.empty() && !status.lastError.empty()) reason = describe(status);
    }
    if (!reason.empty()) return reason;
    if (answers == 0) return "no page has answered yet";
    return "\"" + std::string(metric) + "\" is on none of the pages that are asked: " + std::to_string(answers);
}

std::vector<scrape::SourceSilence> MetricBoard::silences(std::string_view cluster, TimePoint now) const {
    constexpr Duration sure = 30s;  // a first failure says nothing of how long it has been so
    std::vector<scrape::SourceSilence> silences;
    for (const auto& [source, status] : status_) {
        if (source.first != cluster || source.second.starts_with(ofPods) || isRefused(status)) continue;
        if (!status.failingSince) {
            silences.push_back({source.second, {}});
            continue;
        }
        auto lasts = now - status.lastAnswer.value_or(*status.failingSince);
        if (status.lastAnswer || lasts >= sure) silences.push_back({source.second, lasts});
    }
    return silences;
}

}  // namespace klaw::app
