#include "test/unit/agent/command_desk_test.hpp"

namespace klaw::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

TEST_F(CommandDeskTest, TheSamePersonWhoPressesTwiceGetsTheFirstAnswerAgain) {
    auto nonce = offered("ack", "ack 3f9a");
    auto first = press(nonce), second = press(nonce);
    EXPECT_TRUE(first.ok) << first.text;
    EXPECT_EQ(second.text, first.text);
    EXPECT_TRUE(second.ok);
    EXPECT_THAT(control.acknowledged, SizeIs(1));
}

TEST_F(CommandDeskTest, AnotherPersonLearnsWhoWasFirst) {
    auto nonce = offered("ack", "ack 3f9a");
    press(nonce);
    EXPECT_THAT(press(nonce, "feishu:ou_han").text, HasSubstr("already used by Li at 2026-11-25T10:00:00Z"));
    EXPECT_THAT(control.acknowledged, ElementsAre("3f9a21c07be4d815 by Li"));
}

TEST_F(CommandDeskTest, AfterARestartTheFirstOneIsKnownByName) {
    auto nonce = offered("ack", "ack 3f9a");
    press(nonce);
    CommandDesk next{loop, clock, random, control, file, commit, flush, gate, changes};
    std::optional<Answered> again, other;
    auto pressing = [&](std::string who, std::optional<Answered>& answer) -> Task<void> {
        Asked asked;
        asked.caller.identity = std::move(who);
        asked.caller.name = next.policy().nameOf(asked.caller.identity);
        answer = co_await next.press(std::move(asked), nonce);
    };
    tasks.spawn("again", pressing("feishu:ou_li", again));
    tasks.spawn("other", pressing("feishu:ou_han", other));
    ASSERT_TRUE(loop.runUntil([&] { return again && other; }));
    EXPECT_EQ(again->text, "you have done this already: 2026-11-25T10:00:00Z\n");
    EXPECT_TRUE(again->ok);
    EXPECT_THAT(other->text, HasSubstr("already used by Li"));
    EXPECT_THAT(control.acknowledged, SizeIs(1));
}

TEST_F(CommandDeskTest, AButtonThatChangesAClusterEndsAfterHalfAnHour) {
    auto nonce = offered("confirm", "scale deploy/web 3 -n shop --expect u-web@4 --yes");
    clock.advance(30min);
    EXPECT_THAT(press(nonce).text, HasSubstr("expired"));
    EXPECT_TRUE(control.changes.empty());
}

TEST_F(CommandDeskTest, APressThatIsRefusedLeavesTheButtonToOthers) {
    auto nonce = offered("confirm", "scale deploy/web 3 -n shop --expect u-web@4 --yes");
    EXPECT_THAT(press(nonce, "feishu:ou_stranger").text, HasSubstr("has no role"));
    EXPECT_TRUE(press(nonce).ok);
}

TEST_F(CommandDeskTest, AButtonWorksOnItsOwnCardOnly) {
    shown("card-1", "om_1");
    auto nonce = offered("ack", "ack 3f9a");
    EXPECT_THAT(press(nonce, "feishu:ou_li", "om_2").text, HasSubstr("belongs to another card"));
    EXPECT_TRUE(control.acknowledged.empty());
    EXPECT_TRUE(press(nonce, "feishu:ou_li", "om_1").ok);
}

TEST_F(CommandDeskTest, AcknowledgementsEndWithTheIncident) {
    auto nonce = offered("ack", "ack 3f9a");
    control.alert.id.clear();
    EXPECT_THAT(press(nonce).text, HasSubstr("no open alert"));
}

TEST_F(CommandDeskTest, AnOptionThatIsNotThereIsAnErrorWithTheNearestOne) {
    EXPECT_THAT(ask("pods --namspace shop").text,
                HasSubstr("pods has no option --namspace (did you mean --namespace?)"));
    EXPECT_THAT(ask("scale deploy/web 3 -n shop --yes=no").text, HasSubstr("--yes takes no value"));
    EXPECT_THAT(ask("scale deploy/web 3 -n shop --alert 3f9a").text, HasSubstr("scale has no option --alert"));
    EXPECT_THAT(ask("scale --help").text, HasSubstr("scale KIND/NAME REPLICAS"));
    EXPECT_TRUE(control.changes.empty());
}

