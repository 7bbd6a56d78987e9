#include "agent/app/config.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace klaw::app {
namespace {

std::string firstError(const std::string& yaml) {
    auto report = parseConfig("klaw.yaml", yaml);
    return report.ok() ? "fine" : report.errors.front().describe();
}

TEST(Config, OfTheExampleFileIsAccepted) {
    auto report = loadConfig(KLAW_SOURCE_DIR "/configs/klaw.yaml");
    ASSERT_TRUE(report);
    ASSERT_TRUE(report->ok()) << report->errors.front().describe();
    EXPECT_EQ(report->config.listenPort, 8917);
    EXPECT_EQ(report->config.utcOffsetMinutes, 480);
    ASSERT_EQ(report->config.channels.size(), 1u);
    EXPECT_EQ(report->config.channels[0].name, "screen");
}

TEST(Config, IsRefusedWithPlaceAndRemedy) {
    EXPECT_EQ(firstError("chanels: []"),
              "klaw.yaml:1:1: unknown key \"chanels\" in the configuration (did you mean \"channels\"?)");
    EXPECT_EQ(firstError("listen: here"),
              "klaw.yaml:1:9: listen: \"here\" is no address with a port (write for example 127.0.0.1:8917)");
    EXPECT_EQ(firstError("channels: [{name: a, type: fax}]"),
              "klaw.yaml:1:28: type: there is no channel type \"fax\" (one of terminal, webhook, dingtalk, feishu)");
    EXPECT_EQ(firstError("channels: [{name: a, type: webhook}]"),
              "klaw.yaml:1:12: the channel \"a\" has no http or https address (add `url`, `url_file` or `url_env`)");
    EXPECT_EQ(firstError("notify: [nobody]"),
              "klaw.yaml:1:1: notify: there is no channel \"nobody\" (add it to `channels`)");
    EXPECT_EQ(firstError("time_zone: Mars"),
              "klaw.yaml:1:12: time_zone: \"Mars\" is no offset (write UTC or an offset such as \"+08:00\")");
    EXPECT_EQ(firstError("clusters: [{name: a}, {name: a}]"),
              "klaw.yaml:1:23: the cluster \"a\" is there twice (choose another name)");
}

TEST(Config, SaysWhichChangesNeedASecondPerson) {
    auto report = parseConfig("klaw.yaml", R"(
access: [{name: 韩梅梅, feishu: ou_han, role: operator}]
approvals:
  - {verbs: [delete, nodes], clusters: [prod-*], approvers: {roles: [admin], people: [韩梅梅]}, expires: 2h}
  - {verbs: scale, namespaces: [shop], when: {replicas: 0}})");
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    ASSERT_EQ(report.config.approvals.size(), 2u);
    const auto& first = report.config.approvals[0];
    EXPECT_EQ(first.verbs, (std::vector<std::string>{"delete", "nodes"}));
    EXPECT_EQ(first.clusters, std::vector<std::string>{"prod-*"});
    EXPECT_EQ(access::approversOf(first, false), "韩梅梅, the role admin");
    EXPECT_EQ(first.expires, Duration(2h));
    EXPECT_FALSE(first.replicas);
    EXPECT_EQ(report.config.approvals[1].replicas, 0);
    EXPECT_EQ(report.config.approvals[1].expires, Duration(30min));
}

TEST(Config, RefusesApprovalsThatNobodyCouldGive) {
    auto approval = [](const std::string& fields) { return firstError("approvals: [{" + fields + "}]"); };
    EXPECT_EQ(approval("clusters: [prod]"),
              "klaw.yaml:1:13: approvals: for nothing (add `verbs`, for example [drain, delete])");
    EXPECT_EQ(approval("verbs: [explode]"),
              "klaw.yaml:1:13: approvals: there is no command \"explode\" (`klaw commands` lists what there is)");
    for (const std::string verb : {"grant", "silence", "rules", "pods"})
        EXPECT_EQ(approval("verbs: [" + verb + "]"),
                  "klaw.yaml:1:13: approvals: \"" + verb +
                      "\" changes no object of a cluster (leave it out: only changes of objects can wait for an "
                      "approval)");
    for (const std::string verb : {"delete", "delete namespaces", "cluster upgrade", "clusters", "access", "namespaces",
                                   "workloads", "nodes", "*"})
        EXPECT_EQ(approval("verbs: [\"" + verb + "\"]"), "fine") << verb;
    EXPECT_EQ(approval("verbs: [scale], when: {replicas: -1}"),
              "klaw.yaml:1:47: replicas: -1 is too small (write 0 or more)");
    EXPECT_EQ(approval("verbs: [scale], expires: 10s"),
              "klaw.yaml:1:13: expires: an approval waits for a minute at least and for seven days at most (write for "
              "example 30m)");
    EXPECT_EQ(approval("verbs: [scale], approvers: {roles: [boss]}"),
              "klaw.yaml:1:1: approvals: there is no role \"boss\" (one of `roles`, or viewer, operator, admin)");
    EXPECT_EQ(approval("verbs: [scale], approvers: {people: [nobody]}"),
              "klaw.yaml:1:1: approvals: there is nobody called \"nobody\" (add them to `access`, with a `name`)");
}

TEST(Config, SaysWhichCommandsMayBeRunInContainers) {
    auto report = parseConfig("klaw.yaml", R"(
exec:
  - {command: [df, -h, "*"], clusters: [test-*], namespaces: [shop], names: [web-*], containers: [app], roles: [operator]}
  - {command: [cat, /proc/meminfo], timeout: 30s})");
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    ASSERT_EQ(report.config.exec.size(), 2u);
    const auto& first = report.config.exec[0];
    EXPECT_EQ(first.command, (std::vector<std::string>{"df", "-h", "*"}));
    EXPECT_EQ(first.clusters, std::vector<std::string>{"test-*"});
    EXPECT_EQ(first.containers, std::vector<std::string>{"app"});
    EXPECT_EQ(first.roles, std::vector<std::string>{"operator"});
    EXPECT_EQ(first.timeout, Duration(10s));
    EXPECT_EQ(report.config.exec[1].timeout, Duration(30s));
    EXPECT_EQ(firstError("exec: [{command: [/bin/sh, -c, \"*\"]}]"),
              "klaw.yaml:1:8: exec: \"/bin/sh\" is a shell, which runs whatever it is given (name the program itself, "
              "with an element for each of its arguments)");
    EXPECT_EQ(firstError("exec: [{command: [df], timeout: 2m}]"),
              "klaw.yaml:1:8: timeout: a command may run for a second at least and for 60s at most (write for example "
              "10s)");
    EXPECT_EQ(firstError("exec: [{command: [df], roles: [boss]}]"),
              "klaw.yaml:1:1: exec: there is no role \"boss\" (one of `roles`, or viewer, operator, admin)");
}

TEST(Config, SaysWhichValuesOfSecretsMayBeShown) {
    auto report = parseConfig("klaw.yaml", "reveal: [{namespaces: [shop], keys: [PASSWORD], recall: 5m}]");
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    EXPECT_EQ(report.config.reveal.front().keys, std::vector<std::string>{"PASSWORD"});
    EXPECT_EQ(report.config.reveal.front().recall, Duration(5min));
    EXPECT_EQ(
        firstError("reveal: [{recall: 2m}]"),
        "klaw.yaml:1:10: reveal: it would be about every Secret of every cluster (add `clusters`, `namespaces` or "
        "`names`)");
    EXPECT_EQ(firstError("reveal: [{names: [db], recall: 1s}]"),
              "klaw.yaml:1:10: recall: a value is shown for 10s at least and for 60m at most (write for example 2m)");
}

TEST(Config, GroupsOfKubernetesItselfAreNobodysToGive) {
    auto report = parseConfig("klaw.yaml", R"(
roles: [{name: team, groups: [teams], rules: [{may: [read]}]}]
access: [{feishu: ou_li, role: team, groups: [payments, "on-call"]}])");
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    EXPECT_EQ(report.config.bindings.front().groups, (std::vector<std::string>{"payments", "on-call"}));
    EXPECT_EQ(report.config.roles.front().groups, std::vector<std::string>{"teams"});
    EXPECT_EQ(firstError("access: [{feishu: ou_li, groups: [\"system:masters\"]}]"),
              "klaw.yaml:1:34: groups: \"system:masters\" is one of those that Kubernetes keeps for itself (bind what "
              "people may do to a group of your own)");
    EXPECT_NE(firstError("access: [{feishu: ou_li, groups: [\"two words\"]}]"), "fine");
}

TEST(Config, SetsLimits) {
    auto report = parseConfig("klaw.yaml", R"(
limits:
  - {clusters: [prod], pods_per_change: 20, changes_per_person: 10, changes_per_cluster: 0}
  - {namespaces: [shop], selector: app=web, min_healthy: 2, disruption_budgets: true}
audit: {keep: 400d, reads: sensitive})");
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    ASSERT_EQ(report.config.limits.size(), 2u);
    EXPECT_EQ(report.config.limits[0].podsPerChange, 20);
    EXPECT_EQ(report.config.limits[0].changesPerPerson, 10);
    EXPECT_EQ(report.config.limits[0].changesPerCluster, 0);
    EXPECT_EQ(report.config.limits[1].minHealthy, 2);
    EXPECT_EQ(report.config.limits[1].selector, "app=web");
    EXPECT_TRUE(report.config.limits[1].budgets);
    EXPECT_EQ(report.config.audit.keep, Duration(400 * 24h));
    EXPECT_EQ(report.config.audit.reads, AuditConfig::Reads::Sensitive);
    EXPECT_EQ(firstError("limits: [{clusters: [prod]}]"),
              "klaw.yaml:1:10: limits: nothing is limited (add pods_per_change, changes_per_person, "
              "changes_per_cluster, min_healthy or disruption_budgets)");
    EXPECT_EQ(firstError("limits: [{selector: app=web, pods_per_change: 1}]"),
              "klaw.yaml:1:10: selector: it says which Pods `min_healthy` counts (add `min_healthy`)");
    EXPECT_EQ(
        firstError("remediation: {remedies: [{alert: X, action: explode}]}"),
        "klaw.yaml:1:26: remedies: there is no action \"explode\" (restart, rollback, delete, cordon, run, suspend "
        "or pause)");
    EXPECT_EQ(firstError("audit: {keep: 1h}"),
              "klaw.yaml:1:15: keep: the audit log is kept for a day at least (write for example 400d; without it for "
              "ever)");
    EXPECT_EQ(firstError("audit: {reads: some}"),
              "klaw.yaml:1:16: reads: \"some\" is not known (all, or sensitive: only those of logs, Secrets and the "
              "audit log itself)");
}

TEST(Config, PlansMaintenance) {
    auto report = parseConfig("klaw.yaml", R"(maintenance:
  - {name: patches, match: cluster="prod", schedule: "0 2 * * 6", duration: 3h, time_zone: Asia/Shanghai})");
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    rules::Maintenance maintenance(report.config.maintenance);
    auto active = maintenance.activeAt(*parseRfc3339("2026-11-27T18:30:00Z"));
    ASSERT_EQ(active.size(), 1u);
    EXPECT_EQ(formatRfc3339(active[0].endsAt), "2026-11-27T21:00:00Z");
}

TEST(Config, RefusesMaintenanceThatWouldSilenceEverythingOrNothing) {
    auto plan = [](const std::string& fields) { return firstError("maintenance: [{name: a, " + fields + "}]"); };
    EXPECT_EQ(plan(R"(match: 'cluster="prod"', schedule: "0 2 * * 8", duration: 1h)"),
              "klaw.yaml:1:60: schedule: the day of week \"8\" is none (write numbers from 0 to 7, `*`, a range `1-5`, "
              "a list `1,15` or a step `*/10`)");
    EXPECT_EQ(plan(R"(match: 'cluster="prod"', schedule: "0 2 30 2 *", duration: 1h)"),
              "klaw.yaml:1:60: schedule: such a day never comes");
    EXPECT_EQ(plan(R"(schedule: "0 2 * * 6", duration: 1h)"),
              "klaw.yaml:1:15: maintenance of everything (add `match`: what is silenced, for example "
              "cluster=\"staging\")");
    EXPECT_EQ(plan(R"(match: 'cluster="prod"', schedule: "0 2 * * 6")"),
              "klaw.yaml:1:15: maintenance that takes no time (add `duration`, for example 2h)");
    EXPECT_EQ(plan(R"(match: 'cluster="prod"', schedule: "0 2 * * 6", duration: 1h, time_zone: Mars)"),
              "klaw.yaml:1:98: time_zone: there is no time zone \"Mars\" (write for example Asia/Shanghai or UTC)");
}

TEST(Config, KnowsWhoStandsInForAChannel) {
    auto error = [](const std::string& fallback) {
        return firstError("channels: [{name: a, type: terminal, fallback: " + fallback +
                          "}, {name: b, type: terminal}]");
    };
    EXPECT_EQ(error("b"), "fine");
    EXPECT_EQ(error("c"), "klaw.yaml:1:1: fallback: there is no channel \"c\" (add it to `channels`)");
    EXPECT_EQ(error("a"), "klaw.yaml:1:1: the channel \"a\" cannot stand in for itself (name another one)");
}

TEST(Config, KnowsHowOftenAnApplicationOrARobotMayCallInAMonth) {
    auto report = parseConfig("klaw.yaml",
                              "apps: [{name: app, type: feishu, id: cli_1, secret: s, calls_per_month: 10000}]\n"
                              "channels:\n"
                              "  - {name: team, app: app, chat: oc_1}\n"
                              "  - {name: robot, type: dingtalk, url: 'https://x', calls_per_month: 5000}");
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    EXPECT_EQ(report.config.apps[0].callsPerMonth, 10000u);
    EXPECT_EQ(report.config.channels[0].callsPerMonth, std::nullopt);
    EXPECT_EQ(report.config.channels[1].callsPerMonth, 5000u);
    EXPECT_NE(firstError("channels: [{name: a, type: dingtalk, url: 'https://x', calls_per_month: 0}]"), "fine");
    EXPECT_NE(firstError("apps: [{name: app, type: feishu, id: cli_1, secret: s}]\n"
                         "channels: [{name: a, app: app, chat: oc_1, calls_per_month: 50}]"),
              "fine");
}

TEST(Config, GivesRolesToDepartments) {
    auto access = [](const std::string& entry) {
        return "apps: [{name: a, type: feishu, id: cli_1, secret: s}, {name: b, type: dingtalk, id: d, secret: s}]\n"
               "access: [{" +
               entry + ", role: operator}]";
    };
    auto report = parseConfig("klaw.yaml", access("feishu_department: [od-1, infra], dingtalk_department: 42"));
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    EXPECT_EQ(
        report.config.bindings[0].departments,
        (std::vector<std::string>{"feishu_department:od-1", "feishu_department:infra", "dingtalk_department:42"}));
    EXPECT_EQ(firstError(access("dingtalk_department: 值班")),
              "klaw.yaml:2:32: dingtalk_department: \"值班\" is no id of a department (write its number, for example "
              "42; 1 is the whole organisation)");
    EXPECT_EQ(firstError(access("name: nobody")),
              "klaw.yaml:2:10: access for nobody (add `feishu`, `dingtalk`, `feishu_chat`, `dingtalk_chat`, "
              "`feishu_department` or `dingtalk_department`)");
    EXPECT_EQ(firstError("access: [{feishu_department: od-1}]"),
              "klaw.yaml:1:1: access: no application can ask who is in a feishu_department (add one of the type feishu "
              "to `apps`)");
    EXPECT_EQ(firstError(access("name: team, feishu_department: od-1") + "\nroutes: [{mention: [team]}]"),
              "klaw.yaml:1:1: mention: there is nobody called \"team\" (add them to `access`, with a `name`)")
        << "a department cannot be called by name";
}

TEST(Config, LetsRoutesSleep) {
    auto report = parseConfig("klaw.yaml", R"(routes:
  - quiet_hours:
      - {from: "22:00", to: "08:00", time_zone: Asia/Shanghai, except: severity="critical"}
      - {days: [saturday, sunday], from: "00:00", to: "24:00", time_zone: Asia/Shanghai}
  - quiet_hours: {from: "22:00", to: "08:00"})");
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    ASSERT_EQ(report.config.routes.size(), 2u);
    auto end = [&](std::size_t route, const char* time) {
        auto until = rules::Quiet(report.config.routes[route].quietHours, {}).until(*parseRfc3339(time));
        return until ? formatRfc3339(*until) : "awake";
    };
    EXPECT_EQ(end(0, "2026-11-26T14:30:00Z"), "2026-11-27T00:00:00Z") << "Thursday 22:30 in Shanghai";
    EXPECT_EQ(end(0, "2026-11-27T14:30:00Z"), "2026-11-30T00:00:00Z") << "Friday night, the weekend, Sunday night";
    EXPECT_EQ(end(1, "2026-11-26T22:30:00Z"), "2026-11-27T08:00:00Z") << "by UTC";
}

TEST(Config, RefusesQuietHoursThatAreNoneOrNeverEnd) {
    auto quiet = [](const std::string& hours) { return firstError("routes: [{quiet_hours: " + hours + "}]"); };
    EXPECT_EQ(quiet(R"({from: "22:00"})"),
              "klaw.yaml:1:24: quiet_hours without a beginning or an end (add `from` and `to`, for example \"22:00\")");
    EXPECT_EQ(quiet(R"({from: "22:00", to: "25:00"})"),
              "klaw.yaml:1:44: to: \"25:00\" is no time of a day (write for example \"22:00\")");
    EXPECT_EQ(quiet(R"({days: [Sat], from: "22:00", to: "08:00"})"),
              "klaw.yaml:1:31: days: there is no day \"Sat\" (write for example [saturday, sunday])");
    EXPECT_EQ(quiet(R"({from: "22:00", to: "08:00", time_zone: Mars})"),
              "klaw.yaml:1:64: time_zone: there is no time zone \"Mars\" (write for example Asia/Shanghai or UTC)");
    EXPECT_EQ(quiet(R"({from: "00:00", to: "24:00", except: severity=critical})"),
              "klaw.yaml:1:24: quiet_hours without an end (leave time between them: it is when people hear)");
    EXPECT_EQ(quiet(R"([{from: "22:00", to: "08:00"}, {from: "08:00", to: "22:00"}])"),
              "klaw.yaml:1:24: quiet_hours without an end (leave time between them: it is when people hear)");
}

TEST(Config, KnowsWhoIsOnCall) {
    auto rota = [](const std::string& more) {
        return "access: [{name: ann, feishu: ou_1}, {name: bob, feishu: ou_2}]\n"
               "on_call: [{name: ops, people: [ann, bob]" +
               more + "}]";
    };
    auto report =
        parseConfig("klaw.yaml", rota(", handover: monday 09:30, start: 2026-11-24, time_zone: Asia/Shanghai, "
                                      "overrides: [{from: 2026-12-24T00:00:00Z, to: 2026-12-25T00:00:00Z, "
                                      "person: bob}]"));
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    ASSERT_EQ(report.config.rotas.size(), 1u);
    const auto& ops = report.config.rotas[0];
    EXPECT_EQ(ops.personAt(*parseRfc3339("2026-11-30T01:29:59Z")), "bob") << "the turn before the first";
    EXPECT_EQ(ops.personAt(*parseRfc3339("2026-11-30T01:30:00Z")), "ann") << "the Monday after the start";
    EXPECT_EQ(ops.personAt(*parseRfc3339("2026-12-24T12:00:00Z")), "bob") << "by the override";
    EXPECT_EQ(firstError(rota("")),
              "klaw.yaml:2:11: on_call: it is not said when turns begin (add `handover`, for "
              "example monday 09:00, and `start`, the day of the first one's turn)");
    EXPECT_EQ(firstError(rota(", handover: someday 9, start: 2026-11-24")),
              "klaw.yaml:2:53: handover: \"someday 9\" is no time of a day (write for example monday 09:00 or daily "
              "18:00)");
    EXPECT_EQ(firstError("on_call: [{name: ops, people: [eve], handover: daily 09:00, start: 2026-11-24}]"),
              "klaw.yaml:1:1: on_call: there is nobody called \"eve\" (add them to `access`, with a `name`)");
}

TEST(Config, CallsAndRingsPeopleByRoutes) {
    auto report = parseConfig("klaw.yaml",
                              "access: [{name: ann, feishu: ou_1}]\n"
                              "on_call: [{name: ops, people: [ann], handover: daily 09:00, start: 2026-11-24}]\n"
                              "routes: [{mention: [\"on-call:ops\"], ring: app, "
                              "escalate: [{after: 10m, mention: [\"on-call:ops+1\"], ring: phone}]}]");
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    EXPECT_EQ(report.config.routes[0].ring, rules::Ring::App);
    EXPECT_EQ(report.config.routes[0].escalate[0].ring, rules::Ring::Phone);
    EXPECT_EQ(firstError("routes: [{mention: [\"on-call:ops\"]}]"),
              "klaw.yaml:1:1: mention: there is no rota \"ops\" (add it to `on_call`)");
    EXPECT_EQ(firstError("routes: [{mention: [all], ring: bell}]"),
              "klaw.yaml:1:33: ring: nobody can be rung by \"bell\" (one of app, sms, phone, none)");
}

TEST(Config, KeepsWhatIsWatchedForAsLongAndInAsMuchSpaceAsItSays) {
    EXPECT_EQ(parseConfig("klaw.yaml", "").config.history.keep, 0s);
    auto history = parseConfig("klaw.yaml", "history: {keep: 24h, max_size: 500Mi}").config.history;
    EXPECT_EQ(history.keep, 24h);
    EXPECT_EQ(history.maxBytes, 500u << 20);
    EXPECT_EQ(
        firstError("history: {max_size: 1Gi}"),
        "klaw.yaml:1:10: history: shorter than 10m (add `keep`, for example 24h; without `history` nothing is kept)");
    EXPECT_EQ(firstError("history: {keep: 24h, max_size: 7}"),
              "klaw.yaml:1:32: max_size: \"7\" is no size of 1Mi or more (write for example 2Gi)");
}

TEST(Config, NeedsAnAddressForTheHeartbeat) {
    auto report =
        parseConfig("klaw.yaml", "heartbeat: {url: \"https://ping.example.com/1\", every: 30s, undelivered: 10m}");
    EXPECT_TRUE(report.ok());
    EXPECT_EQ(report.config.heartbeat.every, 30s);
    EXPECT_EQ(report.config.heartbeat.undelivered, 10min);
    EXPECT_EQ(firstError("heartbeat: {every: 30s}"),
              "klaw.yaml:1:12: heartbeat: no http or https address (add `url`, `url_file` or `url_env`)");
}

TEST(Config, NamesAlertmanagersByTheirAddress) {
    auto report = parseConfig("/etc/klaw/klaw.yaml",
                              "alertmanagers: [{url: http://am:9093}, {name: b, url: https://b, token_file: t}]");
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    ASSERT_EQ(report.config.alertmanagers.size(), 2u);
    EXPECT_EQ(report.config.alertmanagers[0].name, "http://am:9093");
    EXPECT_EQ(report.config.alertmanagers[1].tokenFile, "/etc/klaw/t");
    EXPECT_EQ(firstError("alertmanagers: [{name: a}]"),
              "klaw.yaml:1:17: alertmanagers: no http or https address (add `url`)");
    EXPECT_EQ(firstError("alertmanagers: [{url: http://a}, {url: http://a}]"),
              "klaw.yaml:1:34: the Alertmanager \"http://a\" is there twice (choose another name)");
}

TEST(Config, TakesSecretsFromTheEnvironment) {
    setenv("KLAW_TEST_URL", "https://example.com/hook", 1);
    auto report = parseConfig("klaw.yaml", "channels: [{name: a, type: webhook, url_env: KLAW_TEST_URL}]");
    ASSERT_TRUE(report.ok());
    EXPECT_EQ(report.config.channels[0].url, "https://example.com/hook");
    unsetenv("KLAW_TEST_URL");
    EXPECT_EQ(
        firstError("channels: [{name: a, type: webhook, url_env: KLAW_TEST_URL}]"),
        "klaw.yaml:1:46: url_env: the environment variable KLAW_TEST_URL is not set (set it or leave the key out)");
}

TEST(Config, TakesIdsAndSecretsFromFiles) {
    auto directory = std::filesystem::path(testing::TempDir());
    std::ofstream(directory / "id") << "cli_a\n";
    std::ofstream(directory / "secret") << "hunter2 \r\n";
    auto file = (directory / "klaw.yaml").string();
    auto report = parseConfig(file, "apps: [{name: a, type: feishu, id_file: id, secret_file: secret}]");
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    EXPECT_EQ(report.config.apps[0].id, "cli_a");
    EXPECT_EQ(report.config.apps[0].secret, "hunter2");
    auto missing = parseConfig(file, "apps: [{name: a, type: feishu, id: b, secret_file: none}]");
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.errors.front().message,
              "secret_file: cannot read \"" + (directory / "none").string() + "\" or it is empty");
}

