#include "agent/cli/doctor_agent.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "agent/app/version.hpp"
#include "agent/scrape/prometheus_text.hpp"

namespace klaw::cli {
namespace {

using Condition = Finding::Condition;
using Json = nlohmann::json;

constexpr std::string_view unavailable = "unavailable: ";

std::string textAt(const Json& object, const char* key) {
    auto at = object.find(key);
    return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

std::int64_t numberAt(const Json& object, const char* key) {
    auto at = object.find(key);
    return at != object.end() && at->is_number_integer() ? at->get<std::int64_t>() : 0;
}

std::string labelAt(const rules::Labels& labels, const char* name) {
    auto at = labels.find(name);
    return at == labels.end() ? std::string() : std::string(at->second);
}

TimePoint timeOf(double seconds) {
    return TimePoint() + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

std::string mebibytes(double bytes) {
    return fmt::format("{:.0f} MiB", bytes / (1 << 20));
}

/// Many watches fail for the same reason: "pods, nodes: connection refused".
std::string joined(const std::vector<std::string>& problems) {
    std::map<std::string, std::vector<std::string>> byReason;
    for (const auto& problem : problems) {
        auto colon = problem.find(": ");
        bool named = colon != std::string::npos;
        byReason[named ? problem.substr(colon + 2) : problem].push_back(named ? problem.substr(0, colon) : "");
    }
    std::string text;
    for (const auto& [reason, names] : byReason) {
        text += text.empty() ? "" : "; ";
        for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 3); ++i) text += (i > 0 ? ", " : "") + names[i];
        if (names.size() > 3) text += fmt::format(" +{}", names.size() - 3);
        text += ": " + reason;
    }
    return text;
}

/// Of "pods of main: connection refused" the reason: others see nothing for the same one.
std::string reasonOf(const std::string& remark) {
    auto what = remark.starts_with(unavailable) ? remark.substr(unavailable.size()) : remark;
    auto colon = what.find(": ");
    return remark.starts_with(unavailable) && colon != std::string::npos ? what.substr(colon + 2) : what;
}

Words remedyOf(const std::string& problem) {
    if (problem.find("forbidden") != std::string::npos || problem.find("403") != std::string::npos)
        return {"the role of Klaw in that cluster lacks it: `klaw access rbac` prints what is needed",
                "Klaw 在该集群的角色缺少权限：`klaw access rbac` 打印所需权限"};
    if (problem.find("401") != std::string::npos || problem.find("nauthorized") != std::string::npos)
        return {"the credentials of the kubeconfig are not taken: renew them", "kubeconfig 的凭据无效：请更新"};
    return {"look at address, port, network policies and certificates of that API server",
            "检查该 API server 的地址、端口、网络策略和证书"};
}

void judgeCluster(const Json& cluster, DoctorReport& report) {
    auto name = textAt(cluster, "name"), version = textAt(cluster, "version");
    Words subject{"cluster " + name + ", as the agent sees it", "集群 " + name + "（agent 所见）"};
    std::vector<std::string> problems;
    for (const auto& problem : cluster.value("problems", Json::array()))
        if (problem.is_string()) problems.push_back(problem.get<std::string>());
    bool ready = cluster.value("ready", false);
    auto evidence =
        fmt::format("{}, {} objects", version.empty() ? "no version" : version, numberAt(cluster, "objects"));
    if (!ready) evidence += ", not synced";
    if (!problems.empty()) evidence += "; " + joined(problems);
    if (ready && problems.empty()) return report.ok("cluster.watch", std::move(subject), std::move(evidence));
    report.add(ready ? Condition::Warning : Condition::Failed, "cluster.watch", std::move(subject), evidence,
               remedyOf(evidence));
}

void judgeChannel(const Json& channel, DoctorReport& report) {
    Words subject{"channel " + textAt(channel, "name"), "通道 " + textAt(channel, "name")};
    auto queued = numberAt(channel, "queued"), refused = numberAt(channel, "refused");
    auto trouble = textAt(channel, "lastError");
    auto evidence = fmt::format("{}, {} delivered, {} refused, {} waiting", textAt(channel, "kind"),
                                numberAt(channel, "delivered"), refused, queued);
    if (trouble.empty()) return report.ok("channel", std::move(subject), std::move(evidence));
    report.add(queued > 0 ? Condition::Failed : Condition::Warning, "channel", std::move(subject),
               evidence + "; last error: " + trouble,
               {"`alerts deliveries ID` shows each try; `klaw feishu|dingtalk setup --check` asks the platform",
                "`alerts deliveries ID` 列出每次尝试；`klaw feishu|dingtalk setup --check` 询问平台"});
}

void judgeBuild(const MetricsPage& page, DoctorReport& report) {
    page.forEach("klaw_build_info", [&](const rules::Labels& labels, double) {
        Words subject{"version of the agent", "agent 版本"};
        auto runs = labelAt(labels, "version");
        if (runs == app::programVersion) return report.ok("agent.version", std::move(subject), runs);
        report.add(Condition::Warning, "agent.version", std::move(subject),
                   fmt::format("it runs {}, this program is {}", runs, app::programVersion),
                   {"restart the agent, or ask with the program of its release", "重启 agent，或使用同一版本的程序"});
    });
}

void judgeWatches(const MetricsPage& page, DoctorReport& report) {
    std::map<std::string, std::string> failing;
    std::map<std::string, int> watches;
    page.forEach("klaw_watch_failing", [&](const rules::Labels& labels, double value) {
        auto cluster = labelAt(labels, "cluster");
        ++watches[cluster];
        auto& names = failing[cluster];
        if (value > 0) names += (names.empty() ? "" : ", ") + labelAt(labels, "resource");
    });
    for (const auto& [cluster, count] : watches) {
        Words subject{"watches of " + cluster, cluster + " 的 watch"};
        if (failing[cluster].empty())
            report.ok("cluster.watches", std::move(subject), fmt::format("{} run", count));
        else
            report.add(Condition::Warning, "cluster.watches", std::move(subject), "failing: " + failing[cluster],
                       {"/readyz names the reason of each", "/readyz 列出每一项的原因"});
    }
}

void judgeTokens(const MetricsPage& page, TimePoint now, DoctorReport& report) {
    page.forEach("klaw_token_expiry_timestamp_seconds", [&](const rules::Labels& labels, double value) {
        Words subject{"token for " + labelAt(labels, "cluster"), labelAt(labels, "cluster") + " 的 token"};
        auto left = timeOf(value) - now;
        auto evidence = "ends " + formatRfc3339(std::chrono::floor<std::chrono::seconds>(timeOf(value)));
        if (left > 10min) return report.ok("cluster.token", std::move(subject), evidence);
        report.add(left > Duration::zero() ? Condition::Warning : Condition::Failed, "cluster.token",
                   std::move(subject), evidence,
                   {"give the kubeconfig a new token; that of a Pod's service account is renewed by the kubelet",
                    "更新 kubeconfig 中的 token；Pod 的服务账号 token 由 kubelet 续期"});
    });
}

void judgeChats(const MetricsPage& page, DoctorReport& report) {
    page.forEach("klaw_chat_connected", [&](const rules::Labels& labels, double value) {
        Words subject{"connection of " + labelAt(labels, "app"), labelAt(labels, "app") + " 的连接"};
        if (value > 0) return report.ok("chat.connection", std::move(subject), labelAt(labels, "platform"));
        report.add(Condition::Failed, "chat.connection", std::move(subject), "presses and messages do not come in",
                   {"/readyz names the reason; docs/chat.md says what the platform needs",
                    "/readyz 说明原因；平台侧的要求见 docs/chat.md"});
    });
    page.forEach("klaw_month_calls_left", [&](const rules::Labels& labels, double left) {
        auto account = labelAt(labels, "account");
        double used = 0;
        page.forEach("klaw_month_calls", [&](const rules::Labels& of, double value) {
            if (labelAt(of, "account") == account) used = value;
        });
        Words subject{"calls of " + account + " this month", account + " 本月的调用"};
        auto evidence = fmt::format("{:.0f} used, {:.0f} left", used, left);
        if (left > (used + left) / 5) return report.ok("chat.budget", std::move(subject), evidence);
        report.add(left > 0 ? Condition::Warning : Condition::Failed, "chat.budget", std::move(subject), evidence,
                   {"cards leave in digests until the month ends; raise `calls_per_month` if the platform allows more",
                    "月底之前以摘要发送；平台额度允许时可调大 `calls_per_month`"});
    });
}

void judgeWriter(const MetricsPage& page, DoctorReport& report) {
    auto degraded = page.value("klaw_storage_degraded");
    if (!degraded) return;
    Words subject{"writing to the database", "数据库写入"};
    auto evidence = fmt::format("{:.0f} units wait", page.value("klaw_storage_queued").value_or(0));
    if (*degraded == 0) return report.ok("storage.writing", std::move(subject), evidence);
    report.add(Condition::Failed, "storage.writing", std::move(subject), "it cannot be written; " + evidence,
               {"make room on the disk, or bring the server back: nothing is lost meanwhile",
                "释放磁盘空间或恢复数据库服务器：其间不丢数据"});
}

void judgeReload(const MetricsPage& page, DoctorReport& report) {
    auto successful = page.value("klaw_config_last_reload_successful");
    if (!successful) return;
    Words subject{"last reload", "最近一次重新加载"};
    if (*successful > 0) return report.ok("agent.reload", std::move(subject), "taken");
    report.add(Condition::Failed, "agent.reload", std::move(subject), "refused: the agent goes on with what it had",
               {"`klaw config check FILE` and `klaw rules check` name file, line and column",
                "`klaw config check FILE` 和 `klaw rules check` 会指出文件、行和列"});
}

void judgeShare(const char* check, Words subject, double used, double limit, std::string evidence, Words remedy,
                DoctorReport& report) {
    auto condition = used > 0.95 * limit ? Condition::Failed : used > 0.8 * limit ? Condition::Warning : Condition::Ok;
    report.add(condition, check, std::move(subject), std::move(evidence), std::move(remedy));
}

void judgeProcess(const MetricsPage& page, const Limits& limits, DoctorReport& report) {
    if (auto used = page.value("process_resident_memory_bytes")) {
        Words subject{"memory of the agent", "agent 内存"};
        if (limits.memoryBytes)
            judgeShare("agent.memory", std::move(subject), *used, *limits.memoryBytes,
                       mebibytes(*used) + " of " + mebibytes(*limits.memoryBytes),
                       {"raise the limit (`resources.limits.memory` of the chart)",
                        "调大限制（chart 的 `resources.limits.memory`）"},
                       report);
        else
            report.ok("agent.memory", std::move(subject), mebibytes(*used) + ", no limit found here");
    }
    auto open = page.value("process_open_fds"), most = page.value("process_max_fds");
    if (open && most)
        judgeShare("agent.files", {"open files of the agent", "agent 打开的文件"}, *open, *most,
                   fmt::format("{:.0f} of {:.0f}", *open, *most),
                   {"raise `ulimit -n` (LimitNOFILE of the unit)", "调大 `ulimit -n`（单元的 LimitNOFILE）"}, report);
}

void judgeBackup(const app::BackupConfig& backup, const MetricsPage& page, TimePoint now, DoctorReport& report) {
    double last = 0, failed = 0;
    page.forEach("klaw_backup_last_success_timestamp_seconds", [&](const rules::Labels& labels, double value) {
        if (labelAt(labels, "name") == backup.name) last = value;
    });
    page.forEach("klaw_backups_total", [&](const rules::Labels& labels, double value) {
        if (labelAt(labels, "name") == backup.name && labelAt(labels, "outcome") == "failed") failed = value;
    });
    Words subject{"backup " + backup.name, "备份 " + backup.name};
    Words remedy{"`klaw cluster backups` says how the last run went", "`klaw cluster backups` 说明最近一次的结果"};
    auto failures = fmt::format("{:.0f} failed since the agent began", failed);
    if (last <= 0)
        return report.add(backup.schedule.empty() ? Condition::Ok : Condition::Warning, "backup", std::move(subject),
                          "none was made yet; " + failures, std::move(remedy));
    backup::RunHistory history;
    history.knownSince = timeOf(last);
    history.begun = history.ended = history.succeeded = timeOf(last);
    auto due = backup::nextRun(backup.schedule, history);
    bool late = due && *due + 1h < now;
    report.add(late ? Condition::Warning : Condition::Ok, "backup", std::move(subject),
               "the last good one is " + formatDuration(std::chrono::floor<std::chrono::minutes>(now - timeOf(last))) +
                   " old; " + failures,
               std::move(remedy));
}

}  // namespace

Result<MetricsPage> MetricsPage::read(const std::string& text) {
    MetricsPage page;
    auto all = [](std::string_view) { return true; };
    auto read = scrape::readPrometheusText(text, all, [&](std::string_view name, rules::Labels labels, double value) {
        page.series_[std::string(name)].push_back({std::move(labels), value});
    });
    if (!read) return fail(std::move(read).error());
    return page;
}

std::optional<double> MetricsPage::value(const std::string& name) const {
    auto at = series_.find(name);
    return at == series_.end() || at->second.empty() ? std::nullopt : std::optional(at->second.front().value);
}

void MetricsPage::forEach(const std::string& name,
                          const std::function<void(const rules::Labels& labels, double value)>& visit) const {
    auto at = series_.find(name);
    if (at == series_.end()) return;
    for (const auto& series : at->second) visit(series.labels, series.value);
}

void judgeReadiness(int status, const std::string& text, DoctorReport& report) {
    Words subject{"readiness", "就绪状态"};
    std::string others;
    std::size_t begin = 0;
    while (begin < text.size()) {
        auto end = std::min(text.find('\n', begin), text.size());
        auto line = text.substr(begin, end - begin);
        // What is wrong with a cluster stands in a line of its own.
        bool said = line == "ready" || line == "not ready" || line.starts_with("cluster ") || line.empty();
        if (!said) others += (others.empty() ? "" : "; ") + line;
        begin = end + 1;
    }
    auto evidence = (status == 200 ? "ready" : "not ready") + (others.empty() ? "" : "; " + others);
    bool quiet = others.empty() || others.starts_with("leads by the lease ") || others.starts_with("this replica is");
    report.add(status != 200 ? Condition::Failed
               : quiet       ? Condition::Ok
                             : Condition::Warning,
               "agent.ready", std::move(subject), evidence,
               {"the lines about clusters, chats and storage below say more", "见下面关于集群、聊天和存储的各行"});
}

bool judgeState(const std::string& json, DoctorReport& report) {
    auto state = Json::parse(json, nullptr, false);
    if (!state.is_object()) {
        report.add(Condition::Failed, "agent.state", {"state of the agent", "agent 状态"}, "it cannot be read",
                   {"is another program at its address?", "该地址上是否是别的程序？"});
        return false;
    }
    Words role{"role", "角色"};
    if (state.value("standby", false)) {
        report.ok("agent.role", std::move(role), textAt(state, "text"));
        return false;
    }
    report.ok("agent.role", std::move(role), "leads, or is the only one");
    for (const auto& cluster : state.value("clusters", Json::array())) judgeCluster(cluster, report);
    for (const auto& channel : state.value("channels", Json::array())) judgeChannel(channel, report);
    for (const auto& warning : state.value("warnings", Json::array()))
        if (warning.is_string())
            report.add(Condition::Warning, "agent.warning", {"the agent warns", "agent 警告"},
                       warning.get<std::string>());
    return true;
}

void judgeRules(const std::string& json, DoctorReport& report) {
    auto answer = Json::parse(json, nullptr, false);
    if (!answer.is_object() || !answer.contains("rows")) return;
    struct Rules {
        std::string remark;  ///< of the first
        std::vector<std::string> names;
    };
    std::map<std::string, Rules> byReason;
    std::size_t fine = 0;
    for (const auto& row : answer["rows"]) {
        auto remark = textAt(row, "remark");
        if (remark.empty()) {
            ++fine;
            continue;
        }
        auto& rules = byReason[reasonOf(remark)];
        if (rules.names.empty()) rules.remark = remark;
        rules.names.push_back(textAt(row, "rule"));
    }
    report.ok("rules", {"rules", "规则"}, fmt::format("{} run", fine));
    for (const auto& [reason, rules] : byReason) {
        bool blind = rules.remark.starts_with(unavailable);
        auto evidence = fmt::format("{}{}: {}", rules.names.front(),
                                    rules.names.size() > 1 ? fmt::format(" and {} more", rules.names.size() - 1) : "",
                                    rules.remark);
        report.add(Condition::Warning, blind ? "rules.unavailable" : "rules.errors",
                   blind ? Words{"rules that see nothing", "不可用的规则"} : Words{"rules with errors", "出错的规则"},
                   evidence,
                   blind ? Words{"give Klaw what they read from, or turn them off", "提供它们需要的数据来源，或停用"}
                         : Words{"`klaw rules explain NAME` has the error", "`klaw rules explain NAME` 查看错误"});
    }
}

void judgeMetrics(const MetricsPage& page, const std::vector<app::BackupConfig>& backups, TimePoint now,
                  const Limits& limits, DoctorReport& report) {
    judgeBuild(page, report);
    judgeReload(page, report);
    judgeWriter(page, report);
    judgeWatches(page, report);
    judgeTokens(page, now, report);
    judgeChats(page, report);
    bool leads = page.value("klaw_leader").value_or(1) != 0;  // others make no backups
    if (leads)
        for (const auto& backup : backups) judgeBackup(backup, page, now, report);
    judgeProcess(page, limits, report);
}

void judgeClock(const std::string& check, Words subject, Duration skew, DoctorReport& report) {
    auto off = std::chrono::duration<double>(skew).count();
    auto evidence = fmt::format("{:.0f} s {}", std::abs(off), off < 0 ? "behind" : "ahead");
    if (std::abs(off) <= 2) evidence = "within 2 s";
    report.add(std::abs(off) > 300  ? Condition::Failed
               : std::abs(off) > 10 ? Condition::Warning
                                    : Condition::Ok,
               check, std::move(subject), evidence,
               {"set the clock of this machine by NTP: beyond five minutes presses and callbacks are refused",
                "用 NTP 校准本机时钟：相差超过五分钟时，按钮和回调会被拒绝"});
}

}  // namespace klaw::cli