TEST_F(CommandDeskTest, AConversationChoosesItsClusterAndNamespaceAndCommandsMayNameOthers) {
    control.clusterLabels = {{"east", {}}, {"west", {}}};
    control.objects["/api/v1/namespaces/shop/pods?limit=2000"] = {{"columnDefinitions", nlohmann::json::array()}};
    control.objects["/api/v1/namespaces/other/pods?limit=2000"] = {{"columnDefinitions", nlohmann::json::array()}};
    control.objects["/api/v1/nodes?limit=2000"] = {{"columnDefinitions", nlohmann::json::array()}};
    EXPECT_THAT(ask("pods").text, testing::HasSubstr("which cluster is meant?"));
    EXPECT_THAT(ask("use nowhere").text, testing::HasSubstr("there is no cluster"));
    EXPECT_EQ(ask("use west -n shop").text,
              "This conversation is about cluster west, namespace shop. `use none` ends that.\n");
    EXPECT_EQ(ask("pods").text, "Nothing found (west, shop).\n");
    EXPECT_EQ(ask("pods").pagedCommand, "pods --cluster 'west' --namespace 'shop'");
    EXPECT_EQ(ask("pods -n other").text, "Nothing found (west, other).\n");
    EXPECT_EQ(ask("pods --cluster east").text, "Nothing found (east, shop).\n");
    EXPECT_EQ(ask("nodes").text, "Nothing found (west).\n");
    EXPECT_THAT(ask("use west -n 'shop --yes'").text, testing::HasSubstr("is no name of a namespace"));
    ask("use none");
    EXPECT_THAT(ask("pods").text, testing::HasSubstr("which cluster is meant?"));
}

TEST_F(CommandDeskTest, SecretsOfACommandDoNotEnterTheAuditLog) {
    ask("ack 3f9a --comment password=hunter2");
    auto rows = reader().audit();
    ASSERT_TRUE(rows);
    ASSERT_FALSE(rows->empty());
    EXPECT_THAT(rows->front().entry.detail, Not(HasSubstr("hunter2")));
}

TEST_F(CommandDeskTest, EveryRequestIsInTheAuditLogWithWhatBecameOfIt) {
    ask("pods shop");
    ask("logs web-0 -n shop");
    ask("frobnicate --token hunter2");
    ask("scale deploy/web 3 --colour red");
    std::vector<std::string> rows;
    for (const auto& row : *reader().audit({.oldestFirst = true}))
        rows.push_back(row.entry.action + " " + row.entry.decision + " " + row.entry.target);
    EXPECT_THAT(rows, ElementsAre("pods failed prod", "logs failed prod/shop", "unknown not_understood ",
                                  "unknown not_understood "));
    desk.setAllReadsRecorded(false);
    ask("pods shop");
    ask("frobnicate");
    ask("logs web-0 -n shop");
    ask("describe secret/db -n shop");
    EXPECT_THAT(*reader().audit(), SizeIs(6)) << "those of logs and Secrets always are";
}

TEST_F(CommandDeskTest, SecretsOfNoCommandEnterTheAuditLog) {
    const std::string secret = "s3cr3t-Value-77";
    for (const std::string command :
         {"ack 3f9a --comment password=@", "silence 3f9a 2h --comment 'api_key: @'",
          "create secret db -n shop --from-literal=k=@", "update secret/db k=@ -n shop --yes",
          "frobnicate --password @", "scale deploy/web 3 -n shop --token=@", "logs web-0 -n shop --grep token=@",
          "describe secret/db --value @ -n shop", "approve 12ab --comment password=@",
          "grant Li operator 2h --comment secret=@"}) {
        auto written = command;
        written.replace(written.find('@'), 1, secret);
        ask(written, "local:root");
        ask(written, "feishu:ou_stranger");
    }
    auto rows = *reader().audit({.limit = 1000});
    EXPECT_GE(rows.size(), 15u);
    for (const auto& row : rows)
        EXPECT_THAT(row.entry.detail + row.entry.action + row.entry.target, Not(HasSubstr(secret)));
}

TEST_F(CommandDeskTest, TheAuditLogIsForThoseWhoMayReadIt) {
    gate.setPolicy(access::Policy({{"Li", {"feishu:ou_li"}, {}, "operator", {}, {}},
                                   {"Han", {"feishu:ou_han"}, {}, "auditor", {}, {}},
                                   {"Mei", {"feishu:ou_mei"}, {}, "admin", {}, {}}},
                                  {{"auditor", {{{"audit"}, {}, {"shop"}, {}, {}}}}}));
    EXPECT_THAT(ask("audit").text, HasSubstr("has no role that allows \"audit\""));
    EXPECT_THAT(ask("audit", "feishu:ou_han").text, HasSubstr("has no role")) << "not all of it";
    EXPECT_TRUE(ask("audit -n shop", "feishu:ou_han").ok);
    EXPECT_THAT(ask("audit -n other", "feishu:ou_han").text, HasSubstr("in namespace other"));
    EXPECT_TRUE(ask("audit", "feishu:ou_mei").ok);
    EXPECT_THAT(ask("audit --since soon", "feishu:ou_mei").text, HasSubstr("\"soon\" is no time"));
}

