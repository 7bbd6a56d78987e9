#include "agent/app/metric_watch.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

#include "agent/scrape/capacity_source.hpp"
#include "agent/scrape/certificate_source.hpp"
#include "agent/scrape/kubelet_certificate_source.hpp"
#include "agent/scrape/kubelet_source.hpp"
#include "agent/scrape/lease_source.hpp"
#include "agent/scrape/metrics_api_source.hpp"
#include "agent/scrape/pod_source.hpp"
#include "rules/metric/builtin_metrics.hpp"

namespace klaw::app {
namespace {

using Source = rules::BuiltinMetric::Source;

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
}

/// How the names of the sources of such metrics begin.
std::string_view prefixOf(Source source) {
    switch (source) {
        case Source::MetricsApi:
            return "metrics.k8s.io/";
        case Source::Objects:
            return "objects";
        case Source::ApiServer:
            return "api server";
        case Source::NodeLeases:
            return "leases of nodes";
        case Source::ComponentLeases:
            return "leases of components";
        case Source::Certificates:
            return "certificates of ";
        case Source::Agent:
            return "klaw";
        default:
            return "kubelet ";
    }
}

bool isPage(Source source) {
    return source == Source::KubeletResource || source == Source::KubeletCadvisor;
}

/// Where the metrics that rules read come from.
std::set<Source> sourcesOf(const rules::RuleSet& rules) {
    std::set<Source> sources;
    for (const auto& rule : rules.rules()) {
        const auto* builtin = rules::findBuiltinMetric(rule.series.metric);
        if (rule.kind == rules::Rule::Kind::Metric && builtin) sources.insert(builtin->source);
    }
    return sources;
}

scrape::HttpTarget targetOf(const MetricTargetConfig& config, const std::string& cluster, Duration every) {
    scrape::HttpTarget target;
    target.name = config.name;
    target.cluster = cluster;
    target.url = config.url;
    target.token = config.token;
    target.tokenFile = config.tokenFile;
    target.labels = config.labels;
    target.every = config.every.value_or(every);
    return target;
}

}  // namespace

MetricWatch::MetricWatch(Loop& loop, LoopClock& clock, Random& random, net::HttpClient& client,
                         const rules::ObjectSource& objects, MetricEvents events)
    : loop_(loop),
      clock_(clock),
      random_(random),
      client_(client),
      objects_(objects),
      events_(std::move(events)),
      ending_(loop, reportFailure) {}

void MetricWatch::follow(std::shared_ptr<const rules::RuleSet> rules, const MetricsConfig& config,
                         const Clusters& clusters) {
    endRunning();
    status_.clear();
    running_ = std::make_unique<TaskGroup>(loop_, reportFailure);
    auto wanted = [rules](std::string_view name) { return !rules->rulesForMetric(name).empty(); };
    auto sources = sourcesOf(*rules);
    for (const auto& cluster : clusters) {
        addBuiltin(*cluster, sources, config, wanted);
        if (config.pods)
            add(std::make_unique<scrape::PodSource>(client_, objects_, cluster->name(), config.every, wanted));
    }
    if (sources.contains(Source::Agent)) add(std::make_unique<scrape::AgentSource>(config.every, events_.channels));
    auto clusterOf = [&](const MetricTargetConfig& target) {
        if (!target.cluster.empty() || clusters.empty()) return target.cluster;
        return clusters.front()->name();
    };
    pagesAsked_ = config.pods || !config.targets.empty();
    for (const auto& target : config.targets)
        add(std::make_unique<scrape::TextSource>(client_, targetOf(target, clusterOf(target), config.every), wanted));
    promqlMissing_ = config.prometheus.empty();
    for (const auto& server : config.prometheus)
        for (auto position : rules->promqlRules())
            add(std::make_unique<scrape::PromqlSource>(client_, targetOf(server, clusterOf(server), config.every),
                                                       rules->rules()[position]));
}

