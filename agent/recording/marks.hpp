#pragma once

#include <string_view>

// What a recording says beside the API server's own events, as bookmarks, so that a reader that does not know them
// passes over them.
namespace klaw::recording {

/// A list begins here: what was known of the resource and does not follow up to its end is gone.
inline constexpr std::string_view listBeginsMark =
    R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"0","annotations":{"klaw/list":"begins"}}}})";

/// Events that came here were not kept.
inline constexpr std::string_view lostMark =
    R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"0","annotations":{"klaw/list":"lost"}}}})";

}  // namespace klaw::recording
