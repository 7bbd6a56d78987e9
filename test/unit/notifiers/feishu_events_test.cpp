#include "notifiers/feishu/events.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "notifiers/feishu/app.hpp"
#include "notifiers/feishu/endpoint.hpp"

namespace klaw::notifiers::feishu {
namespace {

using nlohmann::json;

json messageEvent() {
    return json::parse(R"({"schema":"2.0",
 "header":{"event_id":"e-1","event_type":"im.message.receive_v1","create_time":"1764000000123","app_id":"cli_a"},
 "event":{
  "sender":{"sender_id":{"open_id":"ou_aaa","user_id":"e1234","union_id":"on_bbb"},"sender_type":"user"},
  "message":{"message_id":"om_111","create_time":"1764000000100","chat_id":"oc_ccc","chat_type":"group",
   "message_type":"text","content":"{\"text\":\"@_user_1 pods -n shop @_user_10\"}",
   "mentions":[{"key":"@_user_1","id":{"open_id":"ou_bot"},"mentioned_type":"bot","name":"Klaw"},
               {"key":"@_user_10","id":{"open_id":"ou_li"},"mentioned_type":"user","name":"李雷"}]}}})");
}

json pressEvent() {
    return json::parse(R"({"schema":"2.0",
 "header":{"event_id":"f-7","event_type":"card.action.trigger","create_time":"1764000000123","app_id":"cli_a"},
 "event":{"operator":{"open_id":"ou_aaa","union_id":"on_bbb"},"token":"c-0f",
  "action":{"tag":"button","value":{"v":1,"verb":"ack","n":"nonce-1"},"form_value":{"dur":"4h","days":3}},
  "context":{"open_message_id":"om_111","open_chat_id":"oc_ccc"}}})");
}

Event read(const json& event, std::string_view botId = "ou_bot") {
    auto result = readEvent(event.dump(), botId);
    EXPECT_TRUE(result) << result.error().describe();
    return result.value_or(Event());
}

TEST(FeishuEvent, OfAMessageTellsWhoWroteWhatWithoutOurMention) {
    auto event = read(messageEvent());
    ASSERT_TRUE(event.message);
    const auto& message = *event.message;
    EXPECT_EQ(message.eventId, "e-1");
    EXPECT_EQ(message.messageId, "om_111");
    EXPECT_EQ(message.chat, "oc_ccc");
    EXPECT_FALSE(message.direct);
    EXPECT_EQ(message.from.id, "ou_aaa");
    EXPECT_EQ(message.from.unionId, "on_bbb");
    EXPECT_EQ(message.text, " pods -n shop @李雷");
    EXPECT_EQ(toUnixMillis(message.at), 1764000000100);
}

TEST(FeishuEvent, TakesItsTimeInMillisecondsOrMicrosecondsAndNoneBeyondTheClock) {
    auto millisecondsOf = [](const char* written) {
        auto event = messageEvent();
        event["event"]["message"]["create_time"] = written;
        return toUnixMillis(read(event).message->at);
    };
    EXPECT_EQ(millisecondsOf("1764000000100"), 1764000000100);
    EXPECT_EQ(millisecondsOf("1764000000100999"), 1764000000100);
    EXPECT_EQ(millisecondsOf("9764000000123000"), 0);
    EXPECT_EQ(millisecondsOf("-1"), 0);
}

TEST(FeishuEvent, KnowsOurMentionByItsKindWhileTheBotIsUnknown) {
    EXPECT_EQ(read(messageEvent(), "").message->text, " pods -n shop @李雷");
    EXPECT_FALSE(read(messageEvent(), "ou_other").message) << "it is for another bot";
}

TEST(FeishuEvent, OfAGroupIsAMessageForUsOnlyWhenItMentionsUs) {
    auto event = messageEvent();
    auto& message = event["event"]["message"];
    message["mentions"].erase(0);
    EXPECT_FALSE(read(event).message);
    message.erase("mentions");
    EXPECT_FALSE(read(event).message);
    message["chat_type"] = "p2p";
    EXPECT_TRUE(read(event).message);
}

