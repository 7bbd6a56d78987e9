#include "notifiers/dingtalk/private_notes.hpp"
#include "notifiers/feishu/private_notes.hpp"
#include "test/unit/notifiers/scripted_api.hpp"

namespace klaw::notifiers::test {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

class PrivateNotesTest : public NotifierTest {
protected:
    ~PrivateNotesTest() override {
        tasks.spawn("stop", feishu.stop());
        tasks.spawn("stop", dingtalk.stop());
        loop.runUntil([&] { return tasks.empty(); });
    }
    feishu::PrivateNotes ofFeishu() {
        feishu::AppOptions options;
        options.id = "cli_1";
        options.secret = "s3cret-of-the-app";
        options.url = feishu.url;
        return feishu::PrivateNotes(std::make_shared<feishu::App>(loop, client, clock, random, options));
    }
    dingtalk::PrivateNotes ofDingTalk() {
        dingtalk::AppOptions options;
        options.id = "ding1";
        options.secret = "s3cret-of-the-app";
        options.platform = dingtalk::platformOf(dingtalk.url);
        return dingtalk::PrivateNotes(std::make_shared<dingtalk::App>(loop, client, clock, options));
    }
    Result<std::string> send(notifiers::PrivateNotes& notes, const std::string& person, const std::string& text) {
        return run(notes.send(person, text, "key"));
    }
    Result<void> recall(notifiers::PrivateNotes& notes, const std::string& ref) { return run(notes.recall(ref)); }

    ScriptedApi feishu{loop, R"({"code":0,"data":{"message_id":"om_1"}})",
                       R"({"code":0,"tenant_access_token":"t-1","expire":7200})"};
    ScriptedApi dingtalk{loop, R"({"processQueryKey":"query-1"})", R"({"accessToken":"t-1","expireIn":7200})"};
};

TEST_F(PrivateNotesTest, FeishuGetsATextAndWithdrawsItByItsId) {
    auto notes = ofFeishu();
    auto ref = send(notes, "ou_li", "line 1\n\"quoted\"");
    ASSERT_TRUE(ref) << ref.error().describe();
    EXPECT_EQ(*ref, "om_1");
    const auto& sent = feishu.requests.at(0);
    EXPECT_EQ(sent.body["receive_id"], "ou_li");
    EXPECT_EQ(sent.body["msg_type"], "text");
    EXPECT_EQ(Json::parse(sent.body["content"].get<std::string>())["text"], "line 1\n\"quoted\"");
    EXPECT_LE(sent.body["uuid"].get<std::string>().size(), 50u);
    ASSERT_TRUE(recall(notes, *ref));
    EXPECT_EQ(feishu.requests.at(1).method, "DELETE");
    EXPECT_EQ(feishu.requests.at(1).path, "/open-apis/im/v1/messages/om_1");
}

TEST_F(PrivateNotesTest, AFeishuMessageThatIsGoneIsTakenBack) {
    feishu.answer(400, R"({"code":230011,"msg":"The message was withdrawn"})");
    auto notes = ofFeishu();
    EXPECT_TRUE(recall(notes, "om_1"));
}

TEST_F(PrivateNotesTest, AFeishuRefusalIsAnError) {
    feishu.answer(400, R"({"code":230013,"msg":"Bot has NO availability to this user."})");
    auto notes = ofFeishu();
    EXPECT_FALSE(send(notes, "ou_li", "text"));
}

TEST_F(PrivateNotesTest, ARefusalIsToldInWordsOfOurOwn) {
    feishu.answer(400, R"({"code":230028,"msg":"sensitive content: hunter2"})");
    dingtalk.answer(400, R"({"code":"invalidParameter","message":"msgParam: hunter2"})");
    auto ofOne = ofFeishu();
    auto ofOther = ofDingTalk();
    for (notifiers::PrivateNotes* notes : std::initializer_list<notifiers::PrivateNotes*>{&ofOne, &ofOther}) {
        auto sent = send(*notes, "li", "hunter2");
        ASSERT_FALSE(sent);
        EXPECT_THAT(sent.error().describe(), HasSubstr("the platform did not take the message ("));
        EXPECT_THAT(sent.error().describe(), testing::Not(HasSubstr("hunter2")));
    }
}

TEST_F(PrivateNotesTest, DingTalkGetsATextAndWithdrawsItByItsQueryKey) {
    auto notes = ofDingTalk();
    auto ref = send(notes, "li", "text");
    ASSERT_TRUE(ref) << ref.error().describe();
    EXPECT_EQ(*ref, "query-1");
    const auto& sent = dingtalk.requests.at(0);
    EXPECT_EQ(sent.body["userIds"], Json({"li"}));
    EXPECT_EQ(sent.body["msgKey"], "sampleText");
    EXPECT_EQ(Json::parse(sent.body["msgParam"].get<std::string>())["content"], "text");
    dingtalk.answer(200, R"({"successResult":["query-1"],"failedResult":{}})");
    ASSERT_TRUE(recall(notes, *ref));
    EXPECT_EQ(dingtalk.requests.at(1).path, "/v1.0/robot/otoMessages/batchRecall");
    EXPECT_EQ(dingtalk.requests.at(1).body["processQueryKeys"], Json({"query-1"}));
}

TEST_F(PrivateNotesTest, DingTalkSaysWhomItDidNotReachAndWhatItDidNotTakeBack) {
    auto notes = ofDingTalk();
    dingtalk.answer(200, R"({"processQueryKey":"q","flowControlledStaffIdList":["li"]})");
    EXPECT_FALSE(send(notes, "li", "text"));
    dingtalk.answer(200, R"({"successResult":[],"failedResult":{"query-1":"too late"}})");
    auto kept = recall(notes, "query-1");
    ASSERT_FALSE(kept);
    EXPECT_THAT(kept.error().message, HasSubstr("too late"));
    for (const char* answer : {"{}", R"({"successResult":7})", R"({"successResult":["query-2"]})"}) {
        dingtalk.answer(200, answer);
        auto unsure = recall(notes, "query-1");
        ASSERT_FALSE(unsure) << answer;
        EXPECT_EQ(unsure.error().code, ErrorCode::OutcomeUnknown) << answer;
    }
}

}  // namespace
}  // namespace klaw::notifiers::test
