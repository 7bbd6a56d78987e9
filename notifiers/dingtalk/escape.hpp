#pragma once

#include <string>
#include <string_view>

namespace klaw::notifiers::dingtalk {

/// One line of untrusted text inside DingTalk's Markdown: shown as it is, never markup, HTML, link or mention.
std::string escapeMarkdown(std::string_view line);
/// The same as `fixed width` text within a line.
std::string inlineCode(std::string_view line);
/// One line of a fenced block. DingTalk's desktop client reads HTML even there, and clients drop leading blanks.
std::string escapeCodeLine(std::string_view line);

}  // namespace klaw::notifiers::dingtalk