TEST(FeishuEvent, ReadsFormattedMessagesLineByLine) {
    auto event = messageEvent();
    auto& message = event["event"]["message"];
    message["message_type"] = "post";
    message["content"] =
        R"({"title":"","content":[[{"tag":"at","user_id":"@_user_1"},{"tag":"text","text":"pods "}],[{"tag":"code_block","text":"-n shop"}]]})";
    EXPECT_EQ(read(event).message->text, "pods \n-n shop");
}

TEST(FeishuEvent, OfAPressTellsWhoPressedWhat) {
    auto event = read(pressEvent());
    ASSERT_TRUE(event.press);
    EXPECT_EQ(event.press->by.id, "ou_aaa");
    EXPECT_EQ(event.press->nonce, "nonce-1");
    EXPECT_EQ(event.press->verb, "ack");
    EXPECT_EQ(event.press->cardRef, "om_111");
    EXPECT_EQ(event.press->chat, "oc_ccc");
    EXPECT_THAT(event.press->inputs, testing::ElementsAre(testing::Pair("days", "3"), testing::Pair("dur", "4h")));
}

TEST(FeishuEvent, HasNobodyWhereThePlatformNamesNobody) {
    auto event = pressEvent();
    event["event"]["operator"] = json::object();
    EXPECT_EQ(read(event).press->by.id, "");
}

TEST(FeishuEvent, IgnoresOtherBotsAndWhatNobodyAskedFor) {
    auto bot = messageEvent();
    bot["event"]["sender"]["sender_type"] = "app";
    EXPECT_FALSE(read(bot).message);
    auto other = messageEvent();
    other["header"]["event_type"] = "im.chat.updated_v1";
    EXPECT_FALSE(read(other).message || read(other).press);
}

TEST(FeishuEvent, RefusesEverythingElse) {
    for (const auto* text : {"", "{", "[]", "7", R"({"header":{}})", R"({"header":{"event_type":"x"},"event":3})"})
        EXPECT_FALSE(readEvent(text, "")) << text;
    auto nowhere = messageEvent();
    nowhere["event"]["message"].erase("chat_id");
    EXPECT_FALSE(readEvent(nowhere.dump(), ""));
    auto odd = messageEvent();
    odd["event"]["message"]["content"] = "no json";
    EXPECT_EQ(read(odd).message->text, "");
}

TEST(FeishuEvent, SurvivesFieldsOfAnyType) {
    for (const auto& odd : {json(nullptr), json(7), json("x"), json::array({1}), json{{"a", 1}}})
        for (const auto& whole : {messageEvent(), pressEvent()}) {
            const auto fields = whole.flatten();
            for (const auto& [pointer, _] : fields.items()) {
                auto changed = whole;
                changed[json::json_pointer(pointer)] = odd;
                EXPECT_NO_THROW(static_cast<void>(readEvent(changed.dump(), "ou_bot"))) << pointer << odd;
            }
        }
}

