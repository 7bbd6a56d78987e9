#include "agent/app/config.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "agent/app/access_config.hpp"
#include "agent/app/backup_config.hpp"
#include "agent/app/channels_config.hpp"
#include "agent/app/clusters_config.hpp"
#include "agent/app/config_values.hpp"
#include "agent/app/config_warnings.hpp"
#include "agent/app/leadership_config.hpp"
#include "agent/app/mcp_config.hpp"
#include "agent/app/metrics_config.hpp"
#include "agent/app/on_call_config.hpp"
#include "agent/app/routes_config.hpp"
#include "agent/app/safety_config.hpp"
#include "agent/app/security_config.hpp"
#include "agent/app/storage_config.hpp"
#include "base/text/utf8.hpp"
#include "rules/load/value_readers.hpp"
#include "rules/load/yaml_cursor.hpp"
#include "rules/metric/quantity.hpp"

namespace klaw::app {
namespace {

using rules::Field;
using rules::YamlCursor;

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

// clang-format off
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

constexpr Duration shortestHistory = 10min;

void readHistory(const YamlCursor& value, Config& config) {
    rules::decodeFields<HistoryConfig>(value, "history", historyFields, config.history);
    if (config.history.keep < shortestHistory)
        value.error("history: shorter than 10m", "add `keep`, for example 24h; without `history` nothing is kept");
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
    {"metrics", readMetrics},
    {"alertmanager", readAlertmanager},
    {"alertmanagers", readAlertmanagers},
    {"heartbeat", readHeartbeat},
    {"log", [](const YamlCursor& v, Config& c) { rules::decodeFields<LogConfig>(v, "log", logFields, c.log); }},
    {"history", readHistory},
    {"leadership", readLeadership},
    {"retention", [](const YamlCursor& v, Config& c) { rules::decodeFields<storage::RetentionLimits>(v, "retention", retentionFields, c.retention); }},
};
// clang-format on

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