TEST_F(CommandDeskTest, AMessageThatComesFiveTimesIsDoneOnceAndKnownAfterARestart) {
    for (int i = 0; i < 5; ++i) chat.message(message("om_m", "ack 3f9a"));
    ASSERT_TRUE(loop.runUntil([&] { return !deliveries.empty(); }));
    EXPECT_THAT(control.acknowledged, SizeIs(1));
    awaitStorage();
    EXPECT_EQ(chat.counts().repeats, 4u);
    ChatDesk next{loop, clock, random, desk, commit, ChatApp{"feishu", "app", "en"}};
    next.message(message("om_m", "ack 3f9a"));
    loop.poll();
    EXPECT_EQ(next.counts().repeats, 1u);
    EXPECT_THAT(control.acknowledged, SizeIs(1));
    TaskGroup end(loop, [](const std::string&, const std::string&) {});
    end.spawn("end", next.stop());
    ASSERT_TRUE(loop.runUntil([&] { return end.empty(); }));
}

TEST_F(CommandDeskTest, AMessageOfBlanksAloneAsksForHelp) {
    chat.message(message("om_b", "\u2005\u00A0\u3000"));
    ASSERT_TRUE(loop.runUntil([&] { return !deliveries.empty(); }));
    EXPECT_EQ(notifiers::cardFromJson(deliveries.front().payload)->title, "help");
}

TEST_F(CommandDeskTest, AMessageIsKnownOnlyWithWhatItDid) {
    std::vector<std::vector<storage::InboundKey>> keysWithAudit;
    auto watching = [&](storage::UnitOfWork unit) -> Task<Result<storage::Committed>> {
        if (!unit.audit.empty()) keysWithAudit.push_back(unit.inbound);
        return flush(std::move(unit));
    };
    CommandDesk watched{loop, clock, random, control, file, commit, watching, gate, changes};
    ChatDesk desk2{loop, clock, random, watched, commit, ChatApp{"feishu", "app", "en"}};
    desk2.message(message("om_n", "ack 3f9a"));
    ASSERT_TRUE(loop.runUntil([&] { return !deliveries.empty(); }));
    ASSERT_THAT(keysWithAudit, SizeIs(1));
    EXPECT_THAT(keysWithAudit[0], SizeIs(2));
    TaskGroup end(loop, [](const std::string&, const std::string&) {});
    end.spawn("end", desk2.stop());
    ASSERT_TRUE(loop.runUntil([&] { return end.empty(); }));
}

TEST_F(CommandDeskTest, TheReplyIsStoredWithWhatWasDone) {
    chat.message(message("om_m", "ack 3f9a"));
    ASSERT_TRUE(loop.runUntil([&] { return !deliveries.empty(); }));
    auto done = unitOf("done");
    EXPECT_THAT(done.inbound, SizeIs(2));
    ASSERT_THAT(done.newDeliveries, SizeIs(1));
    EXPECT_EQ(done.newDeliveries[0].id, "reply-om_m.app");
    EXPECT_THAT(done.newDeliveries[0].payload, HasSubstr("Acknowledged"));
    awaitStorage();
    EXPECT_THAT(deliveries, SizeIs(1)) << "it is said once";
    auto database = storage::Database::open(file);
    auto after = storage::loadState(*database, {});
    ASSERT_TRUE(after) << after.error().describe();
    ASSERT_THAT(after->deliveries, SizeIs(1)) << "an agent that starts now says it";
    EXPECT_EQ(after->deliveries[0].id, "reply-om_m.app");
}

TEST_F(CommandDeskTest, TheReplyToAChangeIsStoredWithItsEnd) {
    chat.message(message("om_m", "scale deploy/web 3 -n shop --yes"));
    ASSERT_TRUE(loop.runUntil([&] { return !deliveries.empty(); }));
    EXPECT_THAT(unitOf("allowed").inbound, SizeIs(2)) << "it is not done again";
    EXPECT_THAT(unitOf("allowed").newDeliveries, IsEmpty());
    ASSERT_THAT(unitOf("done").newDeliveries, SizeIs(1));
    EXPECT_THAT(unitOf("done").newDeliveries[0].payload, HasSubstr("Done: scale Deployment shop/web"));
}

TEST_F(CommandDeskTest, WhatAPressDidWaitsForItsAnswerInTheOutbox) {
    auto answer = pressInChat(offered("confirm", "scale deploy/web 3 -n shop --expect u-web@4 --yes"), "confirm");
    ASSERT_TRUE(answer.card);
    auto done = unitOf("done");
    ASSERT_THAT(done.newDeliveries, SizeIs(1));
    EXPECT_EQ(done.newDeliveries[0].incidentId, "card-1");
    EXPECT_GT(done.newDeliveries[0].notBefore, clock.now()) << "the answer is on its way";
    ASSERT_TRUE(loop.runUntil([&] { return !units.back().supersededDeliveries.empty(); }));
    EXPECT_THAT(units.back().supersededDeliveries, ElementsAre(done.newDeliveries[0].id));
}

