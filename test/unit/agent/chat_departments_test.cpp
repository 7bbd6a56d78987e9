// Roles that people have for being in a department.
#include "test/unit/agent/command_desk_test.hpp"

namespace klaw::app {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ChatDepartmentsTest : public CommandDeskTest {
protected:
    void SetUp() override {
        CommandDeskTest::SetUp();
        access::Binding duty{"", {}, {}, "operator", {}, {}};
        duty.departments = {"feishu_department:od-duty"};
        gate.setPolicy(access::Policy({duty}));
    }
    void TearDown() override {
        TaskGroup end(loop, [](const std::string&, const std::string&) {});
        end.spawn("desk", inCompany.stop());
        end.spawn("departments", departments.stop());
        EXPECT_TRUE(loop.runUntil([&] { return end.empty(); }));
        CommandDeskTest::TearDown();
    }

    std::string toastOfPress(Duration directoryTakes) {
        takes = directoryTakes;
        std::optional<notifiers::PressAnswer> answer;
        auto begun = clock.now();
        tasks.spawn("press", pressing(offered("ack", "ack 3f9a"), answer));
        for (int i = 0; !answer && i < 100; ++i)
            if (!loop.runUntil([&] { return answer.has_value(); }, 20ms)) clock.advance(100ms);
        EXPECT_LE(clock.now() - begun, 1s);
        return answer ? answer->toast : "";
    }
    void pass(Duration time) {
        for (auto until = clock.now() + time; clock.now() < until;)
            if (!loop.runUntil([] { return false; }, 5ms)) clock.advance(1s);
    }

    Duration takes{};
    Result<notifiers::PersonEntry> directory = notifiers::PersonEntry{"", {"od-duty", "od-all"}};
    int asked = 0;
    notifiers::People departments{loop, clock, 1h, [this](std::string) -> Task<Result<notifiers::PersonEntry>> {
                                      ++asked;
                                      co_await clock.sleepFor(takes);
                                      co_return directory;
                                  }};
    ChatDesk inCompany{loop, clock, random, desk, commit, ChatApp{"feishu", "app", "en", nullptr, &departments}};

private:
    Task<void> pressing(std::string nonce, std::optional<notifiers::PressAnswer>& answer) {
        notifiers::InboundPress press;
        press.eventId = "press-1";
        press.by.id = "ou_li";
        press.chat = "oc_ops";
        press.nonce = std::move(nonce);
        answer = co_await inCompany.press(std::move(press));
    }
};

TEST_F(ChatDepartmentsTest, APressOfAMemberCounts) {
    EXPECT_THAT(toastOfPress(Duration{}), HasSubstr("Acknowledged"));
    EXPECT_THAT(control.acknowledged, SizeIs(1));
}

TEST_F(ChatDepartmentsTest, ASlowDirectoryHoldsTheDecisionAndNotTheAnswer) {
    EXPECT_EQ(toastOfPress(5s), "Working on it: the card will tell");
    EXPECT_THAT(control.acknowledged, IsEmpty());
    pass(6s);
    EXPECT_THAT(control.acknowledged, SizeIs(1));
}

TEST_F(ChatDepartmentsTest, ASilentDirectoryOpensNothingAndIsNamed) {
    EXPECT_EQ(toastOfPress(1min), "Working on it: the card will tell");
    pass(10s);
    loop.runUntil([&] { return !deliveries.empty(); }, 5s);  // the storing is not of this clock
    EXPECT_THAT(control.acknowledged, IsEmpty());
    ASSERT_THAT(deliveries, SizeIs(1));
    EXPECT_THAT(deliveries.front().payload, HasSubstr("the directory did not answer"));
}

TEST_F(ChatDepartmentsTest, APressOfSomebodyOfAnotherDepartmentIsRefused) {
    directory = notifiers::PersonEntry{"", {"od-all"}};
    EXPECT_THAT(toastOfPress(Duration{}), HasSubstr("ou_li has no role"));
    EXPECT_THAT(control.acknowledged, IsEmpty());
}

TEST_F(ChatDepartmentsTest, NobodyIsLookedUpWhereNoDepartmentHasARole) {
    gate.setPolicy(access::Policy({{"Li", {"feishu:ou_li"}, {}, "operator", {}, {}}}));
    EXPECT_THAT(toastOfPress(1min), HasSubstr("Acknowledged"));
    EXPECT_EQ(asked, 0);
}

access::Binding own(const std::string& role, std::vector<std::string> namespaces = {}) {
    return {"Li", {"feishu:ou_li"}, {}, role, {}, std::move(namespaces)};
}

TEST_F(ChatDepartmentsTest, NobodyIsLookedUpWhoseOwnRoleSuffices) {
    access::Binding duty{"", {}, {}, "admin", {}, {}};
    duty.departments = {"feishu_department:od-duty"};
    gate.setPolicy(access::Policy({duty, own("operator")}));
    EXPECT_THAT(toastOfPress(1min), HasSubstr("Acknowledged"));
    EXPECT_EQ(asked, 0);
}

TEST_F(ChatDepartmentsTest, NobodyIsLookedUpWhereNoDepartmentCouldAllowIt) {
    access::Binding duty{"", {}, {}, "rule-writer", {}, {}};
    duty.departments = {"feishu_department:od-duty"};
    gate.setPolicy(access::Policy({duty, own("viewer")}, {{"rule-writer", {{{"rules"}, {}, {}, {}, {}}}}}));
    EXPECT_THAT(toastOfPress(1min), HasSubstr("ou_li has no role"));
    EXPECT_EQ(asked, 0);
}

TEST_F(ChatDepartmentsTest, WhoseOwnRoleIsOfOnePlaceIsLookedUp) {
    access::Binding duty{"", {}, {}, "operator", {}, {}};
    duty.departments = {"feishu_department:od-duty"};
    gate.setPolicy(access::Policy({own("operator", {"elsewhere"}), duty}));
    EXPECT_THAT(toastOfPress(Duration{}), HasSubstr("Acknowledged"));
    EXPECT_EQ(asked, 1);
}

TEST_F(ChatDepartmentsTest, ADepartmentIsGivenARoleForAWhile) {
    control.roles = access::Policy({{"Li", {"feishu:ou_li"}, {}, "admin", {}, {}}});
    gate.setPolicy(control.roles);
    EXPECT_THAT(ask("grant feishu_department:od-duty operator 2h --yes").text, HasSubstr("feishu_department:od-duty"));
    ASSERT_THAT(control.grants, SizeIs(1));
    EXPECT_THAT(control.grants.front().binding.departments, testing::ElementsAre("feishu_department:od-duty"));
    EXPECT_THAT(control.grants.front().binding.identities, IsEmpty());
}

}  // namespace
}  // namespace klaw::app
