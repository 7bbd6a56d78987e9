#include "storage/json_codec.hpp"

#include "test/unit/storage/fixture.hpp"

namespace klaw::storage {
namespace {

using testing::at;
using testing::must;

rules::Alert fullAlert() {
    auto alert = testing::firingAlert("f1");
    alert.labels = {{"container", "api"}, {"namespace", "web"}};
    alert.description = {"it \"crashes\"\n", "它崩溃"};
    alert.runbook.en = "https://example.com/runbook";
    alert.object = {"prod", "pods", "Pod", "web", "api-1", "u-1"};
    alert.owner = {"prod", "deployments", "Deployment", "web", "api", "u-2"};
    alert.element = "api";
    alert.actions = {"logs", "restart"};
    alert.enrich = {"logs"};
    alert.notify = {"oncall"};
    alert.ring = rules::Ring::Sms;
    alert.facts = {{"reason", "OOMKilled"}};
    alert.course.values = {0.5, 0.25, 0.75};
    alert.course.least = 0.25;
    alert.course.greatest = 0.75;
    alert.course.from = at(1);
    alert.course.to = at(3);
    alert.course.bound = 0.7;
    alert.course.unit = rules::Unit::Percent;
    alert.resolvedAt = at(90);
    alert.keepPendingFor = 90s;
    alert.startedBefore = true;
    alert.count = 42;
    alert.occurrence = "17";
    alert.occurredAt = at(70);
    alert.progress = "2";
    alert.flapping = true;
    alert.ceasedAt = at(80);
    alert.firedBefore = {at(20), at(40)};
    return alert;
}

TEST(AlertJson, GivesBackEveryField) {
    auto alert = fullAlert();
    EXPECT_EQ(must(alertFromJson(toJson(alert))), alert);
    EXPECT_EQ(must(alertFromJson(toJson(rules::Alert()))), rules::Alert());
}

TEST(AlertJson, GivesBackValuesThatAreZero) {
    auto alert = fullAlert();
    alert.severity = rules::Severity::Info;
    alert.count = 0;
    EXPECT_EQ(must(alertFromJson(toJson(alert))), alert);
}

TEST(AlertJson, OfANewerVersionIsReadWithoutItsUnknownFields) {
    auto text = toJson(fullAlert());
    text.insert(1, R"("future":{"x":[1]},)");
    EXPECT_EQ(must(alertFromJson(text)), fullAlert());
}

TEST(AlertJson, ThatIsDamagedIsDataLoss) {
    for (const auto* text : {"", "{", "null x", R"({"severity":"high"})", R"({"severity":9})", R"({"severity":-1})",
                             R"({"labels":[1]})", R"({"firedAt":{}})"}) {
        auto alert = alertFromJson(text);
        ASSERT_FALSE(alert) << text;
        EXPECT_EQ(alert.error().code, ErrorCode::DataLoss) << text;
    }
}

TEST(AlertJson, IsValidUtf8WhateverTheClusterSays) {
    auto alert = fullAlert();
    alert.facts = {{"reason", "a\xFFz"}};
    EXPECT_EQ(must(alertFromJson(toJson(alert))).facts.at("reason"), "a\xEF\xBF\xBDz");
}

TEST(IncidentJson, GivesBackEveryFieldButTheAlerts) {
    auto incident = testing::openIncident("i1", 7);
    incident.owner = {"prod", "deployments", "Deployment", "web", "api", "u-2"};
    incident.labels = {{"namespace", "web"}};
    incident.severity = rules::Severity::Info;
    incident.title = {"api keeps crashing", "api 反复崩溃"};
    incident.alerts = {fullAlert()};
    incident.firing = 3;
    incident.total = 50;
    incident.resolvedAt = at(100);
    incident.acknowledged = rules::Mark{"feishu:ou_1", at(80), "on it"};
    incident.silenced = rules::Mark{};
    incident.silencedUntil = at(500);
    incident.startedBefore = true;
    incident.diversions = {{"oncall", "lead"}};
    incident.changes = {{"app: web:1 → web:2", "kubectl-set", at(-60)}};
    incident.dependents = {"Deployment shop/web (2)"};
    incident.assignee = "Han";
    incident.assigned = rules::Mark{"feishu:ou_1", at(85), ""};
    incident.comments = {{"feishu:ou_1", at(86), "the disk"}};
    incident.findings.at = at(90);
    incident.findings.pod = "api-1";
    incident.findings.previous = true;
    incident.findings.logs = {"panic"};
    incident.findings.events = {{at(70), "Pod api-1", "Warning", "BackOff", "restarting", 12}};
    auto read = must(incidentFromJson(toJson(incident)));
    EXPECT_TRUE(read.alerts.empty());
    EXPECT_EQ(toJson(read), toJson(incident));
    EXPECT_EQ(read.id, "i1");
    EXPECT_EQ(read.group, incident.group);
    EXPECT_EQ(read.owner, incident.owner);
    EXPECT_EQ(read.labels, incident.labels);
    EXPECT_EQ(read.severity, rules::Severity::Info);
    EXPECT_EQ(read.title, incident.title);
    EXPECT_EQ(read.firing, 3u);
    EXPECT_EQ(read.total, 50u);
    EXPECT_EQ(read.openedAt, incident.openedAt);
    EXPECT_EQ(read.resolvedAt, incident.resolvedAt);
    EXPECT_EQ(read.acknowledged, incident.acknowledged);
    EXPECT_EQ(read.silenced, incident.silenced);
    EXPECT_EQ(read.silencedUntil, incident.silencedUntil);
    EXPECT_TRUE(read.startedBefore);
    EXPECT_EQ(read.diversions, incident.diversions);
    EXPECT_EQ(read.changes, incident.changes);
    EXPECT_EQ(read.dependents, incident.dependents);
    EXPECT_EQ(read.assignee, "Han");
    EXPECT_EQ(read.assigned, incident.assigned);
    EXPECT_EQ(read.comments, incident.comments);
    EXPECT_EQ(read.findings, incident.findings);
    EXPECT_EQ(read.revision, 7u);
}

TEST(SilenceJson, GivesBackEveryField) {
    rules::Silence silence;
    silence.id = "s1";
    silence.matchers = {{"cluster", rules::Matcher::Kind::Equal, "prod"},
                        {"namespace", rules::Matcher::Kind::NotMatches, "kube-.*"}};
    silence.startsAt = at(0);
    silence.endsAt = at(3600);
    silence.createdBy = "dingtalk:u1";
    silence.comment = "维护";
    EXPECT_EQ(must(silenceFromJson(toJson(silence))), silence);
}

}  // namespace
}  // namespace klaw::storage