TEST(FeishuEvent, GrowsNoMessageByItsMentions) {
    auto event = messageEvent();
    auto& message = event["event"]["message"];
    message["chat_type"] = "p2p";
    message["content"] = json{{"text", std::string(10'000, 'a')}}.dump();
    message["mentions"] = json::array({{{"key", "a"}, {"id", nullptr}, {"name", std::string(100'000, 'b')}}});
    EXPECT_LE(read(event).message->text.size(), 10'000u);
}

TEST(FeishuPlatform, IsFoundByItsBrandOrAddress) {
    EXPECT_EQ(openPlatformUrl(""), "https://open.feishu.cn");
    EXPECT_EQ(openPlatformUrl("feishu"), "https://open.feishu.cn");
    EXPECT_EQ(openPlatformUrl("lark"), "https://open.larksuite.com");
    EXPECT_EQ(openPlatformUrl("http://127.0.0.1:9/"), "http://127.0.0.1:9");
}

TEST(FeishuPressResponse, HasAToastAndPerhapsACard) {
    EXPECT_EQ(pressResponse({PressAnswer::Kind::Success, "已认领", {}}),
              R"({"toast":{"type":"success","content":"已认领"}})");
    PressAnswer withCard;
    withCard.card = Card();
    withCard.card->title = "pods";
    auto response = json::parse(pressResponse(withCard));
    EXPECT_EQ(response["card"]["type"], "raw");
    EXPECT_EQ(response["card"]["data"]["schema"], "2.0");
}

TEST(FeishuPressResponse, IsNoLongerThanThePlatformTakes) {
    PressAnswer page{PressAnswer::Kind::Info, "", Card()};
    page.card->status = CardStatus::Reply;
    page.card->sections.push_back(
        {{}, CardSection::Kind::Code, std::vector<std::string>(60, std::string(600, 'x')), false});
    auto response = pressResponse(page);
    EXPECT_LE(response.size(), 24'000u);
    EXPECT_NE(response.find("lines left out"), std::string::npos);
}

net::HttpResponse answered(int status, const std::string& body) {
    net::HttpResponse response;
    response.status = status;
    response.body = body;
    return response;
}

TEST(FeishuEndpoint, IsTakenFromTheAnswer) {
    auto endpoint = readEndpoint(
        answered(200, R"({"code":0,"data":{"URL":"wss://h/ws/v2?fpid=1&device_id=d%2B1&service_id=33554678&ticket=t",
                          "ClientConfig":{"ReconnectCount":-1,"ReconnectInterval":7,"ReconnectNonce":3,"PingInterval":90}}})"),
        "app");
    ASSERT_TRUE(endpoint) << endpoint.error().describe();
    EXPECT_EQ(endpoint->serviceId, 33554678);
    EXPECT_EQ(endpoint->deviceId, "d%2B1");
    EXPECT_EQ(endpoint->config.pingEvery, 90s);
    EXPECT_EQ(endpoint->config.reconnectEvery, 7s);
    EXPECT_EQ(endpoint->config.firstReconnectWithin, 3s);
}

TEST(FeishuEndpoint, TellsWhatPassesFromWhatAPersonMustMend) {
    auto failure = [](int status, const std::string& body) {
        return readEndpoint(answered(status, body), "app").error();
    };
    EXPECT_EQ(failure(502, "").retry.kind, Retry::Kind::Later);
    EXPECT_EQ(failure(200, "<html>").retry.kind, Retry::Kind::Later);
    EXPECT_EQ(failure(200, R"({"code":1})").retry.kind, Retry::Kind::Later);
    EXPECT_EQ(failure(200, R"({"code":1000040343})").retry.kind, Retry::Kind::Later);
    EXPECT_EQ(failure(200, R"({"code":0,"data":{"URL":""}})").retry.kind, Retry::Kind::Later);
    EXPECT_EQ(failure(200, R"({"code":0})").retry.kind, Retry::Kind::Later);
    EXPECT_THAT(failure(200, R"({"code":1000040351,"msg":"Incorrect domain name"})").remedy,
                testing::HasSubstr("domain"));
    auto secret = failure(200, R"({"code":1000040999,"msg":"bad secret"})");
    EXPECT_EQ(secret.code, ErrorCode::Unauthenticated);
    EXPECT_EQ(secret.retry.after, 5min);
}

TEST(FeishuEndpoint, TakesWishesOnlyWithinBounds) {
    ConnectionConfig config;
    config.apply(R"({"PingInterval":0,"ReconnectInterval":"x","ReconnectNonce":100000})");
    EXPECT_EQ(config.pingEvery, 5s);
    EXPECT_EQ(config.reconnectEvery, 120s);
    EXPECT_EQ(config.firstReconnectWithin, 60s);
    config.apply("nonsense");
    EXPECT_EQ(config.pingEvery, 5s);
}

TEST(FeishuHandshake, SaysWhatTheRefusalMeans) {
    net::HttpHeaders headers;
    headers.add("Handshake-Status", "514");
    headers.add("Handshake-Autherrcode", "1000040350");
    auto full = handshakeError(headers, Error(ErrorCode::PermissionDenied, "refused"));
    EXPECT_EQ(full.code, ErrorCode::ResourceExhausted);
    EXPECT_EQ(full.retry.after, 5min);
    headers.set("Handshake-Autherrcode", "1");
    EXPECT_EQ(handshakeError(headers, Error(ErrorCode::PermissionDenied, "refused")).retry.kind, Retry::Kind::Later);
}

}  // namespace
}  // namespace klaw::notifiers::feishu
