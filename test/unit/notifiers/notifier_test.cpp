#include "test/unit/notifiers/notifier_test.hpp"

namespace klaw::notifiers::test {
namespace {

std::string in(const std::string& language, const char* en, const char* zh) {
    return language == "zh" ? zh : en;
}

void addAlert(Card& card) {
    const auto& language = card.language;
    card.title = in(language, "payments-api keeps crashing", "payments-api 反复崩溃");
    card.subtitle = "prod-sh / payments / Deployment payments-api";
    card.facts = {{in(language, "Reason", "原因"), "CrashLoopBackOff, exit code 1"},
                  {in(language, "Image", "镜像"), "registry.example.com/payments/api:1.5 (1.4 before, by argocd)"},
                  {in(language, "Node", "节点"), "node_7 <script>alert(1)</script> [x](http://evil.example)"}};
    card.affected = {{"payments-api-6d9f-2xk8p", "api, 14 restarts", sampleTime() - 12min},
                     {"payments-api-6d9f-9qrz4", "api, 9 restarts", sampleTime() - 5min},
                     {"payments-api-`6d9f`-\x1B[31mred\x1B[0m", "", std::nullopt}};
    card.more = 45;
    card.footer = {"PodCrashLooping", "3f9a21c07be4d815", true, {}};
}

void addDetails(Card& card) {
    const auto& language = card.language;
    if (card.status == CardStatus::Firing)
        card.chart = CardChart{in(language, "trend", "走势"),
                               {61.0, 62.5, 66.0, 63.0, 70.5, 76.0, 78.5, 88.0, 91.5, 97.5},
                               90.0,
                               "%",
                               "▁▁▂▁▂▃▃▅▅▇",
                               "61.0%",
                               "97.5%",
                               "90.0%",
                               sampleTime() - 990s,
                               sampleTime() - 720s};
    card.sections = {
        {in(language, "Events", "事件"),
         CardSection::Kind::Text,
         {"09:48 BackOff: Back-off restarting failed container api (x14)",
          "09:50 Unhealthy: Get \"http://10.0.3.7:8080/healthz\": dial tcp: connection refused",
          "# not a heading, **not bold**, ![no](http://image.example/x.png) @all <at id=all></at>"},
         false},
        {in(language, "Last log lines", "最后的日志"),
         CardSection::Kind::Code,
         {"panic: connect postgres://app:hunter2@db:5432/payments: connection refused",
          "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
          "    at <nil> ```end``` <at id=all></at> <img src=x>", "\x1B]0;title\x07 password=s3cret 完"},
         true},
    };
    card.buttons = {
        {in(language, "Acknowledge", "认领"), "ack", CardButton::Style::Primary, "", "ack 3f9a21c07be4d815", "nonce-1",
         ""},
        {in(language, "Restart", "重启"), "restart", CardButton::Style::Danger, "",
         "restart deployment payments-api -n payments --cluster prod-sh", "nonce-2", ""},
        {in(language, "Details", "详情"), "open", CardButton::Style::Default,
         "https://klaw.example.com/incidents/3f9a21c07be4d815", "describe deployment payments-api", "", ""},
    };
    card.links = {{in(language, "Runbook", "运行手册"), "https://wiki.example.com/run_books/crash (loop)"}};
}

/// What somebody does about it: under way, done, or failed.
void addAction(Card& card) {
    const auto& language = card.language;
    std::string line =
        in(language, "2026-11-23 09:58:00 Li Lei: roll Deployment payments/payments-api back to revision 7",
           "2026-11-23 17:58:00 Li Lei: 将 Deployment payments/payments-api 回滚到版本 7");
    if (card.status == CardStatus::Acting) line += in(language, " · 1 of 3 ready", " · 已就绪 1/3");
    if (card.status == CardStatus::Acted) line += in(language, " · 3 of 3 ready", " · 已就绪 3/3");
    if (card.status == CardStatus::Failed)
        line += in(language, " · failed · no progress for 10m", " · 失败 · 10 分钟无进展");
    card.sections.push_back({in(language, "Done about it", "处理记录"), CardSection::Kind::Text, {line}, true});
}

void addState(Card& card) {
    bool acted =
        card.status == CardStatus::Acting || card.status == CardStatus::Acted || card.status == CardStatus::Failed;
    if (acted) addAction(card);
    CardMark li{"Li Lei", sampleTime() - 3min, "looking into it", std::nullopt};
    if (card.status == CardStatus::Acknowledged) card.acknowledged = li;
    if (card.status == CardStatus::Silenced)
        card.silenced = {"Han Meimei", sampleTime() - 1min, "deploy", sampleTime() + 2h};
    if (card.status != CardStatus::Resolved) return;
    card.acknowledged = li;
    card.resolvedAt = sampleTime();
    card.buttons.clear();
}

/// What is left of it where a newer card shows how it goes on.
Card ended(Card card) {
    card.facts.clear();
    card.affected.clear();
    card.more = 0;
    card.assignee.clear();
    card.updatedAt = card.openedAt;
    return card;
}

Card digest(const std::string& language) {
    Card card;
    card.title = in(language, "132 incidents in 5 minutes", "5 分钟内 132 个事件");
    card.subtitle = "prod-sh";
    card.facts = {{in(language, "Critical", "严重"), "12"}, {in(language, "Warning", "警告"), "120"}};
    card.affected = {
        {"NodeNotReady node-7", in(language, "87 incidents", "87 个事件"), sampleTime() - 5min},
        {"PodCrashLooping payments/payments-api", in(language, "45 incidents", "45 个事件"), std::nullopt}};
    card.buttons = {
        {in(language, "All alerts", "全部告警"), "alerts", CardButton::Style::Default, "", "alerts", "", ""}};
    return card;
}

Card greeting(const std::string& language) {
    Card card;
    card.title = in(language, "Klaw can reach this channel", "Klaw 可以访问此通道");
    card.severity = rules::Severity::Info;
    return card;
}

}  // namespace

TimePoint sampleTime() {
    return *parseRfc3339("2026-11-23T10:00:00Z");
}

Card sampleCard(CardStatus status, const std::string& language) {
    Card card;
    if (status == CardStatus::Digest) card = digest(language);
    if (status == CardStatus::Test) card = greeting(language);
    if (status != CardStatus::Test) card.severity = rules::Severity::Critical;
    card.id = "3f9a21c07be4d815";
    card.status = status;
    card.language = language;
    card.utcOffsetMinutes = language == "zh" ? 480 : 0;
    card.openedAt = sampleTime() - 12min;
    card.updatedAt = sampleTime();
    card.revision = 3;
    if (status == CardStatus::Digest || status == CardStatus::Test) return card;
    addAlert(card);
    if (status == CardStatus::Continued) return ended(card);
    if (status != CardStatus::Silenced) addDetails(card);
    addState(card);
    return card;
}

Card answerCard(const std::string& kind, const std::string& language) {
    Card card;
    card.id = "reply-om_1";
    card.status = CardStatus::Reply;
    card.severity = rules::Severity::Info;
    card.language = language;
    card.utcOffsetMinutes = language == "zh" ? 480 : 0;
    card.updatedAt = sampleTime();
    auto button = [&](const char* en, const char* zh, const char* verb, std::string command) {
        CardButton made;
        made.label = in(language, en, zh);
        made.verb = verb;
        made.command = std::move(command);
        card.buttons.push_back(std::move(made));
    };
    CardSection section;
    if (kind == "rows") {
        card.title = "pods -n shop";
        section.kind = CardSection::Kind::Rows;
        section.lines = {"web-7d9f_5c6b8-2xk8p · CrashLoopBackOff", "shop · ready 0/1 · restarts 5 (10s ago) · age 2d",
                         "<at id=all></at> **cart**", "@all password=*** [x](http://evil.example)"};
        card.footer.notes = {in(language, "page 1 of 3", "第 1 / 3 页"), "pods -n shop --page 2"};
        button("Next", "下一页", "page", "pods -n shop --page 2");
    } else if (kind == "confirm") {
        card.title = "restart deployment/web -n shop";
        section.kind = CardSection::Kind::Code;
        section.lines = {"  spec:", "    template:", "+     restartedAt: 2026-11-23T10:00:00Z"};
        card.footer.notes = {"restart deployment/web -n shop --yes"};
        button("Confirm", "确认", "confirm", "restart deployment/web -n shop --expect u2 --yes");
        card.buttons.back().style = CardButton::Style::Primary;
    } else if (kind == "chooser") {
        card.title = "pods -n shop";
        card.severity = rules::Severity::Warning;
        section.lines = {in(language, "Several clusters are watched: which one?", "有多个集群，请选择：")};
        for (const auto* cluster : {"prod-sh", "prod-bj"})
            button(cluster, cluster, "page", std::string("pods -n shop --cluster ") + cluster);
    } else if (kind == "filter") {
        card.title = "pods -n shop";
        section.kind = CardSection::Kind::Rows;
        section.lines = {"web-1 · Running", "ready 1/1 · restarts 0 · age 2d"};
        card.footer.notes = {in(language, "page 1 of 34", "第 1 / 34 页")};
        button("Pending (20)", "Pending (20)", "page", "pods -n shop --grep 'STATUS=^Pending$'");
        button("Filter", "筛选", "filter", "pods -n shop --page 1");
        card.buttons.back().inputs = {{"grep", in(language, "Filter", "筛选"), {}}};
    } else {
        card.title = "who";
        section.lines = {in(language, "You are feishu:ou_li.", "你是 feishu:ou_li。"), "<b>x</b> @all"};
    }
    card.sections = {section};
    return card;
}

Card smallCard() {
    Card card;
    card.id = "c1";
    card.title = "t";
    return card;
}

NotifierTest::NotifierTest()
    : tasks(loop, [](std::string name, std::string what) { ADD_FAILURE() << name << ": " << what; }),
      clock(loop, sampleTime()),
      client(loop, net::HttpClientOptions()) {}

NotifierTest::~NotifierTest() {
    for (auto& fake : fakes_) tasks.spawn("stop", fake->stop());
    EXPECT_TRUE(loop.runUntil([&] { return tasks.empty(); })) << "a fake did not stop";
}

fakes::FakePlatform& NotifierTest::startFake(fakes::PlatformOptions options) {
    fakes::FakePlatformOptions fake;
    fake.rules = std::move(options);
    fakes_.push_back(std::make_unique<fakes::FakePlatform>(loop, clock, std::move(fake)));
    EXPECT_TRUE(fakes_.back()->listen());
    return *fakes_.back();
}

}  // namespace klaw::notifiers::test
