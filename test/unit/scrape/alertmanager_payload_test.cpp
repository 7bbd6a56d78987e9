#include "agent/scrape/alertmanager_payload.hpp"

#include <gtest/gtest.h>

namespace klaw::scrape {
namespace {

constexpr const char* payload =
    R"({"version":"4","groupKey":"{}:{}","truncatedAlerts":0,"status":"firing","receiver":"klaw",
 "groupLabels":{},"commonLabels":{},"commonAnnotations":{},"externalURL":"http://am","alerts":[
 {"status":"firing","labels":{"alertname":"KubePodCrashLooping","namespace":"shop","pod":"web-1","container":"app","severity":"critical","job":"ksm"},
  "annotations":{"summary":"Pod is crash looping.","description":"Pod shop/web-1 restarts","runbook_url":"https://runbooks/x"},
  "startsAt":"2026-11-23T10:00:00.123Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prom","fingerprint":"abc"},
 {"status":"resolved","labels":{"alertname":"Watchdog","severity":"none","cluster":"west"},"annotations":{},
  "startsAt":"2026-11-23T10:00:00Z","endsAt":"2026-11-23T10:05:00Z"}]})";

TEST(AlertmanagerPayload, GivesItsAlertsWithObjectTextsAndTime) {
    auto alerts = readAlertmanagerPayload(payload, "prod");
    ASSERT_TRUE(alerts) << alerts.error().describe();
    ASSERT_EQ(alerts->size(), 2u);
    const auto& crash = alerts->front().alert;
    EXPECT_TRUE(alerts->front().firing);
    EXPECT_EQ(crash.rule, "KubePodCrashLooping");
    EXPECT_EQ(crash.origin, "alertmanager");
    EXPECT_EQ(crash.cluster, "prod");
    EXPECT_EQ(crash.severity, rules::Severity::Critical);
    EXPECT_EQ(crash.labels,
              (rules::Labels{{"namespace", "shop"}, {"pod", "web-1"}, {"container", "app"}, {"job", "ksm"}}));
    EXPECT_EQ(crash.object, (rules::ObjectRef{"prod", "pods", "Pod", "shop", "web-1", ""}));
    EXPECT_EQ(crash.title.en, "Pod is crash looping.");
    EXPECT_EQ(crash.description.en, "Pod shop/web-1 restarts");
    EXPECT_EQ(crash.runbook.en, "https://runbooks/x");
    EXPECT_EQ(crash.activeAt, *parseRfc3339("2026-11-23T10:00:00.123Z"));
    const auto& watchdog = alerts->back().alert;
    EXPECT_FALSE(alerts->back().firing);
    EXPECT_EQ(watchdog.cluster, "west") << "its own label";
    EXPECT_EQ(watchdog.severity, rules::Severity::Info);
    EXPECT_EQ(watchdog.title.en, "Watchdog");
}

TEST(AlertmanagerPayload, IsRefusedWhenItIsNone) {
    for (const auto* body :
         {"", "[]", "{}", R"({"version":"4"})", R"({"version":"3","alerts":[]})", R"({"version":"4","alerts":[{}]})",
          R"({"version":"4","alerts":[{"status":"firing","labels":{}}]})",
          R"({"version":"4","alerts":[{"status":"maybe","labels":{"alertname":"A"}}]})"})
        EXPECT_FALSE(readAlertmanagerPayload(body, "c")) << body;
    EXPECT_TRUE(readAlertmanagerPayload(R"({"version":"4","alerts":[]})", "c"));
}

TEST(AlertmanagerPayload, WithTooManyAlertsIsRefusedForGood) {
    std::string body = R"({"version":"4","alerts":[{})";
    for (int i = 0; i < 10'000; ++i) body += ",{}";
    auto alerts = readAlertmanagerPayload(body + "]}", "prod");
    ASSERT_FALSE(alerts);
    EXPECT_EQ(alerts.error().code, ErrorCode::Unsupported) << "to send it once more changes nothing";
}

TEST(AlertmanagerPayload, CutsTextsThatNoCardCouldShow) {
    auto alerts = readAlertmanagerPayload(
        R"({"version":"4","alerts":[{"status":"firing","labels":{"alertname":"A"},"annotations":{"summary":")" +
            std::string(100'000, 'x') + "\"}}]}",
        "c");
    ASSERT_TRUE(alerts);
    EXPECT_LE(alerts->front().alert.title.en.size(), 4000u);
}

}  // namespace
}  // namespace klaw::scrape
