#include "agent/cli/doctor.hpp"

#include <fstream>
#include <iostream>

#include "agent/app/config_warnings.hpp"
#include "agent/app/data_directory.hpp"
#include "agent/app/notifiers.hpp"
#include "agent/app/version.hpp"
#include "agent/cli/agent_client.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/doctor_agent.hpp"
#include "agent/cli/doctor_chat.hpp"
#include "agent/cli/doctor_network.hpp"
#include "agent/cli/doctor_report.hpp"
#include "agent/cli/doctor_storage.hpp"
#include "agent/cli/setup.hpp"

namespace klaw::cli {
namespace {

using Condition = Finding::Condition;

constexpr Duration patience = 10s;

/// What could be read of it; the defaults where it has errors.
app::Config examineConfiguration(const DoctorOptions& options, DoctorReport& report) {
    Words subject{"configuration", "配置"};
    if (options.config.empty()) {
        report.add(Condition::Unknown, "config", std::move(subject), "none was given: defaults are looked at",
                   {"--config FILE names that of the agent", "用 --config FILE 指明 agent 的配置"});
        return {};
    }
    auto loaded = app::loadConfig(options.config);
    if (!loaded) {
        report.add(Condition::Failed, "config", std::move(subject), evidenceOf(loaded.error()),
                   {loaded.error().remedy, loaded.error().remedy});
        return {};
    }
    for (const auto& error : loaded->errors)
        report.add(Condition::Failed, "config", subject, error.describe(),
                   {"mend it: at a reload the agent goes on with what it had, and does not start with it",
                    "请修正：重新加载时 agent 沿用旧配置，启动时则会拒绝"});
    for (const auto& warning : app::configWarnings(options.config))
        report.add(Condition::Warning, "config.deprecated", subject, warning.message + " (" + warning.place + ")",
                   {warning.remedy, warning.remedy});
    if (loaded->ok())
        report.ok("config", std::move(subject),
                  options.config + ": " + std::to_string(loaded->config.channels.size()) + " channels, " +
                      std::to_string(loaded->config.clusters.size()) + " clusters");
    return std::move(loaded->config);
}

/// Of the control group that this program shares with an agent in the same container.
Limits limitsHere() {
    Limits limits;
    std::ifstream in("/sys/fs/cgroup/memory.max");
    double bytes = 0;
    if (in >> bytes) limits.memoryBytes = bytes;
    return limits;
}

class AgentExamination {
public:
    AgentExamination(AgentAddress agent, const app::Config& config, DoctorReport& report)
        : agent_(std::move(agent)), config_(config), report_(report) {}

    void run() {
        auto ready = get("/readyz");
        Words subject{"running agent", "运行中的 agent"};
        if (!ready)
            return report_.add(Condition::Failed, "agent.running", std::move(subject), evidenceOf(ready.error()),
                               {"start it: `klaw agent --config FILE`; its log says why it ended",
                                "启动：`klaw agent --config FILE`；退出原因见其日志"});
        report_.ok("agent.running", std::move(subject), agent_.url);
        judgeReadiness(ready->status, ready->body, report_);
        examineMetrics();
        if (examineState()) examineRules();
    }

private:
    Result<net::HttpResponse> get(const std::string& path) {
        net::HttpRequest request("GET", agent_.url + path);
        if (path.starts_with("/api/")) request.headers.add("Authorization", "Bearer " + agent_.token);
        return world_.run(world_.client.send(std::move(request), patience));
    }
    void examineMetrics() {
        auto text = get("/metrics");
        auto page = text ? MetricsPage::read(text->body) : Result<MetricsPage>(fail(text.error()));
        if (page)
            judgeMetrics(*page, config_.backups, world_.clock.now(), limitsHere(), report_);
        else
            report_.add(Condition::Failed, "agent.metrics", {"metrics", "指标"}, page.error().describe());
    }
    bool examineState() {
        auto state = get("/api/state");
        if (state && state->status == 200) return judgeState(state->body, report_);
        report_.add(Condition::Failed, "agent.token", {"token of the data directory", "数据目录的 token"},
                    state ? "the agent answers " + std::to_string(state->status) : state.error().describe(),
                    {"is that the data directory of the agent that runs there?", "这是该 agent 的数据目录吗？"});
        return false;
    }
    void examineRules() {
        auto answer = askAgent(agent_, "rules --json", "en");
        if (answer && answer->ok) return judgeRules(answer->text, report_);
        report_.add(Condition::Unknown, "rules", {"rules", "规则"}, answer ? answer->text : answer.error().describe());
    }

    AgentAddress agent_;
    const app::Config& config_;
    DoctorReport& report_;
    SetupRun world_;
};

/// Replicas are asked each by itself, where its own configuration has it: in the directory stands the leader's address,
/// if any.
Result<std::string> addressOf(const std::filesystem::path& directory, app::Config config) {
    if (!config.leadership || config.listenPort == 0) return app::DataDirectory::readAddress(directory);
    config.url.clear();
    return app::consoleUrlOf(config, config.listenPort);
}

void examineAgent(const DoctorOptions& options, const app::Config& config, DoctorReport& report) {
    auto directory = dataOf(options.data, config);
    auto token = app::DataDirectory::readToken(directory);
    auto address = token ? addressOf(directory, config) : Result<std::string>(fail(token.error()));
    if (!address)
        return report.add(Condition::Failed, "agent.running", {"running agent", "运行中的 agent"},
                          directory.string() + ": " + address.error().message,
                          {"start it: `klaw agent --config FILE`; or name its --config or --data",
                           "启动：`klaw agent --config FILE`；或用 --config、--data 指明"});
    AgentExamination({std::move(*address), std::move(*token)}, config, report).run();
}

}  // namespace

int doctorCommand(const DoctorOptions& options) {
    DoctorReport report;
    report.ok("version", {"this program", "本程序"}, "klaw " + std::string(app::programVersion));
    auto config = examineConfiguration(options, report);
    examineDirectory(dataOf(options.data, config), report);
    auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    examineDatabase(databaseOf(options.data, config), now, report);
    examineAgent(options, config, report);
    if (!options.offline) {
        examineClusters(config, report);
        examineApplications(options.config, config, report);
    }
    auto language = options.language.empty() ? config.language : options.language;
    std::cout << (options.json ? report.json(language) : report.text(language));
    return report.anyFailed() ? 1 : 0;
}

}  // namespace klaw::cli
