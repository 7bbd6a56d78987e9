#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "agent/operate/audit_query.hpp"
#include "agent/operate/catalogue.hpp"
#include "base/async/task_group.hpp"
#include "test/unit/agent/fake_control.hpp"

namespace klaw::operate {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

const TimePoint start = *parseRfc3339("2026-11-25T10:00:00Z");

/// Over a log of as many rows as a test wants, chained as the storage chains them.
class AuditVerbTest : public testing::Test {
protected:
    AuditVerbTest() {
        control.onAudit = [this](const storage::AuditFilter& filter) {
            if (beforePage) std::exchange(beforePage, nullptr)();
            std::vector<storage::AuditRow> page;
            for (const auto& row : log)
                if (row.seq > filter.after) page.push_back(row);
            if (!filter.oldestFirst) std::ranges::reverse(page);
            if (page.size() > filter.limit) page.resize(filter.limit);
            return page;
        };
        control.onAnchor = [this] { return anchor; };
    }
    void add(const std::string& action, const std::string& detail = "{}") {
        storage::AuditRow row;
        row.seq = log.empty() ? 1 : log.back().seq + 1;
        row.entry = {start, "feishu:ou_li", action, "done", "prod/shop/Deployment/web", detail};
        row.prevHash = log.empty() ? std::string(64, '0') : log.back().hash;
        row.hash = storage::auditHash(row);
        log.push_back(row);
    }
    /// As retention does it: the last row says so.
    void cut(std::size_t rows) {
        anchor = storage::AuditAnchor{log[rows - 1].seq, log[rows - 1].hash, start};
        log.erase(log.begin(), log.begin() + static_cast<std::ptrdiff_t>(rows));
        add(std::string(storage::auditRetention), storage::retentionDetail(*anchor));
    }
    Result<Output> ask(const std::string& command) {
        Caller caller;
        caller.identity = "feishu:ou_li";
        std::optional<Result<Output>> answer;
        tasks.spawn("ask", asking(caller, *parseCommandLine(command), answer));
        EXPECT_TRUE(loop.runUntil([&] {
            clock.advance(1s);
            return answer.has_value();
        }));
        return answer.value_or(Output());
    }
    Task<void> asking(Caller caller, CommandLine line, std::optional<Result<Output>>& answer) {
        answer = co_await findVerb("audit")->ask(control, std::move(caller), std::move(line));
    }

    Loop loop;
    FakeLoopClock clock{loop, start};
    TaskGroup tasks{loop, [](const std::string&, const std::string&) {}};
    app::FakeControl control{clock};
    std::vector<storage::AuditRow> log;
    std::optional<storage::AuditAnchor> anchor;
    std::function<void()> beforePage;
};

TEST_F(AuditVerbTest, WholeChainHoldsOverManyPages) {
    for (int i = 0; i < 1200; ++i) add("scale");
    auto answer = ask("audit verify");
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->text, "The audit log holds: 1200 rows, the last is 1200:" + log.back().hash + "\n");
}

TEST_F(AuditVerbTest, ChangedRowIsNamed) {
    for (int i = 0; i < 700; ++i) add("scale");
    log[649].entry.actor = "feishu:ou_han";
    auto answer = ask("审计 verify");
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, HasSubstr("broken at row 650: the row's content does not fit its hash"));
}

TEST_F(AuditVerbTest, CutByRetentionWhileOneLooksIsNoBreak) {
    for (int i = 0; i < 1200; ++i) add("scale");
    beforePage = [this] { cut(700); };
    auto answer = ask("audit verify");
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_THAT(answer->text, StartsWith("The audit log holds: 501 rows"));
    EXPECT_THAT(answer->text, HasSubstr("It begins after row 700:"));
}

TEST_F(AuditVerbTest, CutThatTheLogDoesNotTellIsABreak) {
    for (int i = 0; i < 10; ++i) add("scale");
    cut(4);
    log.pop_back();
    auto answer = ask("audit verify");
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, HasSubstr("the log does not say why"));
}

TEST_F(AuditVerbTest, PartOfTheLogIsNotVerified) {
    auto answer = ask("audit verify --person Li");
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, HasSubstr("verify takes no --person"));
    EXPECT_THAT(ask("audit prune").error().message, HasSubstr("not \"prune\""));
}

TEST_F(AuditVerbTest, ExportIsWhatTheProgramExports) {
    for (int i = 0; i < 6; ++i) add("scale", R"({"summary":"第一"})");
    cut(2);
    auto answer = ask("audit export --limit 3");
    ASSERT_TRUE(answer) << answer.error().describe();
    std::istringstream text(answer->text);
    std::vector<nlohmann::json> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
    ASSERT_THAT(lines, SizeIs(4));
    EXPECT_EQ(lines[0]["anchor"]["seq"], 2);
    EXPECT_EQ(lines[1]["seq"], 5) << "of the newest, the oldest first";
    EXPECT_EQ(lines[3]["action"], "audit.retention");
    EXPECT_THAT(answer->after, HasSubstr("The newest 3 rows"));
}

}  // namespace
}  // namespace klaw::operate
