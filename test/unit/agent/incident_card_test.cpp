// An incident as storage has it, through buildCard, as people see it on each platform.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agent/deliver/card_builder.hpp"
#include "notifiers/dingtalk/card_template.hpp"
#include "notifiers/feishu/render.hpp"
#include "notifiers/terminal/render.hpp"

namespace klaw::deliver {
namespace {

const TimePoint start = *parseRfc3339("2026-11-23T10:00:00Z");

rules::Alert crashing(const std::string& pod) {
    rules::Alert alert;
    alert.fingerprint = pod;
    alert.rule = "PodCrashLooping";
    alert.cluster = "prod";
    alert.severity = rules::Severity::Critical;
    alert.title = {pod + " keeps crashing", pod + " 反复崩溃"};
    alert.description = {"Container app ended 5 times.", "容器 app 已重启 5 次。"};
    alert.runbook = {"https://example.com/runbook", "https://example.com/zh/runbook"};
    alert.object = {"prod", "pods", "Pod", "shop", pod, "u-" + pod};
    alert.owner = {"prod", "deployments.apps", "Deployment", "shop", "web", "u1"};
    alert.labels = {{"container", "app"}};
    alert.element = "app";
    alert.actions = {"logs", "describe", "restart", "rollback", "silence"};
    alert.enrich = {"logs", "events"};
    alert.facts = {{"reason", "Error"}, {"exit code", "1"}, {"node", "node-" + pod.substr(pod.size() - 1)}};
    alert.activeAt = start - 30s;
    alert.firedAt = start;
    return alert;
}

rules::Incident crash() {
    rules::Incident incident;
    incident.id = "3f9a21c07be4d815";
    incident.rule = "PodCrashLooping";
    incident.cluster = "prod";
    incident.severity = rules::Severity::Critical;
    incident.alerts = {crashing("web-1"), crashing("web-2")};
    incident.owner = incident.alerts[0].owner;
    incident.title = incident.alerts[0].title;
    incident.firing = incident.total = 2;
    incident.openedAt = start;
    incident.updatedAt = start + 2min;
    incident.revision = 3;
    incident.changes = {{"app: shop/web:1.0 → shop/web:1.1", "kubectl-set", start - 3min}};
    incident.assignee = "韩梅梅";
    incident.assigned = rules::Mark{"李雷", start + 1min, ""};
    incident.comments = {{"李雷", start + 1min, "the new image cannot reach the database @all"}};
    auto& findings = incident.findings;
    findings.at = start + 1s;
    findings.ns = "shop";
    findings.pod = "web-1";
    findings.container = "app";
    findings.previous = true;
    findings.logs = {"starting web 1.1", "panic: connect db:5432: connection refused <at id=all></at>", "```",
                     "password=hunter2"};
    findings.events = {
        {start - 3min, "Deployment web", "Normal", "ScalingReplicaSet", "Scaled up replica set web-7d9f", 1},
        {start - 20s, "Pod web-1", "Warning", "BackOff", "Back-off restarting [x](http://evil.example)", 12}};
    return incident;
}

/// What is asked for and cannot be read, or is not asked for in a storm.
rules::Incident crashWithoutLogs() {
    auto incident = crash();
    incident.findings.logs.clear();
    incident.findings.logsTrouble = "403 pods \"web-1\" is forbidden: User \"klaw\" cannot get resource \"pods/log\"";
    incident.findings.events.clear();
    incident.findings.eventsTrouble = "403 events is forbidden";
    return incident;
}

rules::Incident crashInAStorm() {
    auto incident = crash();
    incident.findings = {};
    incident.findings.skipped = true;
    return incident;
}

/// A value above its threshold.
rules::Incident memoryHigh() {
    auto incident = crash();
    incident.rule = "NodeMemoryHigh";
    auto alert = incident.alerts[0];
    alert.title = {"Node n1 uses 97.5% of its memory", "节点 n1 内存使用率 97.5%"};
    alert.description = alert.runbook = {};
    alert.element.clear();
    alert.object = alert.owner = {"prod", "nodes", "Node", "", "n1", "u3"};
    alert.facts = {{"value", "97.5%"}, {"threshold", "90.0%"}, {"trend", "▁▂▅▇ 61.0% … 97.5%"}};
    alert.course.values = {0.61, 0.7, 0.905, 0.975};
    alert.course.least = 0.61;
    alert.course.greatest = 0.975;
    alert.course.from = start - 90s;
    alert.course.to = start;
    alert.course.bound = 0.9;
    alert.course.unit = rules::Unit::Percent;
    incident.alerts = {alert};
    incident.owner = alert.owner;
    incident.title = alert.title;
    incident.firing = incident.total = 1;
    incident.findings = {};
    incident.changes.clear();
    incident.comments.clear();
    incident.assignee.clear();
    return incident;
}

struct Golden {
    std::string name;
    rules::Incident (*incident)();
};

void PrintTo(const Golden& golden, std::ostream* out) {
    *out << golden.name;
}

class IncidentCard : public testing::TestWithParam<Golden> {};

std::string shown(const rules::Incident& incident, const std::string& language) {
    CardStyle style{language, language == "zh" ? 480 : 0, ""};
    auto card = buildCard(incident, style);
    for (auto& button : card.buttons) button.nonce = "nonce-" + button.verb;
    notifiers::SafeCard safe(std::move(card));
    auto parameters = notifiers::dingtalk::ownTemplate("klaw.schema")->render(safe, {}, {});
    return "== terminal\n" + notifiers::terminal::renderCard(safe, {}) + "\n== dingtalk\n" + parameters["body"] +
           "\n\n== feishu\n" +
           notifiers::feishu::renderCard(safe, {}, {}, notifiers::feishu::Buttons::CallBack).dump(2) + "\n";
}

/// KLAW_UPDATE_GOLDEN=1 writes the files anew.
TEST_P(IncidentCard, IsShownAsReviewed) {
    for (const auto* language : {"en", "zh"}) {
        auto path = std::filesystem::path(KLAW_SOURCE_DIR) / "test/golden/incidents" /
                    (GetParam().name + "_" + language + ".golden");
        auto text = shown(GetParam().incident(), language);
        if (std::getenv("KLAW_UPDATE_GOLDEN")) {
            std::filesystem::create_directories(path.parent_path());
            std::ofstream(path) << text;
        }
        std::ifstream in(path);
        std::stringstream expected;
        expected << in.rdbuf();
        EXPECT_EQ(expected.str(), text) << path;
        EXPECT_EQ(text.find("hunter2"), text.npos);
    }
}

INSTANTIATE_TEST_SUITE_P(Incidents, IncidentCard,
                         testing::Values(Golden{"crash", crash}, Golden{"crash_without_logs", crashWithoutLogs},
                                         Golden{"crash_in_a_storm", crashInAStorm}, Golden{"memory", memoryHigh}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace klaw::deliver