TEST_F(CommandDeskTest, WhatWasDoneIsToldThoughTheApplicationLeavesMeanwhile) {
    control.onChange = [this](const FakeControl::Change&) -> Task<Result<std::string>> {
        co_await clock.sleepFor(3s);
        co_return deployment(3, 5).dump();
    };
    chat.message(message("om_m", "scale deploy/web 3 -n shop --expect u-web@4 --yes"));
    ASSERT_TRUE(loop.runUntil([&] { return !control.changes.empty(); }));
    TaskGroup end(loop, [](const std::string&, const std::string&) {});
    end.spawn("end", chat.stop());
    ASSERT_TRUE(loop.runUntil([&] { return end.empty(); }));
    EXPECT_THAT(deliveries, IsEmpty());
    awaitDelivery();
    EXPECT_THAT(unitOf("done").audit, SizeIs(1));
    EXPECT_THAT(deliveries.front().payload, HasSubstr("Done: scale Deployment shop/web from 2 to 3 replicas"));
}

TEST_F(CommandDeskTest, WhatMayHaveBeenDoneBeforeIsNotDone) {
    CommandDesk blind{loop,   clock, random, control, (directory / "none" / "klaw.db").string(),
                      commit, flush, gate,   changes};
    ChatDesk inDoubt{loop, clock, random, blind, commit, ChatApp{"feishu", "app", "en"}};
    inDoubt.message(message("om_m", "ack 3f9a"));
    inDoubt.message(message("om_n", "help ack"));
    ASSERT_TRUE(loop.runUntil([&] { return deliveries.size() == 2; }));
    EXPECT_THAT(control.acknowledged, IsEmpty());
    EXPECT_THAT(deliveries[0].payload + deliveries[1].payload,
                AllOf(HasSubstr("it cannot be found out whether this was done before"), HasSubstr("ack ID")));
    TaskGroup end(loop, [](const std::string&, const std::string&) {});
    end.spawn("end", inDoubt.stop());
    ASSERT_TRUE(loop.runUntil([&] { return end.empty(); }));
}

TEST_F(CommandDeskTest, AnAnswerNamesTheCommandThatGivesAllOfIt) {
    chat.message(message("om_w", "who --page 2"));
    ASSERT_TRUE(loop.runUntil([&] { return !deliveries.empty(); }));
    EXPECT_EQ(notifiers::cardFromJson(deliveries.front().payload)->restCommand, "who");
}

TEST_F(CommandDeskTest, AResultThatComesLateIsShownOnTheCard) {
    control.onChange = [this](const FakeControl::Change&) -> Task<Result<std::string>> {
        co_await clock.sleepFor(3s);
        co_return deployment(3, 5).dump();
    };
    auto answer = pressInChat(offered("confirm", "scale deploy/web 3 -n shop --expect u-web@4 --yes"), "confirm");
    EXPECT_EQ(answer.toast, "Working on it: the card will tell");
    EXPECT_TRUE(deliveries.empty());
    awaitDelivery();
    EXPECT_EQ(deliveries.front().incidentId, "card-1");
    EXPECT_THAT(deliveries.front().payload, HasSubstr("Done: scale Deployment shop/web from 2 to 3 replicas"));
}

TEST_F(CommandDeskTest, AFailureThatComesLateIsShownOnTheCardToo) {
    control.onChange = [this](const FakeControl::Change&) -> Task<Result<std::string>> {
        co_await clock.sleepFor(3s);
        co_return fail(ErrorCode::Conflict, "409 it was changed");
    };
    pressInChat(offered("confirm", "scale deploy/web 3 -n shop --expect u-web@4 --yes"), "confirm");
    awaitDelivery();
    EXPECT_EQ(deliveries.front().incidentId, "card-1");
    EXPECT_THAT(deliveries.front().payload, HasSubstr("failed: 409 it was changed"));
}

TEST_F(CommandDeskTest, ARefusalThatComesLateIsAMessage) {
    control.onChange = [this](const FakeControl::Change&) -> Task<Result<std::string>> {
        co_await clock.sleepFor(3s);
        co_return fail(ErrorCode::PermissionDenied, "403 quota");
    };
    pressInChat(offered("scale", "scale deploy/web 3 -n shop"), "scale");
    awaitDelivery();
    EXPECT_EQ(deliveries.front().incidentId, "");
    EXPECT_THAT(deliveries.front().payload, HasSubstr("403 quota"));
}

}  // namespace
}  // namespace klaw::app
