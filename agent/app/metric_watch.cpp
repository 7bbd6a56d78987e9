#include "agent/app/metric_watch.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "agent/scrape/capacity_source.hpp"
#include "agent/scrape/certificate_source.hpp"
#include "agent/scrape/kubelet_certificate_source.hpp"
#include "agent/scrape/kubelet_source.hpp"
#include "agent/scrape/lease_source.hpp"
#include "agent/scrape/metrics_api_source.hpp"
#include "agent/scrape/pod_source.hpp"

namespace klaw::app {
namespace {

using Source = rules::BuiltinMetric::Source;

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
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

template <class... Parts>
std::string keyOf(std::string_view kind, const Parts&... parts) {
    std::string key(kind);
    ((key += fmt::format("\n{}", parts)), ...);
    return key;
}

std::string keyOf(std::string_view kind, const scrape::HttpTarget& target) {
    auto key = keyOf(kind, target.name, target.cluster, target.url, target.token, target.tokenFile.string(),
                     target.every.count());
    for (const auto& [name, value] : target.labels) key += fmt::format("\n{}={}", name, value);
    return key;
}

std::set<std::string, std::less<>> nodesOf(const rules::ObjectSource& objects, std::string_view cluster) {
    std::set<std::string, std::less<>> nodes;
    objects.forEach(cluster, "nodes", [&](PackedView node) { nodes.emplace(node["metadata"]["name"].asString()); });
    return nodes;
}

}  // namespace

/// A source that is asked again and again, and what it has told of.
class MetricWatch::Asked final : public scrape::MetricSink {
public:
    Asked(MetricWatch& watch, std::unique_ptr<scrape::MetricSource> source)
        : watch_(watch), source_(std::move(source)), task_(watch.loop_, reportFailure) {
        task_.spawn(source_->name(), run());
    }
    Task<void> stop() { return task_.stop(); }
    /// What it still tells is heard by nobody.
    void leave() { left_ = true; }
    const std::set<MetricBoard::Source>& told() const { return told_; }

private:
    /// Sources do not all ask in the same moment.
    Task<void> run() {
        constexpr Duration first = 2s;
        co_await watch_.clock_.sleepFor(std::chrono::duration_cast<Duration>(first * watch_.random_.fraction()));
        for (;;) {
            co_await source_->look(*this);
            co_await watch_.clock_.sleepFor(source_->every());
        }
    }

    void samples(std::string_view cluster, std::string_view source, std::string_view rule,
                 const std::vector<rules::Sample>& samples) override {
        if (left_) return;
        told_.emplace(cluster, source);
        if (watch_.board_.answered(cluster, source, samples, watch_.clock_.now()))
            spdlog::info("cluster {}: {} answers again", cluster, source);
        watch_.events_.samples({cluster, source, rule, samples});
    }

    void lost(std::string_view cluster, std::string_view source, const Error& error) override {
        if (left_) return;
        told_.emplace(cluster, source);
        // Many clusters have no metrics-server, say; the rules that would read from it say so.
        bool notInstalled = error.code == ErrorCode::NotFound;
        if (watch_.board_.failed(cluster, source, error, watch_.clock_.now()))
            spdlog::log(notInstalled ? spdlog::level::info : spdlog::level::warn, "cluster {}: no metrics from {}: {}",
                        cluster, source, error.describe());
        watch_.events_.lost(cluster, source, error);
    }

