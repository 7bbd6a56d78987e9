#include "agent/scrape/alertmanager_payload.hpp"

#include <simdjson.h>

#include "base/text/utf8.hpp"
#include "rules/resource_names.hpp"

namespace klaw::scrape {
namespace {

using simdjson::dom::element;

constexpr std::size_t maxText = 4000;
constexpr std::size_t maxAlerts = 10'000;

std::string cut(std::string_view text) {
    return truncateUtf8(text, maxText);
}

rules::Labels textsOf(const element& alert, const char* section) {
    rules::Labels texts;
    simdjson::dom::object fields;
    if (alert[section].get(fields)) return texts;
    for (auto field : fields) {
        std::string_view text;
        if (!field.value.get(text)) texts.emplace(field.key, cut(text));
    }
    return texts;
}

std::optional<TimePoint> timeOf(const element& alert, const char* name) {
    std::string_view text;
    if (alert[name].get(text)) return std::nullopt;
    return parseRfc3339(text);
}

std::string take(rules::Labels& texts, std::initializer_list<std::string_view> names) {
    for (auto name : names) {
        auto found = texts.find(name);
        if (found != texts.end() && !found->second.empty()) return std::exchange(found->second, {});
    }
    return {};
}

/// The words that rules for Prometheus use.
rules::Severity severityOf(std::string_view word) {
    if (word == "critical" || word == "page" || word == "error" || word == "emergency")
        return rules::Severity::Critical;
    if (word == "info" || word == "none" || word == "notice" || word == "low") return rules::Severity::Info;
    return rules::Severity::Warning;
}

Result<rules::ReceivedAlert> alertOf(const element& given, std::string_view cluster) {
    std::string_view status;
    auto labels = textsOf(given, "labels");
    auto name = labels.find("alertname");
    if (given["status"].get(status) || (status != "firing" && status != "resolved"))
        return fail(ErrorCode::InvalidArgument, "an alert is neither firing nor resolved");
    if (name == labels.end() || name->second.empty())
        return fail(ErrorCode::InvalidArgument, "an alert has no label `alertname`");
    rules::ReceivedAlert received;
    received.firing = status == "firing";
    auto& alert = received.alert;
    alert.origin = "alertmanager";
    alert.rule = name->second;
    auto own = labels.find("cluster");
    alert.cluster = own == labels.end() ? std::string(cluster) : own->second;
    auto severity = labels.find("severity");
    alert.severity = severityOf(severity == labels.end() ? std::string_view() : std::string_view(severity->second));
    for (auto reserved : {"alertname", "cluster", "severity"}) labels.erase(reserved);
    alert.labels = std::move(labels);
    alert.object = alert.owner = objectOfLabels(alert.cluster, alert.labels);
    auto annotations = textsOf(given, "annotations");
    alert.title = {take(annotations, {"summary", "message", "description"}), take(annotations, {"summary_zh"})};
    if (alert.title.en.empty()) alert.title.en = alert.rule;
    alert.description = {take(annotations, {"description", "message"}), take(annotations, {"description_zh"})};
    alert.runbook.en = take(annotations, {"runbook_url", "runbook"});
    alert.activeAt = timeOf(given, "startsAt").value_or(TimePoint());
    return received;
}

}  // namespace

Result<std::vector<rules::ReceivedAlert>> readAlertmanagerPayload(std::string_view body, std::string_view cluster) {
    simdjson::dom::parser parser;
    element root;
    std::string_view version;
    simdjson::dom::array alerts;
    if (parser.parse(body.data(), body.size()).get(root) || root["version"].get(version) || root["alerts"].get(alerts))
        return fail(ErrorCode::InvalidArgument, "this is no payload of Alertmanager's webhook", {},
                    "point a `webhook_config` of Alertmanager here");
    if (version != "4")
        return fail(ErrorCode::Unsupported, "version " + std::string(version) + " of the payload is not known", {},
                    "Klaw reads version 4, as all Alertmanagers since 0.6 send");
    if (alerts.size() > maxAlerts)
        return fail(ErrorCode::Unsupported, "more than " + std::to_string(maxAlerts) + " alerts at once", {},
                    "set `max_alerts` in the webhook_config");
    std::vector<rules::ReceivedAlert> all;
    for (auto given : alerts) {
        auto alert = alertOf(given, cluster);
        if (!alert) return fail(std::move(alert).error());
        all.push_back(std::move(*alert));
    }
    return all;
}

rules::ObjectRef objectOfLabels(std::string_view cluster, const rules::Labels& labels) {
    auto value = [&](std::string_view name) {
        auto found = labels.find(name);
        return found == labels.end() ? std::string() : found->second;
    };
    static constexpr std::string_view resources[] = {
        "pods", "deployments.apps", "statefulsets.apps", "daemonsets.apps", "jobs.batch", "persistentvolumeclaims",
        "nodes"};
    static constexpr std::string_view names[] = {
        "pod", "deployment", "statefulset", "daemonset", "job_name", "persistentvolumeclaim", "node"};
    for (std::size_t i = 0; i < std::size(names); ++i) {
        auto name = value(names[i]);
        if (name.empty()) continue;
        bool isNode = resources[i] == "nodes";
        return {std::string(cluster),
                std::string(resources[i]),
                std::string(rules::kindOfResource(resources[i])),
                isNode ? std::string() : value("namespace"),
                name,
                ""};
    }
    return {};
}

}  // namespace klaw::scrape
