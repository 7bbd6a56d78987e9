#include "agent/app/metrics_config.hpp"

#include <set>

#include "agent/app/config_values.hpp"
#include "base/net/url.hpp"
#include "rules/load/value_readers.hpp"

namespace klaw::app {
namespace {

using rules::Field;
using rules::YamlCursor;

void readTargets(const YamlCursor& value, std::string_view key, std::vector<MetricTargetConfig>& into);

// clang-format off
constexpr Field<MetricTargetConfig> targetFields[] = {
    {"name", [](const YamlCursor& v, MetricTargetConfig& t) { t.name = v.text("name").value; }},
    {"cluster", [](const YamlCursor& v, MetricTargetConfig& t) { t.cluster = v.text("cluster").value; }},
    {"url", [](const YamlCursor& v, MetricTargetConfig& t) { t.url = v.text("url").value; }},
    {"token_file", [](const YamlCursor& v, MetricTargetConfig& t) { t.tokenFile = resolved(v, v.text("token_file").value); }},
    {"token_env", [](const YamlCursor& v, MetricTargetConfig& t) { t.token = secretFromEnvironment(v, "token_env"); }},
    {"labels", [](const YamlCursor& v, MetricTargetConfig& t) { t.labels = readLabels(v); }},
    {"every", [](const YamlCursor& v, MetricTargetConfig& t) { t.every = readInterval(v); }},
};

constexpr Field<HeartbeatConfig> heartbeatFields[] = {
    {"url", [](const YamlCursor& v, HeartbeatConfig& h) { h.url = v.text("url").value; }},
    {"url_file", [](const YamlCursor& v, HeartbeatConfig& h) { h.url = secretFromFile(v, "url_file"); }},
    {"url_env", [](const YamlCursor& v, HeartbeatConfig& h) { h.url = secretFromEnvironment(v, "url_env"); }},
    {"every", [](const YamlCursor& v, HeartbeatConfig& h) { h.every = readInterval(v); }},
    {"undelivered", [](const YamlCursor& v, HeartbeatConfig& h) { h.undelivered = rules::readDuration(v, "undelivered"); }},
};

constexpr Field<MetricsConfig> metricsFields[] = {
    {"every", [](const YamlCursor& v, MetricsConfig& m) { m.every = readInterval(v); }},
    {"kubelets", [](const YamlCursor& v, MetricsConfig& m) { m.kubelets = v.boolean("kubelets").value_or(false); }},
    {"pods", [](const YamlCursor& v, MetricsConfig& m) { m.pods = v.boolean("pods").value_or(false); }},
    {"kubelet_certificates", [](const YamlCursor& v, MetricsConfig& m) { m.kubeletCertificates = v.boolean("kubelet_certificates").value_or(false); }},
    {"tls_secrets", [](const YamlCursor& v, MetricsConfig& m) { m.secrets = v.boolean("tls_secrets").value_or(false); }},
    {"targets", [](const YamlCursor& v, MetricsConfig& m) { readTargets(v, "targets", m.targets); }},
    {"prometheus", [](const YamlCursor& v, MetricsConfig& m) { readTargets(v, "prometheus", m.prometheus); }},
};

constexpr Field<Config> alertmanagerFields[] = {
    {"token_file", [](const YamlCursor& v, Config& c) { c.alertmanagerToken = secretFromFile(v, "token_file"); }},
    {"token_env", [](const YamlCursor& v, Config& c) { c.alertmanagerToken = secretFromEnvironment(v, "token_env"); }},
};

constexpr Field<AlertmanagerConfig> alertmanagersFields[] = {
    {"name", [](const YamlCursor& v, AlertmanagerConfig& a) { a.name = v.text("name").value; }},
    {"cluster", [](const YamlCursor& v, AlertmanagerConfig& a) { a.cluster = v.text("cluster").value; }},
    {"url", [](const YamlCursor& v, AlertmanagerConfig& a) { a.url = v.text("url").value; }},
    {"token_file", [](const YamlCursor& v, AlertmanagerConfig& a) { a.tokenFile = resolved(v, v.text("token_file").value); }},
    {"token_env", [](const YamlCursor& v, AlertmanagerConfig& a) { a.token = secretFromEnvironment(v, "token_env"); }},
};
// clang-format on

void readTargets(const YamlCursor& value, std::string_view key, std::vector<MetricTargetConfig>& into) {
    std::vector<YamlCursor> places;
    readList<MetricTargetConfig>(value, key, targetFields, into, places);
    for (std::size_t i = 0; i < places.size(); ++i) {
        auto& target = into[i];
        if (!isWebAddress(target.url)) places[i].error(std::string(key) + ": no http or https address", "add `url`");
        if (target.name.empty()) target.name = target.url;
    }
}

}  // namespace

void readAlertmanagers(const rules::YamlCursor& value, Config& config) {
    std::vector<rules::YamlCursor> places;
    readList<AlertmanagerConfig>(value, "alertmanagers", alertmanagersFields, config.alertmanagers, places);
    std::set<std::string> names;
    for (std::size_t i = 0; i < places.size(); ++i) {
        auto& alertmanager = config.alertmanagers[i];
        if (!isWebAddress(alertmanager.url)) places[i].error("alertmanagers: no http or https address", "add `url`");
        if (alertmanager.name.empty()) alertmanager.name = net::shownUrl(alertmanager.url);
        if (!names.insert(alertmanager.name).second)
            places[i].error("the Alertmanager \"" + alertmanager.name + "\" is there twice", "choose another name");
    }
}

void readHeartbeat(const rules::YamlCursor& value, Config& config) {
    rules::decodeFields<HeartbeatConfig>(value, "heartbeat", heartbeatFields, config.heartbeat);
    if (!isWebAddress(config.heartbeat.url))
        value.error("heartbeat: no http or https address", "add `url`, `url_file` or `url_env`");
}

void readMetrics(const rules::YamlCursor& value, Config& config) {
    rules::decodeFields<MetricsConfig>(value, "metrics", metricsFields, config.metrics);
}

void readAlertmanager(const rules::YamlCursor& value, Config& config) {
    rules::decodeFields<Config>(value, "alertmanager", alertmanagerFields, config);
}

}  // namespace klaw::app
