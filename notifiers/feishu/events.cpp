#include "notifiers/feishu/events.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/text/json_fields.hpp"
#include "base/text/utf8.hpp"
#include "notifiers/feishu/render.hpp"
#include "notifiers/fit.hpp"

namespace klaw::notifiers::feishu {
namespace {

using Json = nlohmann::ordered_json;

/// What a message could grow by is bounded, as its sender chooses names and place-holders.
constexpr std::size_t kMostMentions = 50, kLongestName = 64;
/// As ChatOptions::maxBytes.
constexpr std::size_t kLongestAnswer = 24'000;

/// Milliseconds as text; some callbacks give microseconds.
TimePoint timeOf(const std::string& written) {
    std::int64_t number = 0;
    auto read = std::from_chars(written.data(), written.data() + written.size(), number);
    if (read.ec != std::errc() || number <= 0) return {};
    constexpr std::int64_t latestMilliseconds = 9'000'000'000'000;  // in 2255, near the end of nanoseconds
    if (number <= latestMilliseconds) return fromUnixMillis(number);
    return number <= latestMilliseconds * 1000 ? fromUnixMillis(number / 1000) : TimePoint();
}

std::string firstOf(std::initializer_list<std::string> candidates) {
    for (const auto& candidate : candidates)
        if (!candidate.empty()) return candidate;
    return {};
}

Person personOf(const Json& ids) {
    Person person;
    person.unionId = textAt(ids, "union_id");
    person.id = firstOf({textAt(ids, "open_id"), textAt(ids, "user_id"), person.unionId});
    return person;
}

/// The text parts of one line of a formatted message.
std::string lineOf(const Json& parts) {
    std::string line;
    for (const auto& part : parts) {
        auto tag = textAt(part, "tag");
        if (tag == "at") line += textAt(part, "user_id");
        if (tag == "text" || tag == "a" || tag == "code_block" || tag == "md") line += textAt(part, "text");
    }
    return line;
}

std::string contentOf(const Json& message) {
    auto content = parsedJson(textAt(message, "content"));
    if (textAt(message, "message_type") != "post") return textAt(content, "text");
    const auto* lines = &at(content, "content");
    if (content.is_object() && !lines->is_array() && !content.empty()) lines = &at(content.front(), "content");
    std::string joined;
    if (lines->is_array())
        for (const auto& line : *lines) joined += (joined.empty() ? "" : "\n") + lineOf(line);
    return joined;
}

void replaceAll(std::string& within, const std::string& what, const std::string& by) {
    if (what.empty()) return;
    for (auto found = within.find(what); found != std::string::npos; found = within.find(what, found + by.size()))
        within.replace(found, what.size(), by);
}

bool isOurs(const Json& mention, std::string_view botId) {
    return botId.empty() ? textAt(mention, "mentioned_type") == "bot" : textAt(at(mention, "id"), "open_id") == botId;
}

bool mentionsUs(const Json& mentions, std::string_view botId) {
    return mentions.is_array() &&
           std::ranges::any_of(mentions, [&](const Json& mention) { return isOurs(mention, botId); });
}

/// Without our own mention, with the names of others.
std::string withoutMention(std::string content, const Json& mentions, std::string_view botId) {
    if (!mentions.is_array() || mentions.size() > kMostMentions) return content;
    for (auto mention = mentions.rbegin(); mention != mentions.rend(); ++mention) {  // @_user_10 before @_user_1
        if (!textAt(*mention, "key").starts_with("@_")) continue;
        replaceAll(content, textAt(*mention, "key"),
                   isOurs(*mention, botId) ? "" : "@" + truncateUtf8(textAt(*mention, "name"), kLongestName));
    }
    return content;
}

std::optional<InboundMessage> messageOf(const Json& event, std::string_view botId) {
    const auto& sender = at(event, "sender");
    const auto& message = at(event, "message");
    InboundMessage inbound;
    inbound.from = personOf(at(sender, "sender_id"));
    inbound.messageId = textAt(message, "message_id");
    inbound.chat = textAt(message, "chat_id");
    inbound.direct = textAt(message, "chat_type") == "p2p";
    inbound.at = timeOf(textAt(message, "create_time"));
    if (inbound.messageId.empty() || inbound.chat.empty()) return std::nullopt;
    inbound.text = withoutMention(contentOf(message), at(message, "mentions"), botId);
    return inbound;
}

std::string dumped(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string inputOf(const Json& value) {
    return value.is_string() ? value.get<std::string>() : dumped(value);
}

std::optional<InboundPress> pressOf(const Json& event) {
    const auto& action = at(event, "action");
    const auto& value = at(action, "value");
    const auto& context = at(event, "context");
    if (!action.is_object()) return std::nullopt;
    InboundPress press;
    press.by = personOf(at(event, "operator"));
    press.cardRef = textAt(context, "open_message_id");
    press.chat = textAt(context, "open_chat_id");
    press.nonce = textAt(value, "n");
    press.verb = textAt(value, "verb");
    const auto& form = at(action, "form_value");
    if (form.is_object())
        for (const auto& [name, input] : form.items()) press.inputs.emplace(name, inputOf(input));
    return press;
}

std::string_view toastType(PressAnswer::Kind kind) {
    switch (kind) {
        case PressAnswer::Kind::Info:
            return "info";
        case PressAnswer::Kind::Success:
            return "success";
        case PressAnswer::Kind::Warning:
            return "warning";
        case PressAnswer::Kind::Error:
            return "error";
    }
    return "info";
}

}  // namespace

Result<Event> readEvent(std::string_view bytes, std::string_view botId) {
    auto json = parsedJson(bytes);
    const auto& header = at(json, "header");
    const auto& body = at(json, "event");
    Event event;
    event.type = textAt(header, "event_type");
    event.appId = textAt(header, "app_id");
    event.token = textAt(header, "token");
    if (event.type.empty() || !body.is_object()) return fail(ErrorCode::InvalidArgument, "this is no event");
    auto eventId = textAt(header, "event_id");
    if (event.type == "im.message.receive_v1") {
        if (textAt(at(body, "sender"), "sender_type") != "user") return event;  // other bots: no endless talks
        event.message = messageOf(body, botId);
        if (!event.message) return fail(ErrorCode::InvalidArgument, "a message without id or chat");
        event.message->eventId = std::move(eventId);
        // An application may be given whatever people say to each other in a group.
        if (!event.message->direct && !mentionsUs(at(at(body, "message"), "mentions"), botId)) event.message.reset();
    } else if (event.type == "card.action.trigger") {
        event.press = pressOf(body);
        if (!event.press) return fail(ErrorCode::InvalidArgument, "a press without an action");
        event.press->eventId = std::move(eventId);
        event.press->at = timeOf(textAt(header, "create_time"));
    }
    return event;
}

std::string pressResponse(const PressAnswer& answer) {
    auto json = Json::object();
    if (!answer.toast.empty()) json["toast"] = Json{{"type", toastType(answer.kind)}, {"content", answer.toast}};
    if (!answer.card) return dumped(json);
    auto render = [&](const SafeCard& card, const std::vector<Notice>& notices) {
        json["card"] = Json{{"type", "raw"}, {"data", renderCard(card, notices, {}, Buttons::CallBack)}};
        return dumped(json);
    };
    return fitBody(SafeCard(*answer.card), kLongestAnswer, {}, render).body;
}

}  // namespace klaw::notifiers::feishu
