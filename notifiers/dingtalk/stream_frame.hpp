#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "notifiers/dingtalk/card_template.hpp"
#include "notifiers/inbound.hpp"

namespace klaw::notifiers::dingtalk {

inline constexpr std::string_view kChatTopic = "/v1.0/im/bot/messages/get";
inline constexpr std::string_view kCardTopic = "/v1.0/card/instances/callback";

/// What Stream mode carries down: one JSON object in a text frame, with JSON as text in `data`.
struct StreamFrame {
    std::string type;   ///< "SYSTEM", "EVENT", "CALLBACK"
    std::string topic;  ///< "ping", "disconnect", kChatTopic, …
    std::string messageId;
    std::string data;
};

/// InvalidArgument for anything but an object with headers.
Result<StreamFrame> readStreamFrame(std::string_view text);

/// The answer to a frame. `data`: JSON as text.
std::string streamAnswer(const StreamFrame& frame, int code, std::string_view data);

/// InvalidArgument without a conversation. Nobody vouches for people outside the organisation: their id stays empty.
Result<InboundMessage> readChatMessage(std::string_view data);
Result<InboundPress> readCardPress(std::string_view data);

/// What the platform wants to hear about a press: `hint` is shown to the presser alone, where the template can; `shown`
/// to everybody in place of what the card shows, unless it is empty.
std::string pressResponse(const CardParameters& hint, const CardParameters& shown = {});
/// The same as the body of an answer over HTTP.
std::string pressUpdate(const CardParameters& hint, const CardParameters& shown = {});

}  // namespace klaw::notifiers::dingtalk
