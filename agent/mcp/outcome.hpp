#pragma once

#include <string>

#include "agent/mcp/json_rpc.hpp"
#include "agent/mcp/tool.hpp"
#include "base/error.hpp"

namespace klaw::mcp {

/// What comes of a call: an object for `structuredContent`, or why there is none.
struct Outcome {
    bool ok = false;
    Json content;       ///< of a good one
    std::string error;  ///< of another one: words that may hold text of the cluster

    static Outcome of(Json content) { return {true, std::move(content), {}}; }
    static Outcome failing(std::string why) { return {false, {}, std::move(why)}; }
};

/// The answer of a command with `--json` as a model reads it: made safe, masked and cut. Of rows the first stay, of a
/// text the first lines, or the last.
Json shaped(const Tool& tool, const ToolCommand& command, const std::string& answer);

/// Text of an answer that is cut to `bytes`, whole lines, as a model reads it.
std::string shapedText(const std::string& text, std::size_t bytes, bool keepsEnd, bool& cut);

/// As JavaScript writes it with two blanks: a client that finds it equal to `structuredContent` does not show it twice.
std::string inTwoBlanks(const Json& content);

/// The result of `tools/call`.
Json callResult(const Outcome& outcome);

}  // namespace klaw::mcp
