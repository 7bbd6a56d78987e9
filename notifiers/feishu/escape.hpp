#pragma once

#include <string>
#include <string_view>

namespace klaw::notifiers::feishu {

/// One line of untrusted text inside the `markdown` component: shown as it is, never markup, tag (`<at id=all>`),
/// link or mention. Markup characters become HTML entities, as the platform's guide asks.
std::string escapeMarkdown(std::string_view line);
/// The same as `fixed width` text within a line.
std::string inlineCode(std::string_view line);
/// One line of a fenced block.
std::string escapeCodeLine(std::string_view line);
/// One line of a text message, where only `<at …>` tags are read.
std::string escapeText(std::string_view line);

}  // namespace klaw::notifiers::feishu
