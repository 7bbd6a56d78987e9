#include "agent/mcp/outcome.hpp"

#include <algorithm>

#include "agent/mcp/safe_text.hpp"
#include "base/text/json_fields.hpp"
#include "base/text/utf8.hpp"

namespace klaw::mcp {
namespace {

constexpr std::size_t kibibyte = 1024, longestError = 2000;
/// What is around rows and text.
constexpr std::size_t frame = 256;
/// Before anything is looked at closely: what is beyond could not be shown anyway.
constexpr std::size_t mostLookedAt = 256 * kibibyte;

Json safeRow(const Json& row) {
    Json safe = Json::object();
    for (const auto& [name, value] : row.items())
        safe[name] = truncateUtf8(safeLine(value.is_string() ? value.get<std::string>() : value.dump()), longestLine);
    return safe;
}

void addRows(Json& content, const Json& rows, std::size_t skip, std::size_t room) {
    auto shown = Json::array();
    auto next = std::min(skip, rows.size());
    for (std::size_t used = 0; next < rows.size(); ++next) {
        auto row = safeRow(rows[next]);
        used += inTwoBlanks(row).size() + 4 * (row.size() + 2) + 8;  // deeper by two levels than alone
        if (used > room && !shown.empty()) break;
        shown.push_back(std::move(row));
    }
    content["rows"] = std::move(shown);
    content["cut"] = next < rows.size();
    content["total"] = rows.size();
    if (next < rows.size()) content["next"] = next;
}

/// How long a text is in JSON.
std::size_t writtenLength(std::string_view text) {
    return text.size() + static_cast<std::size_t>(
                             std::ranges::count_if(text, [](char c) { return c == '"' || c == '\\' || c == '\n'; }));
}

std::string_view ofEnd(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes) return text;
    text.remove_prefix(text.size() - bytes);
    return text.substr(std::min(text.find('\n') + 1, text.size()));
}

/// Whole lines.
std::string_view ofBeginning(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes) return text;
    auto end = text.rfind('\n', bytes);
    return text.substr(0, end == text.npos ? 0 : end + 1);
}

}  // namespace

std::string shapedText(const std::string& text, std::size_t bytes, bool keepsEnd, bool& cut) {
    auto looked = keepsEnd ? ofEnd(text, mostLookedAt) : ofBeginning(text, mostLookedAt);
    auto safe = withShortLines(safeText(looked));
    auto room = bytes;
    while (writtenLength(keepsEnd ? ofEnd(safe, room) : ofBeginning(safe, room)) > bytes && room > 0)
        room -= room / 8 + 1;
    auto kept = keepsEnd ? ofEnd(safe, room) : ofBeginning(safe, room);
    cut = looked.size() < text.size() || kept.size() < safe.size();
    return std::string(kept);
}

Json shaped(const Tool& tool, const ToolCommand& command, const std::string& answer) {
    auto json = Json::parse(answer, nullptr, false);
    auto room = command.kibibytes * kibibyte - frame;
    Json content = Json::object();
    auto text = json.is_object() ? textAt(json, "text") : answer;
    bool cut = false;
    if (at(json, "rows").is_array()) {
        constexpr std::size_t mostBelow = kibibyte / 4;
        auto below = shapedText(text, mostBelow, false, cut);
        addRows(content, json["rows"], command.skip, room - below.size());
        if (!below.empty()) content["text"] = std::move(below);
        content["untrusted"] = {"rows", "text"};
        return content;
    }
    content["text"] = shapedText(text, room, tool.keepsEnd, cut);
    content["cut"] = cut;
    content["untrusted"] = {"text"};
    return content;
}

std::string inTwoBlanks(const Json& content) {
    return content.dump(2, ' ', false, Json::error_handler_t::replace);
}

Json callResult(const Outcome& outcome) {
    Json result;
    auto textBlock = [](std::string text) { return Json::array({Json{{"type", "text"}, {"text", std::move(text)}}}); };
    if (outcome.ok) {
        result["content"] = textBlock(inTwoBlanks(outcome.content));
        result["structuredContent"] = outcome.content;
        result["isError"] = false;
        return result;
    }
    Json why{{"error", truncateUtf8(safeText(outcome.error), longestError)}, {"untrusted", {"error"}}};
    result["content"] = textBlock(inTwoBlanks(why));
    result["isError"] = true;
    return result;
}

}  // namespace klaw::mcp