TEST(Config, LeavesSecretsToKubernetesWhereItSaysWhich) {
    auto report = parseConfig(
        "klaw.yaml", "apps: [{name: a, type: feishu, id: b, secret: {namespace: klaw, name: chat, key: app-secret}}]");
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    EXPECT_EQ(report.config.apps[0].secretFrom, (SecretReference{"", "klaw", "chat", "app-secret"}));
    EXPECT_EQ(firstError("apps: [{name: a, type: feishu, id: b, secret: {name: chat}}]"),
              "klaw.yaml:1:47: secret: it does not say which value (write {namespace: …, name: …, key: …})");
}

TEST(Config, LeavesAddressesOfRobotsAndKeysOfCallbacksToKubernetesToo) {
    auto report = parseConfig("klaw.yaml",
                              "channels: [{name: r, type: feishu, url: {namespace: klaw, name: robot, key: url}}]\n"
                              "apps: [{name: a, type: feishu, id: b, secret: c, mode: callback,\n"
                              "  encrypt_key: {namespace: klaw, name: chat, key: encrypt},\n"
                              "  verification_token: {namespace: klaw, name: chat, key: token}}]\n");
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    EXPECT_EQ(report.config.channels[0].urlFrom, (SecretReference{"", "klaw", "robot", "url"}));
    EXPECT_EQ(report.config.apps[0].encryptKeyFrom, (SecretReference{"", "klaw", "chat", "encrypt"}));
    EXPECT_EQ(report.config.apps[0].verificationTokenFrom, (SecretReference{"", "klaw", "chat", "token"}));
    EXPECT_EQ(firstError("channels: [{name: r, type: feishu, url: {name: robot}}]"),
              "klaw.yaml:1:41: url: it does not say which value (write {namespace: …, name: …, key: …})");
}

