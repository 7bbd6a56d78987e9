#pragma once

#include <span>
#include <string>
#include <vector>

#include "notifiers/notifier.hpp"
#include "notifiers/outline.hpp"

namespace klaw::notifiers::dingtalk {

/// What surrounds the card in a robot message.
struct MessageFrame {
    std::string msgUuid;
    std::vector<Mention> mentions;      ///< users by userid, mobiles, everybody; others are left out
    std::vector<std::string> keywords;  ///< one of them must be in the message for the robot to take it
};

/// The JSON body for a custom robot: an actionCard when there are buttons that open a URL and nobody is mentioned
/// (only text and markdown messages can mention), else markdown.
std::string renderMessage(const SafeCard& card, const std::vector<Notice>& notices, const MessageFrame& frame);

/// Whether a card has a place of its own for the footer.
enum class Footer { Apart, InText };

/// The same text without frame, for a card that shows its buttons itself.
std::string renderBody(const SafeCard& card, const std::vector<Notice>& notices, const std::vector<Mention>& mentions,
                       Footer footer);

}  // namespace klaw::notifiers::dingtalk
