#include "agent/app/config.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "agent/app/backup_config.hpp"
#include "agent/app/config_values.hpp"
#include "agent/app/config_warnings.hpp"
#include "agent/app/leadership_config.hpp"
#include "agent/app/mcp_config.hpp"
#include "agent/app/on_call_config.hpp"
#include "agent/app/quiet_hours_config.hpp"
#include "agent/app/safety_config.hpp"
#include "agent/app/security_config.hpp"
#include "agent/app/storage_config.hpp"
#include "base/net/url.hpp"
#include "base/text/utf8.hpp"
#include "rules/load/value_readers.hpp"
#include "rules/load/yaml_cursor.hpp"
#include "rules/metric/quantity.hpp"

namespace klaw::app {
namespace {

using rules::Field;
using rules::YamlCursor;

ChannelConfig::Type readType(const YamlCursor& value) {
    auto type = value.text("type").value;
    if (type == "terminal") return ChannelConfig::Type::Terminal;
    if (type == "webhook") return ChannelConfig::Type::Webhook;
    if (type == "dingtalk") return ChannelConfig::Type::DingTalk;
    if (type == "feishu") return ChannelConfig::Type::Feishu;
    value.error("type: there is no channel type \"" + type + "\"", "one of terminal, webhook, dingtalk, feishu");
    return ChannelConfig::Type::Terminal;
}

std::string readLanguage(const YamlCursor& value) {
    auto language = value.text("language").value;
    if (language != "en" && language != "zh")
        value.error("language: \"" + language + "\" is not available", "write en or zh");
    return language;
}

void readListen(const YamlCursor& value, Config& config) {
    auto text = value.text("listen").value;
    auto colon = text.rfind(':');
    unsigned port = 0;
    auto digits = colon == std::string::npos ? text : text.substr(colon + 1);
    auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (failure != std::errc() || end != digits.data() + digits.size() || port > 65535) {
        value.error("listen: \"" + text + "\" is no address with a port", "write for example 127.0.0.1:8917");
        return;
    }
    if (colon != std::string::npos) config.listenAddress = text.substr(0, colon);
    if (config.listenAddress.empty()) config.listenAddress = "0.0.0.0";
    config.listenPort = static_cast<std::uint16_t>(port);
}

void readTimeZone(const YamlCursor& value, Config& config) {
    auto text = value.text("time_zone").value;
    int hours = 0, minutes = 0;
    char sign = 0;
    if (text == "UTC") return;
    if (std::sscanf(text.c_str(), "%c%2d:%2d", &sign, &hours, &minutes) != 3 || (sign != '+' && sign != '-') ||
        text.size() != 6 || hours > 14 || minutes > 59) {
        value.error("time_zone: \"" + text + "\" is no offset", "write UTC or an offset such as \"+08:00\"");
        return;
    }
    config.utcOffsetMinutes = (sign == '-' ? -1 : 1) * (hours * 60 + minutes);
}

void readPack(const YamlCursor& value, Config& config) {
    auto name = value.text("pack").value;
    if (auto pack = rulePackFromString(name))
        config.rulePack = *pack;
    else
        value.error("pack: there are no rules called \"" + name + "\"", "one of fast, mixin, none");
}

void readLevel(const YamlCursor& value, LogConfig& log) {
    static const std::set<std::string> levels{"trace", "debug", "info", "warn", "error"};
    log.level = value.text("level").value;
    if (!levels.contains(log.level))
        value.error("level: there is no log level \"" + log.level + "\"", "one of trace, debug, info, warn, error");
}

void readFormat(const YamlCursor& value, LogConfig& log) {
    auto format = value.text("format").value;
    log.json = format == "json";
    if (format != "json" && format != "text")
        value.error("format: \"" + format + "\" is not available", "write text or json");
}

constexpr double leastSize = 1 << 20;

std::uint64_t readSize(const YamlCursor& value, std::string_view key) {
    auto text = value.text(key).value;
    auto size = rules::parseQuantity(text);
    if (size && *size >= leastSize) return static_cast<std::uint64_t>(*size);
    value.error(std::string(key) + ": \"" + text + "\" is no size of 1Mi or more", "write for example 2Gi");
    return 0;
}

constexpr Duration shortestInterval = 1s;

Duration readInterval(const YamlCursor& value) {
    auto interval = rules::readDuration(value, "every");
    if (interval >= shortestInterval) return interval;
    value.error("every: sources of metrics are asked once a second at most", "write for example 30s");
    return shortestInterval;
}

rules::CompiledMatchers readMatch(const YamlCursor& value) {
    auto matchers = rules::parseSelection(value.text("match").value);
    auto compiled = matchers ? rules::CompiledMatchers::compileSelection(*matchers) : fail(matchers.error());
    if (compiled) return std::move(*compiled);
    value.error("match: " + compiled.error().message, R"(write for example severity="critical", namespace=~"shop-.*")");
    return {};
}

Duration readRepeat(const YamlCursor& value) {
    constexpr Duration shortest = 1min;
    auto repeat = rules::readDuration(value, "repeat");
    if (value.isScalar() && repeat < shortest)
        value.error("repeat: people are reminded once a minute at most", "write for example 4h");
    return std::max(repeat, shortest);
}

/// What is read of one plan of maintenance.
struct MaintenanceConfig {
    rules::MaintenanceWindow window;
    bool scheduled = false;
};

void readMaintenanceMatch(const YamlCursor& value, MaintenanceConfig& plan) {
    auto matchers = rules::parseSelection(value.text("match").value);
    auto compiled = matchers ? rules::CompiledMatchers::compileSelection(*matchers) : fail(matchers.error());
    if (!compiled)
        value.error("match: " + compiled.error().message, R"(write for example cluster="prod", namespace=~"batch-.*")");
    else
        plan.window.matchers = std::move(*matchers);
}

void readSchedule(const YamlCursor& value, MaintenanceConfig& plan) {
    auto schedule = CronSchedule::parse(value.text("schedule").value);
    plan.scheduled = true;
    if (!schedule)
        value.error("schedule: " + schedule.error().message, schedule.error().remedy);
    else if (plan.window.schedule = *schedule; !schedule->nextAfter(TimePoint(), *TimeZone::utc()))
        value.error("schedule: such a day never comes");
}

void readWindowLength(const YamlCursor& value, MaintenanceConfig& plan) {
    plan.window.length = rules::readDuration(value, "duration");
    if (plan.window.length > rules::Maintenance::longest)
        value.error("duration: longer than " + formatDuration(rules::Maintenance::longest),
                    "a rule that may be quiet for so long can be left out");
}

void readWindowZone(const YamlCursor& value, MaintenanceConfig& plan) {
    auto name = value.text("time_zone").value;
    if (auto zone = TimeZone::find(name))
        plan.window.zone = std::move(zone);
    else
        value.error("time_zone: there is no time zone \"" + name + "\"", "write for example Asia/Shanghai or UTC");
}

rules::Labels readLabels(const YamlCursor& value) {
    std::map<std::string, rules::Text> texts;
    rules::readTexts(value, "labels", texts);
    rules::Labels labels;
    for (auto& [name, text] : texts) labels.emplace(name, std::move(text.value));
    return labels;
}

void readTargets(const YamlCursor& value, std::string_view key, std::vector<MetricTargetConfig>& into);

std::optional<std::uint64_t> readCallsPerMonth(const YamlCursor& value) {
    auto calls = value.integer("calls_per_month");
    if (!calls) return std::nullopt;
    if (*calls >= 10) return static_cast<std::uint64_t>(*calls);
    value.error("calls_per_month must be 10 or more", "leave it out where the platform sets no limit");
    return std::nullopt;
}

ChannelConfig::Type readAppType(const YamlCursor& value) {
    auto type = value.text("type").value;
    if (type == "dingtalk") return ChannelConfig::Type::DingTalk;
    if (type != "feishu") value.error("type: there are no applications of \"" + type + "\"", "one of dingtalk, feishu");
    return ChannelConfig::Type::Feishu;
}

bool isWebAddress(std::string_view url) {
    return url.starts_with("http://") || url.starts_with("https://");
}

std::string readDomain(const YamlCursor& value) {
    auto domain = value.text("domain").value;
    if (domain != "feishu" && domain != "lark" && domain != "dingtalk" && domain != "international" &&
        !isWebAddress(domain))
        value.error("domain: \"" + domain + "\" is not known",
                    "write feishu, lark, dingtalk, international or a base URL");
    return domain;
}

AppConfig::Mode readMode(const YamlCursor& value) {
    auto mode = value.text("mode").value;
    if (mode == "callback") return AppConfig::Mode::Callback;
    if (mode != "connection") value.error("mode: \"" + mode + "\" is not known", "one of connection, callback");
    return AppConfig::Mode::Connection;
}

/// "feishu_chat: [oc_1]" → "feishu:oc_1"
void addPrefixed(const YamlCursor& value, std::string_view key, std::vector<std::string>& into) {
    auto platform = key.substr(0, key.find('_'));
    for (const auto& id : rules::values(value.texts(key))) into.push_back(std::string(platform) + ":" + id);
}

bool isDepartmentId(std::string_view id, bool dingtalk) {
    auto fits = [&](char c) {
        bool digit = c >= '0' && c <= '9';
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '@' || c == '.';
        return digit || (letter && !dingtalk);
    };
    return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, fits);
}

void addDepartments(const YamlCursor& value, std::string_view key, access::Binding& binding) {
    bool dingtalk = key.starts_with("dingtalk");
    for (const auto& id : rules::values(value.texts(key))) {
        if (!isDepartmentId(id, dingtalk))
            value.error(std::string(key) + ": \"" + id + "\" is no id of a department",
                        dingtalk ? "write its number, for example 42; 1 is the whole organisation"
                                 : "write its open_department_id (od-…) or department_id; 0 is the whole tenant");
        binding.departments.push_back(std::string(key) + ":" + id);
    }
}

/// Cluster API keeps kubeconfigs under `value`.
void readClusterSecret(const YamlCursor& value, ClusterConfig& cluster) {
    auto& from = cluster.secret.emplace();
    readSecretReference(value, "secret", from);
    if (from.key.empty()) from.key = "value";
    if (from.ns.empty() || from.name.empty())
        value.error("secret: it does not say which", "write {namespace: …, name: …, key: …}");
}

// clang-format off
constexpr Field<ClusterConfig> clusterFields[] = {
    {"name", [](const YamlCursor& v, ClusterConfig& c) { c.name = v.text("name").value; }},
    {"kubeconfig", [](const YamlCursor& v, ClusterConfig& c) { c.kubeconfig = resolved(v, v.text("kubeconfig").value); }},
    {"context", [](const YamlCursor& v, ClusterConfig& c) { c.context = v.text("context").value; }},
    {"in_cluster", [](const YamlCursor& v, ClusterConfig& c) { c.inCluster = v.boolean("in_cluster").value_or(false); }},
    {"impersonate", [](const YamlCursor& v, ClusterConfig& c) { c.impersonate = v.boolean("impersonate").value_or(false); }},
    {"read_only", [](const YamlCursor& v, ClusterConfig& c) { c.readOnly = v.boolean("read_only").value_or(false); }},
    {"directory", [](const YamlCursor& v, ClusterConfig& c) { c.directory = resolved(v, v.text("directory").value); }},
    {"secret", [](const YamlCursor& v, ClusterConfig& c) { readClusterSecret(v, c); }},
    {"labels", [](const YamlCursor& v, ClusterConfig& c) { c.labels = readLabels(v); }},
};
// clang-format on

// clang-format off
constexpr Field<ChannelConfig> channelFields[] = {
    {"name", [](const YamlCursor& v, ChannelConfig& c) { c.name = v.text("name").value; }},
    {"type", [](const YamlCursor& v, ChannelConfig& c) { c.type = readType(v); }},
    {"url", [](const YamlCursor& v, ChannelConfig& c) { readSecret(v, "url", c.url, c.urlFrom); }},
    {"url_file", [](const YamlCursor& v, ChannelConfig& c) { c.url = secretFromFile(v, "url_file"); }},
    {"url_env", [](const YamlCursor& v, ChannelConfig& c) { c.url = secretFromEnvironment(v, "url_env"); }},
    {"secret", [](const YamlCursor& v, ChannelConfig& c) { readSecret(v, "secret", c.secret, c.secretFrom); }},
    {"secret_file", [](const YamlCursor& v, ChannelConfig& c) { c.secret = secretFromFile(v, "secret_file"); }},
    {"secret_env", [](const YamlCursor& v, ChannelConfig& c) { c.secret = secretFromEnvironment(v, "secret_env"); }},
    {"keywords", [](const YamlCursor& v, ChannelConfig& c) { c.keywords = rules::values(v.texts("keywords")); }},
    {"language", [](const YamlCursor& v, ChannelConfig& c) { c.language = readLanguage(v); }},
    {"app", [](const YamlCursor& v, ChannelConfig& c) { c.app = v.text("app").value; }},
    {"chat", [](const YamlCursor& v, ChannelConfig& c) { c.chat = v.text("chat").value; }},
    {"fallback", [](const YamlCursor& v, ChannelConfig& c) { c.fallback = v.text("fallback").value; }},
    {"calls_per_month", [](const YamlCursor& v, ChannelConfig& c) { c.callsPerMonth = readCallsPerMonth(v); }},
};

constexpr Field<AppConfig> appFields[] = {
    {"name", [](const YamlCursor& v, AppConfig& a) { a.name = v.text("name").value; }},
    {"type", [](const YamlCursor& v, AppConfig& a) { a.type = readAppType(v); }},
    {"id", [](const YamlCursor& v, AppConfig& a) { a.id = v.text("id").value; }},
    {"id_env", [](const YamlCursor& v, AppConfig& a) { a.id = secretFromEnvironment(v, "id_env"); }},
    {"id_file", [](const YamlCursor& v, AppConfig& a) { a.id = secretFromFile(v, "id_file"); }},
    {"secret", [](const YamlCursor& v, AppConfig& a) { readSecret(v, "secret", a.secret, a.secretFrom); }},
    {"secret_file", [](const YamlCursor& v, AppConfig& a) { a.secret = secretFromFile(v, "secret_file"); }},
    {"secret_env", [](const YamlCursor& v, AppConfig& a) { a.secret = secretFromEnvironment(v, "secret_env"); }},
    {"domain", [](const YamlCursor& v, AppConfig& a) { a.domain = readDomain(v); }},
    {"robot_code", [](const YamlCursor& v, AppConfig& a) { a.robotCode = v.text("robot_code").value; }},
    {"card_template", [](const YamlCursor& v, AppConfig& a) { a.cardTemplate = v.text("card_template").value; }},
    {"corp_id", [](const YamlCursor& v, AppConfig& a) { a.corpId = v.text("corp_id").value; }},
    {"mode", [](const YamlCursor& v, AppConfig& a) { a.mode = readMode(v); }},
    {"verification_token", [](const YamlCursor& v, AppConfig& a) { readSecret(v, "verification_token", a.verificationToken, a.verificationTokenFrom); }},
    {"verification_token_file", [](const YamlCursor& v, AppConfig& a) { a.verificationToken = secretFromFile(v, "verification_token_file"); }},
    {"verification_token_env", [](const YamlCursor& v, AppConfig& a) { a.verificationToken = secretFromEnvironment(v, "verification_token_env"); }},
    {"encrypt_key", [](const YamlCursor& v, AppConfig& a) { readSecret(v, "encrypt_key", a.encryptKey, a.encryptKeyFrom); }},
    {"encrypt_key_file", [](const YamlCursor& v, AppConfig& a) { a.encryptKey = secretFromFile(v, "encrypt_key_file"); }},
    {"encrypt_key_env", [](const YamlCursor& v, AppConfig& a) { a.encryptKey = secretFromEnvironment(v, "encrypt_key_env"); }},
    {"calls_per_month", [](const YamlCursor& v, AppConfig& a) { a.callsPerMonth = readCallsPerMonth(v); }},
    {"listens", [](const YamlCursor& v, AppConfig& a) { a.listens = v.boolean("listens").value_or(true); }},
    {"language", [](const YamlCursor& v, AppConfig& a) { a.language = readLanguage(v); }},
};

constexpr Field<access::RoleRule> roleRuleFields[] = {
    {"may", [](const YamlCursor& v, access::RoleRule& r) { r.may = rules::values(v.texts("may")); }},
    {"clusters", [](const YamlCursor& v, access::RoleRule& r) { r.clusters = rules::values(v.texts("clusters")); }},
    {"namespaces", [](const YamlCursor& v, access::RoleRule& r) { r.namespaces = rules::values(v.texts("namespaces")); }},
    {"resources", [](const YamlCursor& v, access::RoleRule& r) { r.resources = rules::values(v.texts("resources")); }},
    {"names", [](const YamlCursor& v, access::RoleRule& r) { r.names = rules::values(v.texts("names")); }},
};

constexpr Field<access::Role> roleFields[] = {
    {"name", [](const YamlCursor& v, access::Role& r) { r.name = v.text("name").value; }},
    {"rules", [](const YamlCursor& v, access::Role& r) {
        for (const auto& item : v.items("rules"))
            rules::decodeFields<access::RoleRule>(item, "rules", roleRuleFields, r.rules.emplace_back());
    }},
    {"groups", [](const YamlCursor& v, access::Role& r) { r.groups = readGroups(v); }},
};

constexpr Field<access::Binding> accessFields[] = {
    {"name", [](const YamlCursor& v, access::Binding& b) { b.name = v.text("name").value; }},
    {"feishu", [](const YamlCursor& v, access::Binding& b) { addPrefixed(v, "feishu", b.identities); }},
    {"dingtalk", [](const YamlCursor& v, access::Binding& b) { addPrefixed(v, "dingtalk", b.identities); }},
    {"mcp", [](const YamlCursor& v, access::Binding& b) { addPrefixed(v, "mcp", b.identities); }},
    {"feishu_chat", [](const YamlCursor& v, access::Binding& b) { addPrefixed(v, "feishu_chat", b.chats); }},
    {"dingtalk_chat", [](const YamlCursor& v, access::Binding& b) { addPrefixed(v, "dingtalk_chat", b.chats); }},
    {"feishu_department", [](const YamlCursor& v, access::Binding& b) { addDepartments(v, "feishu_department", b); }},
    {"dingtalk_department", [](const YamlCursor& v, access::Binding& b) { addDepartments(v, "dingtalk_department", b); }},
    {"role", [](const YamlCursor& v, access::Binding& b) { b.role = v.text("role").value; }},
    {"clusters", [](const YamlCursor& v, access::Binding& b) { b.clusters = rules::values(v.texts("clusters")); }},
    {"namespaces", [](const YamlCursor& v, access::Binding& b) { b.namespaces = rules::values(v.texts("namespaces")); }},
    {"groups", [](const YamlCursor& v, access::Binding& b) { b.groups = readGroups(v); }},
};

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

constexpr Field<rules::EscalationStep> escalationFields[] = {
    {"after", [](const YamlCursor& v, rules::EscalationStep& s) { s.after = rules::readDuration(v, "after"); }},
    {"notify", [](const YamlCursor& v, rules::EscalationStep& s) { s.notify = rules::values(v.texts("notify")); }},
    {"mention", [](const YamlCursor& v, rules::EscalationStep& s) { s.mention = rules::values(v.texts("mention")); }},
    {"ring", [](const YamlCursor& v, rules::EscalationStep& s) { s.ring = rules::readRing(v); }},
};

constexpr Field<rules::Route> routeFields[] = {
    {"match", [](const YamlCursor& v, rules::Route& r) { r.match = readMatch(v); }},
    {"notify", [](const YamlCursor& v, rules::Route& r) { r.notify = rules::values(v.texts("notify")); }},
    {"mention", [](const YamlCursor& v, rules::Route& r) { r.mention = rules::values(v.texts("mention")); }},
    {"ring", [](const YamlCursor& v, rules::Route& r) { r.ring = rules::readRing(v); }},
    {"repeat", [](const YamlCursor& v, rules::Route& r) { r.repeat = readRepeat(v); }},
    {"escalate", [](const YamlCursor& v, rules::Route& r) {
        for (const auto& item : v.items("escalate"))
            rules::decodeFields<rules::EscalationStep>(item, "escalate", escalationFields, r.escalate.emplace_back());
    }},
    {"quiet_hours", [](const YamlCursor& v, rules::Route& r) { r.quietHours = readQuietHours(v); }},
    {"continue", [](const YamlCursor& v, rules::Route& r) { r.goOn = v.boolean("continue").value_or(false); }},
};

constexpr Field<MaintenanceConfig> maintenanceFields[] = {
    {"name", [](const YamlCursor& v, MaintenanceConfig& m) { m.window.name = v.text("name").value; }},
    {"match", readMaintenanceMatch},
    {"schedule", readSchedule},
    {"duration", readWindowLength},
    {"time_zone", readWindowZone},
    {"comment", [](const YamlCursor& v, MaintenanceConfig& m) { m.window.comment = v.text("comment").value; }},
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

constexpr Field<LogConfig> logFields[] = {
    {"level", readLevel},
    {"format", readFormat},
};

constexpr Field<Config> rulesFields[] = {
    {"pack", readPack},
    {"directories", [](const YamlCursor& v, Config& c) {
        for (const auto& item : v.items("directories")) c.ruleDirectories.emplace_back(resolved(item, item.text("directories").value));
    }},
};

constexpr Field<storage::RetentionLimits> retentionFields[] = {
    {"resolved_alerts", [](const YamlCursor& v, storage::RetentionLimits& r) { r.resolvedAlerts = rules::readDuration(v, "resolved_alerts"); }},
    {"resolved_incidents", [](const YamlCursor& v, storage::RetentionLimits& r) { r.resolvedIncidents = rules::readDuration(v, "resolved_incidents"); }},
    {"deliveries", [](const YamlCursor& v, storage::RetentionLimits& r) { r.finishedDeliveries = rules::readDuration(v, "deliveries"); }},
};

constexpr Field<HistoryConfig> historyFields[] = {
    {"keep", [](const YamlCursor& v, HistoryConfig& h) { h.keep = rules::readDuration(v, "keep"); }},
    {"max_size", [](const YamlCursor& v, HistoryConfig& h) { h.maxBytes = readSize(v, "max_size"); }},
};
// clang-format on

template <class T>
void readList(const YamlCursor& value, std::string_view name, std::span<const Field<T>> fields, std::vector<T>& into,
              std::vector<YamlCursor>& places) {
    for (const auto& item : value.items(name)) {
        T one;
        rules::decodeFields<T>(item, name, fields, one);
        into.push_back(std::move(one));
        places.push_back(item);
    }
}

void readTargets(const YamlCursor& value, std::string_view key, std::vector<MetricTargetConfig>& into) {
    std::vector<YamlCursor> places;
    readList<MetricTargetConfig>(value, key, targetFields, into, places);
    for (std::size_t i = 0; i < places.size(); ++i) {
        auto& target = into[i];
        if (!isWebAddress(target.url)) places[i].error(std::string(key) + ": no http or https address", "add `url`");
        if (target.name.empty()) target.name = target.url;
    }
}

void readAlertmanagers(const YamlCursor& value, Config& config) {
    std::vector<YamlCursor> places;
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

void readClusters(const YamlCursor& value, Config& config) {
    std::vector<YamlCursor> places;
    readList<ClusterConfig>(value, "clusters", clusterFields, config.clusters, places);
    std::set<std::string> names;
    for (std::size_t i = 0; i < places.size(); ++i) {
        const auto& cluster = config.clusters[i];
        const auto& name = cluster.name;
        bool several = cluster.context == "*" || !cluster.directory.empty();
        bool ways =
            !cluster.kubeconfig.empty() + !cluster.directory.empty() + cluster.inCluster + cluster.secret.has_value() >
            1;
        if (ways)
            places[i].error("it can be reached in one way only",
                            "keep one of kubeconfig, directory, secret and in_cluster");
        if (several && !name.empty())
            places[i].error("`name` is for one cluster",
                            "leave it out: these have the names of their contexts or files");
        if (!several && name.empty() && (places.size() > 1 || cluster.secret))
            places[i].error("a cluster without a name among several", "give each a `name`");
        if (!name.empty() && !names.insert(name).second)
            places[i].error("the cluster \"" + name + "\" is there twice", "choose another name");
    }
}

void readRoutes(const YamlCursor& value, Config& config) {
    for (const auto& item : value.items("routes")) {
        rules::Route route;
        route.match = *rules::CompiledMatchers::compileSelection({});
        rules::decodeFields<rules::Route>(item, "routes", routeFields, route);
        if (route.notify.empty() && route.mention.empty() && !route.repeat && route.escalate.empty() &&
            route.quietHours.empty())
            item.error("routes: the route does nothing", "add `notify`, `mention`, `repeat` or `escalate`");
        config.routes.push_back(std::move(route));
    }
}

void readMaintenance(const YamlCursor& value, Config& config) {
    std::set<std::string> names;
    for (const auto& item : value.items("maintenance")) {
        MaintenanceConfig plan;
        plan.window.zone = TimeZone::utc();
        rules::decodeFields<MaintenanceConfig>(item, "maintenance", maintenanceFields, plan);
        const auto& window = plan.window;
        if (window.name.empty()) item.error("maintenance without a name", "add `name`: cards say it");
        if (!names.insert(window.name).second)
            item.error("the maintenance \"" + window.name + "\" is there twice", "choose another name");
        if (window.matchers.empty())
            item.error("maintenance of everything", "add `match`: what is silenced, for example cluster=\"staging\"");
        if (!plan.scheduled) item.error("maintenance without a schedule", "add `schedule`, for example \"0 2 * * 6\"");
        if (window.length <= Duration{}) item.error("maintenance that takes no time", "add `duration`, for example 2h");
        config.maintenance.push_back(std::move(plan.window));
    }
}

void readApps(const YamlCursor& value, Config& config) {
    std::vector<YamlCursor> places;
    readList<AppConfig>(value, "apps", appFields, config.apps, places);
    std::set<std::string> names;
    for (std::size_t i = 0; i < places.size(); ++i) {
        const auto& app = config.apps[i];
        if (app.name.empty())
            places[i].error("an application without a name", "add `name`: channels refer to it");
        else if (!names.insert(app.name).second)
            places[i].error("the application \"" + app.name + "\" is there twice", "choose another name");
        if (app.id.empty() || (app.secret.empty() && !app.secretFrom))
            places[i].error("the application \"" + app.name + "\" has no id or no secret",
                            "add `id` and `secret_env` or `secret_file`");
        bool posts = app.mode == AppConfig::Mode::Callback && app.type == ChannelConfig::Type::Feishu;
        bool proven = !app.verificationToken.empty() || app.verificationTokenFrom || !app.encryptKey.empty() ||
                      app.encryptKeyFrom;
        if (posts && !proven)
            places[i].error("anybody could write to \"" + app.name + "\" as the platform",
                            "add `encrypt_key_env` (better) or `verification_token_env`, as the console shows them");
    }
}

constexpr Duration shortestHistory = 10min;

void readHistory(const YamlCursor& value, Config& config) {
    rules::decodeFields<HistoryConfig>(value, "history", historyFields, config.history);
    if (config.history.keep < shortestHistory)
        value.error("history: shorter than 10m", "add `keep`, for example 24h; without `history` nothing is kept");
}

void readHeartbeat(const YamlCursor& value, Config& config) {
    rules::decodeFields<HeartbeatConfig>(value, "heartbeat", heartbeatFields, config.heartbeat);
    if (!isWebAddress(config.heartbeat.url))
        value.error("heartbeat: no http or https address", "add `url`, `url_file` or `url_env`");
}

/// Whoever may give roles can give himself every one.
void checkRole(const YamlCursor& item, const access::Role& role, const Config& config) {
    auto sameName = [&](const access::Role& other) { return other.name == role.name; };
    if (role.name.empty()) item.error("a role without a name", "add `name`: `access` refers to it");
    if (std::ranges::any_of(access::builtInRoles(), sameName) || std::ranges::any_of(config.roles, sameName))
        item.error("there is a role \"" + role.name + "\" already", "choose another name");
    for (const auto& rule : role.rules) {
        if (rule.may.empty()) item.error("a rule of a role that allows nothing", "add `may`: [read, restart]");
        for (const auto& what : rule.may)
            if (what != "*" && access::matchesPattern(what, "access"))
                item.error("may: only an admin gives roles", "leave out \"" + what + "\"");
    }
}

void readRoles(const YamlCursor& value, Config& config) {
    for (const auto& item : value.items("roles")) {
        access::Role role;
        rules::decodeFields<access::Role>(item, "roles", roleFields, role);
        checkRole(item, role, config);
        config.roles.push_back(std::move(role));
    }
}

void readAccess(const YamlCursor& value, Config& config) {
    for (const auto& item : value.items("access")) {
        access::Binding binding;
        rules::decodeFields<access::Binding>(item, "access", accessFields, binding);
        if (binding.identities.empty() && binding.chats.empty() && binding.departments.empty())
            item.error("access for nobody",
                       "add `feishu`, `dingtalk`, `feishu_chat`, `dingtalk_chat`, `feishu_department` or "
                       "`dingtalk_department`");
        config.bindings.push_back(std::move(binding));
    }
}

void readChannels(const YamlCursor& value, Config& config) {
    std::vector<YamlCursor> places;
    readList<ChannelConfig>(value, "channels", channelFields, config.channels, places);
    std::set<std::string> names;
    for (std::size_t i = 0; i < places.size(); ++i) {
        const auto& channel = config.channels[i];
        if (channel.name.empty())
            places[i].error("a channel without a name", "add `name`: rules refer to it");
        else if (!names.insert(channel.name).second)
            places[i].error("the channel \"" + channel.name + "\" is there twice", "choose another name");
        if (!channel.app.empty()) {
            if (channel.chat.empty())
                places[i].error("the channel \"" + channel.name + "\" has no chat", "add `chat`: the id of a group");
            continue;
        }
        if (channel.type != ChannelConfig::Type::Terminal && !channel.urlFrom && !isWebAddress(channel.url))
            places[i].error("the channel \"" + channel.name + "\" has no http or https address",
                            "add `url`, `url_file` or `url_env`");
    }
}

// clang-format off
constexpr Field<Config> configFields[] = {
    {"clusters", readClusters},
    {"data", [](const YamlCursor& v, Config& c) { c.data = resolved(v, v.text("data").value); }},
    {"storage", readStorage},
    {"listen", readListen},
    {"url", [](const YamlCursor& v, Config& c) { c.url = v.text("url").value; }},
    {"language", [](const YamlCursor& v, Config& c) { c.language = readLanguage(v); }},
    {"time_zone", readTimeZone},
    {"rules", [](const YamlCursor& v, Config& c) { rules::decodeFields<Config>(v, "rules", rulesFields, c); }},
    {"apps", readApps},
    {"channels", readChannels},
    {"roles", readRoles},
    {"access", readAccess},
    {"approvals", readApprovals},
    {"limits", readLimits},
    {"exec", readExec},
    {"reveal", readReveal},
    {"remediation", readRemediation},
    {"audit", readAudit},
    {"security", readSecurity},
    {"backups", readBackups},
    {"mcp", readMcp},
    {"routes", readRoutes},
    {"on_call", readOnCall},
    {"maintenance", readMaintenance},
    {"notify", [](const YamlCursor& v, Config& c) { c.notify = rules::values(v.texts("notify")); }},
    {"group_wait", [](const YamlCursor& v, Config& c) { c.groupWait = rules::readDuration(v, "group_wait"); }},
    {"metrics", [](const YamlCursor& v, Config& c) { rules::decodeFields<MetricsConfig>(v, "metrics", metricsFields, c.metrics); }},
    {"alertmanager", [](const YamlCursor& v, Config& c) { rules::decodeFields<Config>(v, "alertmanager", alertmanagerFields, c); }},
    {"alertmanagers", readAlertmanagers},
    {"heartbeat", readHeartbeat},
    {"log", [](const YamlCursor& v, Config& c) { rules::decodeFields<LogConfig>(v, "log", logFields, c.log); }},
    {"history", readHistory},
    {"leadership", readLeadership},
    {"retention", [](const YamlCursor& v, Config& c) { rules::decodeFields<storage::RetentionLimits>(v, "retention", retentionFields, c.retention); }},
};
// clang-format on

/// A channel of an application has its platform, and names do not clash: answers leave under the application's.
void checkApps(const YamlCursor& root, Config& config) {
    for (const auto& app : config.apps)
        if (app.mode == AppConfig::Mode::Callback && app.type == ChannelConfig::Type::DingTalk &&
            !isWebAddress(config.url))
            root.error("apps: the platform must be told where to post the presses of \"" + app.name + "\"",
                       "add `url`: the https address at which it reaches this agent");
    for (auto& channel : config.channels) {
        for (const auto& app : config.apps)
            if (app.name == channel.name)
                root.error("\"" + app.name + "\" names an application and a channel", "choose another name for one");
        if (channel.app.empty()) continue;
        if (channel.callsPerMonth)
            root.error("calls_per_month of the channel \"" + channel.name + "\": its application makes the calls",
                       "move it to `apps`");
        auto app = std::ranges::find(config.apps, channel.app, &AppConfig::name);
        if (app == config.apps.end())
            root.error("channels: there is no application \"" + channel.app + "\"", "add it to `apps`");
        else
            channel.type = app->type;
    }
}

void checkBindings(const YamlCursor& root, const Config& config) {
    access::Policy policy({}, config.roles);
    std::string names;
    for (const auto& role : policy.roles()) names += (names.empty() ? "" : ", ") + role.name;
    for (const auto& binding : config.bindings)
        if (!policy.role(binding.role))
            root.error("access: there is no role \"" + binding.role + "\"", "one of " + names);
    access::Policy named(config.bindings);
    for (auto type : {ChannelConfig::Type::Feishu, ChannelConfig::Type::DingTalk}) {
        std::string platform = type == ChannelConfig::Type::Feishu ? "feishu" : "dingtalk";
        bool there = std::ranges::find(config.apps, type, &AppConfig::type) != config.apps.end();
        if (!there && named.namesDepartments(platform))
            root.error("access: no application can ask who is in a " + platform + "_department",
                       "add one of the type " + platform + " to `apps`");
    }
}

void checkReferences(const YamlCursor& root, const Config& config) {
    checkBindings(root, config);
    checkMcp(root, config);
    checkApprovers(root, config);
    checkBackups(root, config);
    checkLeadership(root, config);
    auto check = [&](const std::vector<std::string>& receivers, std::string_view where) {
        for (const auto& receiver : receivers) {
            bool known = false;
            for (const auto& channel : config.channels) known = known || channel.name == receiver;
            if (!known)
                root.error(std::string(where) + ": there is no channel \"" + receiver + "\"", "add it to `channels`");
        }
    };
    auto checkPeople = [&](const std::vector<std::string>& people, std::string_view where = "mention") {
        for (const auto& name : people) {
            if (auto onCall = rules::onCallName(name)) {
                if (std::ranges::find(config.rotas, onCall->rota, &rules::Rota::name) == config.rotas.end())
                    root.error("mention: there is no rota \"" + onCall->rota + "\"", "add it to `on_call`");
            } else if (auto isCalled = [&](const auto& who) { return who.name == name && !who.identities.empty(); };
                       name != "all" && std::ranges::none_of(config.bindings, isCalled)) {
                root.error(std::string(where) + ": there is nobody called \"" + name + "\"",
                           "add them to `access`, with a `name`");
            }
        }
    };
    for (const auto& rota : config.rotas) {
        checkPeople(rota.people, "on_call");
        for (const auto& each : rota.overrides) checkPeople({each.person}, "on_call");
    }
    check(config.notify, "notify");
    for (const auto& channel : config.channels) {
        if (channel.fallback.empty()) continue;
        check({channel.fallback}, "fallback");
        if (channel.fallback == channel.name)
            root.error("the channel \"" + channel.name + "\" cannot stand in for itself", "name another one");
    }
    for (const auto& route : config.routes) {
        check(route.notify, "routes");
        checkPeople(route.mention);
        for (const auto& step : route.escalate) {
            check(step.notify, "escalate");
            checkPeople(step.mention);
        }
    }
}

}  // namespace

std::optional<RulePack> rulePackFromString(std::string_view text) {
    if (text == "fast") return RulePack::Fast;
    if (text == "mixin") return RulePack::Mixin;
    if (text == "none") return RulePack::None;
    return std::nullopt;
}

namespace {

ConfigReport read(const std::string& fileName, const std::string& text, rules::Problems& problems) {
    ConfigReport report;
    auto file = std::make_shared<rules::SourceFile>(fileName, text);
    if (auto root = YamlCursor::parse(file, text, problems); root && !root->isNull()) {
        rules::decodeFields<Config>(*root, "the configuration", configFields, report.config);
        checkApps(*root, report.config);
        checkReferences(*root, report.config);
    }
    report.errors = std::move(problems.errors());
    return report;
}

Result<std::string> textOf(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in)
        return fail(ErrorCode::NotFound, "cannot read the configuration", file.string(),
                    "check the path and its permissions");
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

}  // namespace

ConfigReport parseConfig(const std::string& fileName, const std::string& text) {
    rules::Problems problems;
    return read(fileName, text, problems);
}

Result<ConfigReport> loadConfig(const std::filesystem::path& file) {
    auto text = textOf(file);
    if (!text) return fail(std::move(text).error());
    return parseConfig(file.string(), *text);
}

std::vector<Error> configWarnings(const std::filesystem::path& file) {
    auto text = textOf(file);
    if (!text) return {};
    rules::Problems problems;
    read(file.string(), *text, problems);
    return std::move(problems.warnings());
}

std::filesystem::path defaultDataDirectory() {
    if (const char* state = std::getenv("XDG_STATE_HOME"); state && *state)
        return std::filesystem::path(state) / "klaw";
    const char* home = std::getenv("HOME");
    if (geteuid() == 0 || !home || !*home) return "/var/lib/klaw";
    return std::filesystem::path(home) / ".local/state/klaw";
}

std::filesystem::path demoDataDirectory() {
    return defaultDataDirectory() / "demo";
}

}  // namespace klaw::app
