#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "notifiers/dingtalk/errors.hpp"
#include "notifiers/dingtalk/stream_frame.hpp"

namespace klaw::notifiers::dingtalk {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(DingTalkFrame, IsReadWithItsHeaders) {
    auto frame = readStreamFrame(
        R"({"specVersion":"1.0","type":"CALLBACK","headers":{"messageId":"m-1","topic":"/v1.0/im/bot/messages/get","time":"1"},"data":"{\"a\":1}"})");
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->type, "CALLBACK");
    EXPECT_EQ(frame->topic, kChatTopic);
    EXPECT_EQ(frame->messageId, "m-1");
    EXPECT_EQ(frame->data, R"({"a":1})");
}

TEST(DingTalkFrame, IsReadAlsoAsThePlatformSometimesWritesIt) {
    auto frame = readStreamFrame(R"({"type":"SYSTEM","header":{"messageId":7,"topic":"ping"},"data":"{}"})");
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->messageId, "7");
}

TEST(DingTalkFrame, RefusesEverythingElse) {
    for (const auto* text : {"", "no JSON", "[]", "7", "{}", R"({"type":"SYSTEM","headers":"x"})"})
        EXPECT_FALSE(readStreamFrame(text)) << text;
}

TEST(DingTalkFrame, IsAnsweredWithItsIdAndTextAsData) {
    StreamFrame frame{"SYSTEM", "ping", "m-1", R"({"opaque":"o"})"};
    EXPECT_EQ(
        streamAnswer(frame, 200, frame.data),
        R"({"code":200,"message":"OK","headers":{"contentType":"application/json","messageId":"m-1"},"data":"{\"opaque\":\"o\"}"})");
}

json chatMessage() {
    return json::parse(
        R"({"msgId":"msg1==","msgtype":"text","text":{"content":" pods -n shop"},"conversationId":"cid1==",
        "conversationType":"2","senderStaffId":"li","senderNick":"李雷","createAt":1764000000100,
        "sessionWebhook":"https://oapi.dingtalk.com/robot/sendBySession?session=s","sessionWebhookExpiredTime":"1764005400100"})");
}

TEST(DingTalkMessage, TellsWhoWroteWhatAndWhereToAnswer) {
    auto message = readChatMessage(chatMessage().dump());
    ASSERT_TRUE(message);
    EXPECT_EQ(message->messageId, "msg1==");
    EXPECT_EQ(message->from.id, "li");
    EXPECT_EQ(message->chat, "cid1==");
    EXPECT_FALSE(message->direct);
    EXPECT_EQ(message->text, " pods -n shop");
    EXPECT_THAT(message->replyTarget, HasSubstr("session=s"));
    EXPECT_EQ(toUnixMillis(message->replyUntil), 1764005400100);
    EXPECT_EQ(toUnixMillis(message->at), 1764000000100);
}

TEST(DingTalkMessage, JoinsTheTextsOfARichOneAndHearsNoSpeech) {
    auto rich = chatMessage();
    rich["msgtype"] = "richText";
    rich["content"] = {{"richText", {{{"text", "pods "}}, {{"type", "picture"}}, {{"text", "-n shop"}}}}};
    EXPECT_EQ(readChatMessage(rich.dump())->text, "pods -n shop");
    auto speech = chatMessage();
    speech["msgtype"] = "audio";
    speech["content"] = {{"recognition", "delete everything"}};
    EXPECT_EQ(readChatMessage(speech.dump())->text, "");
}

TEST(DingTalkMessage, OfAStrangerHasNobody) {
    auto stranger = chatMessage();
    stranger.erase("senderStaffId");
    EXPECT_EQ(readChatMessage(stranger.dump())->from.id, "");
    EXPECT_FALSE(readChatMessage("{}"));
    EXPECT_FALSE(readChatMessage("nonsense"));
}

std::string pressWith(const json& content, const char* field = "content") {
    return json{{"outTrackId", "klaw-1"}, {"userId", "li"}, {"spaceId", "cid1=="}, {field, content.dump()}}.dump();
}

TEST(DingTalkPress, TellsWhoPressedWhat) {
    json content{{"cardPrivateData", {{"actionIds", {"ack"}}, {"params", {{"n", "nonce-1"}, {"days", 3}}}}}};
    for (const auto* field : {"content", "value"}) {
        auto press = readCardPress(pressWith(content, field));
        ASSERT_TRUE(press) << field;
        EXPECT_EQ(press->by.id, "li");
        EXPECT_EQ(press->cardRef, "klaw-1");
        EXPECT_EQ(press->nonce, "nonce-1");
        EXPECT_EQ(press->verb, "ack");
        EXPECT_THAT(press->inputs, ElementsAre(Pair("days", "3")));
    }
}

