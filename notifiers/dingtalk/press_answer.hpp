#pragma once

#include <string>

#include "notifiers/dingtalk/card_template.hpp"
#include "notifiers/inbound.hpp"

namespace klaw::notifiers::dingtalk {

/// What a press brings: a hint for the presser alone, and what the card shows from now on, cut to what the platform
/// takes. `write`: pressResponse over the connection, pressUpdate over HTTP.
std::string answerToPress(const CardTemplate& cardTemplate, PressAnswer said,
                          std::string (*write)(const CardParameters& hint, const CardParameters& shown));

}  // namespace klaw::notifiers::dingtalk