    MetricWatch& watch_;
    std::unique_ptr<scrape::MetricSource> source_;
    std::set<MetricBoard::Source> told_;
    bool left_ = false;
    TaskGroup task_;
};

MetricWatch::MetricWatch(Loop& loop, LoopClock& clock, Random& random, net::HttpClient& client,
                         const rules::ObjectSource& objects, MetricEvents events)
    : loop_(loop),
      clock_(clock),
      random_(random),
      client_(client),
      objects_(objects),
      events_(std::move(events)),
      ending_(loop, reportFailure) {}

MetricWatch::~MetricWatch() = default;

void MetricWatch::follow(std::shared_ptr<const rules::RuleSet> rules, const MetricsConfig& config,
                         const Clusters& clusters) {
    rules_ = std::move(rules);
    auto sources = sourcesOf(*rules_);
    MetricBoard::Asked asked{{}, config.kubelets, config.pods || !config.targets.empty(), !config.prometheus.empty()};
    Wanted wanted;
    for (const auto& cluster : clusters) {
        asked.clusters.push_back(cluster->name());
        addBuiltin(*cluster, sources, config, wanted);
    }
    if (sources.contains(Source::Agent))
        wanted[keyOf("klaw", config.every.count())] = [this, every = config.every] {
            return std::make_unique<scrape::AgentSource>(every, events_.channels);
        };
    addPages(config, clusters, wanted);
    board_.setAsked(std::move(asked));
    askThese(std::move(wanted));
}

void MetricWatch::addBuiltin(ClusterWatch& cluster, const std::set<Source>& sources, const MetricsConfig& config,
                             Wanted& wanted) {
    auto& server = cluster.server();
    auto every = config.every;
    auto add = [&](std::string_view kind, auto make, const auto&... how) {
        // Another watch of the same cluster reaches it in another way.
        wanted[keyOf(kind, cluster.name(), static_cast<const void*>(&cluster), how...)] = std::move(make);
    };
    std::set<Source> pages;
    for (auto page : {Source::Kubelet, Source::KubeletResource, Source::KubeletCadvisor})
        if (sources.contains(page) && config.kubelets) pages.insert(page);
    auto pagesKey = pages.contains(Source::Kubelet) + 2 * pages.contains(Source::KubeletResource) +
                    4 * pages.contains(Source::KubeletCadvisor);
    auto isWanted = [this](std::string_view metric) { return isRead(metric); };
    if (!pages.empty())
        add(
            "kubelets",
            [this, &server, every, pages, isWanted] {
                return std::make_unique<scrape::KubeletSource>(server, objects_, every, pages, isWanted);
            },
            every.count(), pagesKey);
    if (sources.contains(Source::MetricsApi))
        add(
            "metrics API",
            [this, &server, every] { return std::make_unique<scrape::MetricsApiSource>(server, objects_, every); },
            every.count());
    if (sources.contains(Source::Objects))
        add(
            "capacity",
            [this, &cluster, every] {
                return std::make_unique<scrape::CapacitySource>(objects_, cluster.name(), every,
                                                                [&cluster] { return cluster.ready(); });
            },
            every.count());
    if (sources.contains(Source::ApiServer))
        add(
            "API server",
            [this, &cluster, every] {
                auto silences = [this, &cluster] {
                    return scrape::ofPresentNodes(board_.silences(cluster.name(), clock_.now()),
                                                  nodesOf(objects_, cluster.name()));
                };
                return std::make_unique<scrape::ApiServerSource>(
                    cluster.server(), every, [&cluster] { return cluster.outages(); }, silences);
            },
            every.count());
    using Of = scrape::LeaseSource::Of;
    if (sources.contains(Source::NodeLeases))
        add("leases of nodes",
            [this, &server] { return std::make_unique<scrape::LeaseSource>(server, objects_, clock_, Of::Nodes); });
    if (sources.contains(Source::ComponentLeases))
        add("leases of components", [this, &server] {
            return std::make_unique<scrape::LeaseSource>(server, objects_, clock_, Of::Components);
        });
    if (sources.contains(Source::Certificates))
        add(
            "certificates",
            [this, &server, secrets = config.secrets] {
                return std::make_unique<scrape::CertificateSource>(server, clock_, secrets);
            },
            config.secrets);
    if (sources.contains(Source::Certificates) && config.kubeletCertificates)
        add("kubelet certificates",
            [this, &server] { return std::make_unique<scrape::KubeletCertificateSource>(loop_, server, clock_); });
}

/// Pages in the Prometheus text format, and Prometheus itself.
void MetricWatch::addPages(const MetricsConfig& config, const Clusters& clusters, Wanted& wanted) {
    auto isWanted = [this](std::string_view metric) { return isRead(metric); };
    auto clusterOf = [&](const MetricTargetConfig& target) {
        if (!target.cluster.empty() || clusters.empty()) return target.cluster;
        return clusters.front()->name();
    };
    if (config.pods)
        for (const auto& cluster : clusters)
            wanted[keyOf("pods", cluster->name(), config.every.count())] = [this, isWanted, name = cluster->name(),
                                                                            every = config.every] {
                return std::make_unique<scrape::PodSource>(loop_, objects_, name, every, isWanted);
            };
    for (const auto& each : config.targets) {
        auto target = targetOf(each, clusterOf(each), config.every);
        auto key = keyOf("page", target);
        wanted[std::move(key)] = [this, isWanted, target = std::move(target)] {
            return std::make_unique<scrape::TextSource>(client_, target, isWanted);
        };
    }
    for (const auto& each : config.prometheus)
        for (auto position : rules_->promqlRules()) {
            const auto& rule = rules_->rules()[position];
            auto server = targetOf(each, clusterOf(each), config.every);
            auto key = keyOf("promql", server) + keyOf("", rule.name, rule.promql, rule.every.count());
            wanted[std::move(key)] = [this, server = std::move(server), &rule] {
                return std::make_unique<scrape::PromqlSource>(client_, server, rule);
            };
        }
}

void MetricWatch::askThese(Wanted wanted) {
    for (auto at = asked_.begin(); at != asked_.end();) {
        if (wanted.contains(at->first)) {
            ++at;
            continue;
        }
        end(std::move(at->second));
        at = asked_.erase(at);
    }
    for (const auto& [key, make] : wanted)
        if (!asked_.contains(key)) asked_.emplace(key, std::make_unique<Asked>(*this, make()));
}

void MetricWatch::end(std::unique_ptr<Asked> asked) {
    asked->leave();
    board_.forget(asked->told());
    auto ended = [](std::unique_ptr<Asked> source) -> Task<void> { co_await source->stop(); };
    ending_.spawn("end of a metric source", ended(std::move(asked)));
}

bool MetricWatch::isRead(std::string_view metric) const {
    return !rules_->rulesForMetric(metric).empty();
}

Task<void> MetricWatch::settled() {
    while (!ending_.empty()) co_await clock_.sleepFor(10ms);
}

Task<void> MetricWatch::stop() {
    for (const auto& [key, asked] : asked_) co_await asked->stop();
    co_await ending_.stop();
}

}  // namespace klaw::app
