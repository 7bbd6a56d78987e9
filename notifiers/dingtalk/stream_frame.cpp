#include "notifiers/dingtalk/stream_frame.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/text/json_fields.hpp"

namespace klaw::notifiers::dingtalk {
namespace {

using Json = nlohmann::ordered_json;

/// Numbers come as text and texts as numbers.
std::string text(const Json& json, std::string_view name) {
    return textOrNumberAt(json, name);
}

TimePoint timeOf(const std::string& written) {
    std::int64_t milliseconds = 0;
    auto read = std::from_chars(written.data(), written.data() + written.size(), milliseconds);
    constexpr std::int64_t latest = 9'000'000'000'000;
    if (read.ec != std::errc() || milliseconds <= 0 || milliseconds > latest) return {};
    return fromUnixMillis(milliseconds);
}

std::string contentOf(const Json& message) {
    auto kind = text(message, "msgtype");
    if (kind == "text") return text(at(message, "text"), "content");
    if (kind != "richText") return {};
    std::string joined;
    const auto& parts = at(at(message, "content"), "richText");
    if (parts.is_array())
        for (const auto& part : parts) joined += text(part, "text");
    return joined;
}

std::string dumped(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Result<StreamFrame> readStreamFrame(std::string_view bytes) {
    auto json = parsedJson(bytes);
    const auto& headers = at(json, "headers").is_object() ? at(json, "headers") : at(json, "header");
    if (!headers.is_object()) return fail(ErrorCode::InvalidArgument, "this is no frame");
    return StreamFrame{text(json, "type"), text(headers, "topic"), text(headers, "messageId"), text(json, "data")};
}

std::string streamAnswer(const StreamFrame& frame, int code, std::string_view data) {
    Json json{{"code", code}, {"message", code == 200 ? "OK" : "not handled here"}};
    json["headers"] = Json{{"contentType", "application/json"}, {"messageId", frame.messageId}};
    json["data"] = data;
    return dumped(json);
}

Result<InboundMessage> readChatMessage(std::string_view data) {
    auto json = parsedJson(data);
    InboundMessage message;
    message.eventId = message.messageId = text(json, "msgId");
    message.chat = text(json, "conversationId");
    message.direct = text(json, "conversationType") == "1";
    message.from.id = text(json, "senderStaffId");
    message.from.name = text(json, "senderNick");
    message.from.organisation = text(json, "senderCorpId");
    message.botOrganisation = text(json, "chatbotCorpId");
    message.text = contentOf(json);
    message.replyTarget = text(json, "sessionWebhook");
    message.replyUntil = timeOf(text(json, "sessionWebhookExpiredTime"));
    message.at = timeOf(text(json, "createAt"));
    if (message.chat.empty() || message.messageId.empty())
        return fail(ErrorCode::InvalidArgument, "a message without conversation or id");
    return message;
}

Result<InboundPress> readCardPress(std::string_view data) {
    auto json = parsedJson(data);
    InboundPress press;
    press.cardRef = text(json, "outTrackId");
    if (press.cardRef.empty()) return fail(ErrorCode::InvalidArgument, "a press without a card");
    press.by.id = text(json, "userId");
    press.by.organisation = text(json, "corpId");
    press.chat = text(json, "spaceId");
    auto written = text(json, "content");
    if (written.empty()) written = text(json, "value");
    auto content = parsedJson(written);
    const auto& pressed = at(content, "cardPrivateData");
    const auto& actions = at(pressed, "actionIds");
    auto action = actions.is_array() && !actions.empty() && actions.front().is_string()
                      ? actions.front().get<std::string>()
                      : std::string();
    const auto& parameters = at(pressed, "params");
    press.nonce = text(parameters, "n");
    press.verb = press.nonce.empty() ? std::string() : action;
    if (press.nonce.empty()) press.nonce = action;  // templates without parameters carry it as the action
    if (parameters.is_object())
        for (const auto& [name, value] : parameters.items())
            if (name != "n") press.inputs.emplace(name, value.is_string() ? value.get<std::string>() : dumped(value));
    return press;
}

namespace {

Json updateOf(const CardParameters& hint, const CardParameters& shown) {
    auto response = Json::object();
    auto put = [&](const char* part, const CardParameters& parameters) {
        if (parameters.empty()) return;
        response["cardUpdateOptions"] = Json{{"updateCardDataByKey", true}, {"updatePrivateDataByKey", true}};
        auto& map = response[part]["cardParamMap"] = Json::object();
        for (const auto& [name, value] : parameters) map[name] = value;
    };
    put("cardData", shown);
    put("userPrivateData", hint);
    return response;
}

}  // namespace

std::string pressUpdate(const CardParameters& hint, const CardParameters& shown) {
    return dumped(updateOf(hint, shown));
}

std::string pressResponse(const CardParameters& hint, const CardParameters& shown) {
    return dumped(Json{{"response", updateOf(hint, shown)}});
}

}  // namespace klaw::notifiers::dingtalk