TEST(DingTalkPress, HasItsNonceAsTheActionWhereTheTemplateHasNoParameters) {
    json content{{"cardPrivateData", {{"actionIds", {"nonce-1"}}, {"params", json::object()}}}};
    auto press = readCardPress(pressWith(content));
    ASSERT_TRUE(press);
    EXPECT_EQ(press->nonce, "nonce-1");
    EXPECT_EQ(press->verb, "");
}

TEST(DingTalkPress, OfNoCardIsRefused) {
    EXPECT_FALSE(readCardPress("{}"));
    EXPECT_FALSE(readCardPress("nonsense"));
    auto odd = readCardPress(R"({"outTrackId":"x","content":7})");
    ASSERT_TRUE(odd);
    EXPECT_EQ(odd->nonce, "");
}

TEST(DingTalkMessage, SurvivesFieldsOfAnyType) {
    json content{{"cardPrivateData", {{"actionIds", {"ack"}}, {"params", {{"n", "nonce-1"}}}}}};
    auto press = json::parse(pressWith(content));
    for (const auto& odd : {json(nullptr), json(7), json("x"), json::array({1}), json{{"a", 1}}})
        for (const auto& whole : {chatMessage(), press, content}) {
            const auto fields = whole.flatten();
            for (const auto& [pointer, _] : fields.items()) {
                auto changed = whole;
                changed[json::json_pointer(pointer)] = odd;
                EXPECT_NO_THROW(static_cast<void>(readChatMessage(changed.dump()))) << pointer << odd;
                EXPECT_NO_THROW(static_cast<void>(readCardPress(changed.dump()))) << pointer << odd;
                EXPECT_NO_THROW(static_cast<void>(readCardPress(pressWith(changed)))) << pointer << odd;
            }
        }
}

TEST(DingTalkPress, IsAnsweredWithAHintForThePresserAlone) {
    EXPECT_EQ(pressResponse({}), R"({"response":{}})");
    auto response = json::parse(pressResponse({{"hint", "already used"}}))["response"];
    EXPECT_EQ(response["userPrivateData"]["cardParamMap"]["hint"], "already used");
    EXPECT_EQ(response["cardUpdateOptions"]["updatePrivateDataByKey"], true);
}

TEST(DingTalkPress, IsAnsweredWithWhatTheCardShowsNow) {
    auto response = json::parse(pressResponse({}, {{"body", "page 2"}, {"buttons", "[]"}}))["response"];
    EXPECT_EQ(response["cardData"]["cardParamMap"], json::parse(R"({"body":"page 2","buttons":"[]"})"));
    EXPECT_EQ(response["cardUpdateOptions"]["updateCardDataByKey"], true);
    EXPECT_FALSE(response.contains("userPrivateData"));
}

Answer answered(int status, const std::string& body) {
    net::HttpResponse response;
    response.status = status;
    response.body = body;
    return readApiAnswer(response, "app", TimePoint());
}

TEST(DingTalkApiErrors, DecideByCodeWhateverTheStatus) {
    EXPECT_EQ(answered(200, R"({"success":true})").kind, Answer::Kind::Taken);
    for (int status : {400, 401})
        EXPECT_EQ(answered(status, R"({"code":"InvalidAuthentication","message":"x"})").kind, Answer::Kind::BadToken);
    auto busy = answered(403, R"({"code":"Forbidden.AccessDenied.QpsLimitForApi","message":"x"})");
    EXPECT_EQ(busy.kind, Answer::Kind::Throttled);
    EXPECT_EQ(busy.error.retry.after, 2s);
    auto scope = answered(
        403,
        R"({"Code":"Forbidden.AccessDenied.AccessTokenPermissionDenied","Message":"x","accessdenieddetail":{"requiredScopes":["Card.Instance.Write"]}})");
    EXPECT_EQ(scope.error.code, ErrorCode::PermissionDenied);
    EXPECT_THAT(scope.error.remedy, HasSubstr("Card.Instance.Write"));
    EXPECT_EQ(answered(504, "").error.retry.kind, Retry::Kind::Later);
    EXPECT_EQ(answered(400, R"({"code":"param.outTrackIdNotExist","message":"x"})").error.code,
              ErrorCode::InvalidArgument);
}

TEST(DingTalkApiErrors, SurviveAnswersThatAreNoAnswers) {
    EXPECT_EQ(answered(200, "<html>").error.retry.kind, Retry::Kind::Later);
    EXPECT_EQ(answered(200, R"({"status":1111,"wait":5,"punish":"deny"})").kind, Answer::Kind::Throttled);
}

}  // namespace
}  // namespace klaw::notifiers::dingtalk
