#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "notifiers/notifier.hpp"
#include "notifiers/outline.hpp"

namespace klaw::notifiers::feishu {

/// The people of the list that a Feishu mention tag can name: open_id, user_id, mail address, everybody.
std::vector<Mention> mentionable(const std::vector<Mention>& mentions);

/// What a button of the card can do: those of hooks only open addresses, those of applications call back.
enum class Buttons { OpenUrl, CallBack };

/// Whether a course of values is drawn, or shown in block characters: for when the platform refuses the drawing.
enum class Charts { Drawn, AsText };

/// Card JSON 2.0. A button that cannot call back opens its address; what has only a command is printed. Version 2.0
/// refuses unknown properties, so nothing is in it that the reference does not name.
nlohmann::ordered_json renderCard(const SafeCard& card, const std::vector<Notice>& notices,
                                  const std::vector<Mention>& mentions, Buttons buttons = Buttons::OpenUrl,
                                  Charts charts = Charts::Drawn);

/// The same as lines of plain text, for when the platform refuses the card itself.
std::string renderText(const SafeCard& card, const std::vector<Notice>& notices, const std::vector<Mention>& mentions);

}  // namespace klaw::notifiers::feishu
