#include <gmock/gmock.h>

#include "agent/operate/catalogue.hpp"
#include "base/clock.hpp"
#include "test/unit/agent/fake_control.hpp"

namespace klaw::operate {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

const TimePoint start = *parseRfc3339("2026-11-25T10:00:00Z");

storage::AuditRow row(std::int64_t seq, Duration after, const char* actor, const char* action, const char* decision,
                      const char* detail) {
    storage::AuditRow made;
    made.seq = seq;
    made.entry = {start + after, actor, action, decision, "prod/shop/Deployment/web", detail};
    return made;
}

class HistoryVerbTest : public testing::Test {
protected:
    HistoryVerbTest() {
        control.roles = access::Policy({{"Li", {"feishu:ou_li"}, {}, "viewer", {}, {"shop"}}});
        control.onAudit = [this](const storage::AuditFilter& filter) {
            filters.push_back(filter);
            if (filter.action == "start") return starts;
            if (filter.oldestFirst) return std::vector<storage::AuditRow>{row(8, 30min, "klaw", "stop", "done", "{}")};
            return done;
        };
    }
    Result<Output> ask(const std::string& command) {
        Caller caller;
        caller.identity = "feishu:ou_li";
        auto line = parseCommandLine(command);
        return findVerb("history")->run(control, caller, *line);
    }
    static std::vector<std::string> told(const Result<Output>& output) {
        std::vector<std::string> lines;
        for (const auto& cells : output->table->rows)
            lines.push_back(cells[0].substr(11, 5) + " " + cells[1] + ": " + cells[2] + " (" + cells[3] + ")");
        return lines;
    }
    static storage::ObjectChange seen(Duration after, const char* by, const char* what) {
        return {"prod", "Deployment", "shop", "web", what, by, start + after};
    }

    ManualClock clock{start + 3h};
    app::FakeControl control{clock};
    std::vector<storage::AuditFilter> filters;
    std::vector<storage::AuditRow> done, starts;
};

TEST_F(HistoryVerbTest, WhatWasDoneThroughKlawAndWhatWasWatchedAreOneStory) {
    done = {row(12, 2h, "feishu:ou_li", "scale", "done",
                R"({"name":"Li","summary":"scale web","differences":["spec.replicas: 2 → 3"]})"),
            row(11, 2h, "feishu:ou_li", "scale", "allowed", R"({"name":"Li","summary":"scale web"})"),
            row(10, 1h, "feishu:ou_ana", "restart", "denied", R"({"command":"restart deploy/web"})")};
    starts = {row(9, 90min, "klaw", "start", "done", "{}")};
    control.watchedChanges = {seen(10min, "kubectl", "app: shop/web:1.0 → shop/web:1.1"),
                              seen(2h + 1s, "klaw", "replicas: 2 → 3")};
    auto output = ask("history deploy/web -n shop");
    ASSERT_TRUE(output) << output.error().describe();
    EXPECT_THAT(
        told(output),
        ElementsAre("10:10 kubectl: app: shop/web:1.0 → shop/web:1.1 (seen)",
                    "11:00 feishu:ou_ana: restart deploy/web (denied)",
                    "11:30 klaw: Klaw was started: what others changed after 2026-11-25 10:30:00 UTC and before "
                    "this is not known (-)",
                    "12:00 Li: scale web [spec.replicas: 2 → 3] (done)"));
    EXPECT_EQ(filters.front().object, "Deployment/web");
    EXPECT_EQ(filters.front().ns, "shop");
    EXPECT_EQ(filters.front().since, clock.now() - 7 * 24h);
}

TEST_F(HistoryVerbTest, SaysWhatItDoesNotKnow) {
    auto nothing = ask("history cm/web -n shop --since 1h");
    ASSERT_TRUE(nothing);
    EXPECT_THAT(nothing->text,
                AllOf(HasSubstr("Nothing is known of ConfigMap shop/web"), HasSubstr("Since 2026-11-25 12:00:00 UTC"),
                      HasSubstr("Of this kind only what was done through Klaw is known")));
}

TEST_F(HistoryVerbTest, IsForThoseWhoMayReadThere) {
    auto denied = ask("history deploy/web -n other");
    ASSERT_FALSE(denied);
    EXPECT_EQ(denied.error().code, ErrorCode::PermissionDenied);
}

TEST_F(HistoryVerbTest, AsksForWhatIsMissing) {
    EXPECT_EQ(ask("history").error().message, "history needs a kind and a name");
    EXPECT_EQ(ask("history deploy/web").error().message, "history needs the namespace");
    EXPECT_EQ(ask("history deploy/web -n shop --since soon").error().message, "\"soon\" is no time");
}

}  // namespace
}  // namespace klaw::operate