TEST(Config, WantsAProofOfFeishuAndAnAddressForDingTalkWhereTheyPost) {
    EXPECT_EQ(firstError("apps: [{name: a, type: feishu, id: b, secret: c, mode: callback}]"),
              "klaw.yaml:1:8: anybody could write to \"a\" as the platform (add `encrypt_key_env` (better) or "
              "`verification_token_env`, as the console shows them)");
    EXPECT_EQ(firstError("apps: [{name: a, type: dingtalk, id: b, secret: c, mode: callback}]"),
              "klaw.yaml:1:1: apps: the platform must be told where to post the presses of \"a\" (add `url`: the https "
              "address at which it reaches this agent)");
    for (const auto* fine : {"apps: [{name: a, type: feishu, id: b, secret: c, mode: callback, encrypt_key: k}]",
                             "apps: [{name: a, type: feishu, id: b, secret: c, mode: callback, verification_token: k}]",
                             "{url: 'https://k', apps: [{name: a, type: dingtalk, id: b, secret: c, mode: callback}]}",
                             "apps: [{name: a, type: dingtalk, id: b, secret: c, domain: international}]"})
        EXPECT_EQ(firstError(fine), "fine") << fine;
}

TEST(Config, ReadsWhatSecurityAuditsGoBy) {
    auto report = parseConfig("klaw.yaml", R"(
security:
  newest_kubernetes: "1.37"
  certificates_end_within: 14d
  exemptions:
    - {check: host-path-volume, namespace: logging, object: DaemonSet/collector, reason: reads logs, until: 2027-06-30}
)");
    ASSERT_TRUE(report.ok()) << report.errors.front().describe();
    const auto& terms = report.config.security;
    EXPECT_EQ(terms.settings.newestMinor, 37);
    EXPECT_EQ(terms.settings.certificatesEndWithin, 14 * 24h);
    security::Exemption exemption{"host-path-volume", "logging", "DaemonSet/collector", "reads logs",
                                  *parseRfc3339("2027-07-01T00:00:00Z")};  // the day counts to its end
    EXPECT_EQ(terms.exemptions, std::vector<security::Exemption>{exemption});
    EXPECT_EQ(firstError("security: {exemptions: [{check: host-prt, reason: r, until: 2027-06-30}]}"),
              "klaw.yaml:1:33: check: there is no check \"host-prt\" (did you mean host-port?)");
    EXPECT_EQ(firstError("security: {exemptions: [{check: host-port, reason: r}]}"),
              "klaw.yaml:1:25: exemptions: without an end (add `until`: the last day, such as 2026-12-31)");
    EXPECT_EQ(firstError("security: {exemptions: [{check: host-port, until: 2027-06-30}]}"),
              "klaw.yaml:1:25: exemptions: without a reason (add `reason`)");
    EXPECT_EQ(firstError("security: {newest_kubernetes: new}"),
              "klaw.yaml:1:31: newest_kubernetes: \"new\" is no minor version (write for example \"1.36\")");
}

TEST(Config, TakesRelativePathsFromItsOwnDirectory) {
    auto report = parseConfig("/etc/klaw/klaw.yaml", "data: state\nrules: {directories: [rules, /srv/rules]}");
    ASSERT_TRUE(report.ok());
    EXPECT_EQ(report.config.data, "/etc/klaw/state");
    EXPECT_EQ(report.config.ruleDirectories, (std::vector<std::filesystem::path>{"/etc/klaw/rules", "/srv/rules"}));
}

}  // namespace
}  // namespace klaw::app