void MetricWatch::addBuiltin(ClusterWatch& cluster, const std::set<Source>& sources, const MetricsConfig& config,
                             const std::function<bool(std::string_view)>& wanted) {
    auto& server = cluster.server();
    std::set<Source> pages;
    for (auto page : {Source::Kubelet, Source::KubeletResource, Source::KubeletCadvisor})
        if (sources.contains(page) && config.kubelets) pages.insert(page);
    if (!pages.empty()) add(std::make_unique<scrape::KubeletSource>(server, objects_, config.every, pages, wanted));
    if (sources.contains(Source::MetricsApi))
        add(std::make_unique<scrape::MetricsApiSource>(server, objects_, config.every));
    if (sources.contains(Source::Objects))
        add(std::make_unique<scrape::CapacitySource>(objects_, cluster.name(), config.every,
                                                     [&cluster] { return cluster.ready(); }));
    if (sources.contains(Source::ApiServer))
        add(std::make_unique<scrape::ApiServerSource>(server, config.every, [&cluster] { return cluster.outages(); }));
    if (sources.contains(Source::NodeLeases))
        add(std::make_unique<scrape::LeaseSource>(server, objects_, clock_, scrape::LeaseSource::Of::Nodes));
    if (sources.contains(Source::ComponentLeases))
        add(std::make_unique<scrape::LeaseSource>(server, objects_, clock_, scrape::LeaseSource::Of::Components));
    if (sources.contains(Source::Certificates))
        add(std::make_unique<scrape::CertificateSource>(server, clock_, config.secrets));
    if (sources.contains(Source::Certificates) && config.kubeletCertificates)
        add(std::make_unique<scrape::KubeletCertificateSource>(loop_, server, clock_));
}

void MetricWatch::add(std::unique_ptr<scrape::MetricSource> source) {
    auto name = source->name();
    running_->spawn(std::move(name), run(std::shared_ptr<scrape::MetricSource>(std::move(source))));
}

/// Sources do not all ask in the same moment.
Task<void> MetricWatch::run(std::shared_ptr<scrape::MetricSource> source) {
    constexpr Duration first = 2s;
    co_await clock_.sleepFor(std::chrono::duration_cast<Duration>(first * random_.fraction()));
    for (;;) {
        co_await source->look(*this);
        co_await clock_.sleepFor(source->every());
    }
}

void MetricWatch::samples(std::string_view cluster, std::string_view source, std::string_view rule,
                          const std::vector<rules::Sample>& samples) {
    auto& status = status_[{std::string(cluster), std::string(source)}];
    if (!status.lastError.empty()) spdlog::info("cluster {}: {} answers again", cluster, source);
    status = {std::string(cluster), std::string(source), {}, clock_.now(), samples.size()};
    events_.samples({cluster, source, rule, samples});
}

void MetricWatch::lost(std::string_view cluster, std::string_view source, const Error& error) {
    auto& status = status_[{std::string(cluster), std::string(source)}];
    auto text = error.describe();
    // Many clusters have no metrics-server, say; the rules that would read from it say so.
    bool notInstalled = error.code == ErrorCode::NotFound;
    if (status.lastError != text)
        spdlog::log(notInstalled ? spdlog::level::info : spdlog::level::warn, "cluster {}: no metrics from {}: {}",
                    cluster, source, text);
    status.cluster = cluster;
    status.source = source;
    status.lastError = std::move(text);
    status.samples = 0;
    events_.lost(cluster, source, error);
}

void MetricWatch::endRunning() {
    if (!running_) return;
    auto end = [](std::unique_ptr<TaskGroup> group) -> Task<void> { co_await group->stop(); };
    ending_.spawn("end of metric sources", end(std::move(running_)));
}

Task<void> MetricWatch::settled() {
    while (!ending_.empty()) co_await clock_.sleepFor(10ms);
}

Task<void> MetricWatch::stop() {
    if (running_) co_await running_->stop();
    co_await ending_.stop();
}

std::vector<MetricSourceStatus> MetricWatch::status() const {
    std::vector<MetricSourceStatus> all;
    for (const auto& [key, status] : status_) all.push_back(status);
    return all;
}

std::string MetricWatch::unavailable(const rules::Rule& rule) const {
    auto failing = [&](auto isSource) -> std::string {
        for (const auto& [key, status] : status_)
            if (isSource(status.source) && !status.lastError.empty())
                return status.source + " of " + status.cluster + ": " + status.lastError;
        return {};
    };
    if (rule.kind == rules::Rule::Kind::Promql) {
        if (promqlMissing_) return "no Prometheus server is configured (`metrics.prometheus`)";
        return failing([&](const std::string& source) { return source == "promql " + rule.name; });
    }
    if (rule.kind != rules::Rule::Kind::Metric) return {};
    const auto* builtin = rules::findBuiltinMetric(rule.series.metric);
    if (!builtin) return {};
    auto prefix = prefixOf(builtin->source);
    bool ofKubelets = builtin->source == Source::Kubelet || isPage(builtin->source);
    auto any = std::ranges::any_of(status_, [&](const auto& entry) { return entry.first.second.starts_with(prefix); });
    // Pages may have what kubelets write as well; what Klaw makes of it only the kubelets have.
    if (ofKubelets && !any && !(isPage(builtin->source) && pagesAsked_))
        return "the kubelets are not asked (`metrics.kubelets: true`)";
    return failing([&](const std::string& source) { return source.starts_with(prefix); });
}

}  // namespace klaw::app
