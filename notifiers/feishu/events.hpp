#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "notifiers/inbound.hpp"

namespace klaw::notifiers::feishu {

/// What the platform tells, by long connection or HTTP callback: an envelope of schema 2.0. Neither message nor press:
/// an event that nobody asked for.
struct Event {
    std::string type;  ///< "im.message.receive_v1"
    std::string appId;
    std::string token;  ///< verification token, of HTTP callbacks
    std::optional<InboundMessage> message;
    std::optional<InboundPress> press;
};

/// `botId`: open_id of our bot, whose mention makes a message of a group one for us and is left out of the text; empty
/// while it is not known. InvalidArgument for
/// anything but an envelope with the fields that its type must have.
Result<Event> readEvent(std::string_view json, std::string_view botId);

/// What the platform wants to hear about a press: a toast, and the card that takes the place of the pressed one.
std::string pressResponse(const PressAnswer& answer);

}  // namespace klaw::notifiers::feishu
