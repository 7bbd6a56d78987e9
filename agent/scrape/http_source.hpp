#pragma once

#include <filesystem>

#include "agent/scrape/metric_source.hpp"
#include "base/net/http_client.hpp"
#include "rules/rule.hpp"

namespace klaw::scrape {

/// Where metrics are asked for by plain HTTP.
struct HttpTarget {
    std::string name;                 ///< for the log and as source
    std::string cluster;              ///< of which the series are
    std::string url;                  ///< http or https, without user and password
    std::string token;                ///< bearer; empty: none
    std::filesystem::path tokenFile;  ///< read at each look, since tokens in Pods are renewed; empty: none
    rules::Labels labels;             ///< added to every series; those of the series stay as `exported_…`
    Duration every = 30s;
    Duration timeout = 10s;
};

/// A page in the Prometheus text format. Only series that `wanted` names are kept. References outlive it.
class TextSource final : public MetricSource {
public:
    TextSource(net::HttpClient& client, HttpTarget target, std::function<bool(std::string_view)> wanted)
        : client_(client), target_(std::move(target)), wanted_(std::move(wanted)) {}
    std::string name() const override { return "metrics of " + target_.name; }
    Duration every() const override { return target_.every; }
    Task<void> look(MetricSink& sink) override;

private:
    net::HttpClient& client_;
    HttpTarget target_;
    std::function<bool(std::string_view)> wanted_;
};

/// Fetches a page in the Prometheus text format. References outlive the task.
Task<Result<std::vector<rules::Sample>>> lookAtPage(net::HttpClient& client, const HttpTarget& target,
                                                    const std::function<bool(std::string_view)>& wanted);

/// The result of a PromQL rule's expression, from a server that speaks the HTTP API of Prometheus
/// (https://prometheus.io/docs/prometheus/latest/querying/api/).
class PromqlSource final : public MetricSource {
public:
    PromqlSource(net::HttpClient& client, HttpTarget server, const rules::Rule& rule);
    std::string name() const override { return "PromQL of " + rule_ + " at " + server_.name; }
    Duration every() const override { return server_.every; }
    Task<void> look(MetricSink& sink) override;

private:
    net::HttpClient& client_;
    HttpTarget server_;
    std::string rule_;
    std::string source_;
    std::string expression_;
};

/// The vector, or the scalar, of an answer to /api/v1/query. InvalidArgument with Prometheus's words for an expression
/// that it refuses.
Result<std::vector<rules::Sample>> samplesOfQuery(std::string body, std::string_view cluster);

}  // namespace klaw::scrape
