#include "agent/mcp/json_rpc.hpp"

#include "base/text/json_fields.hpp"

namespace klaw::mcp {
namespace {

/// Each one more is compared with all before it.
constexpr std::size_t mostMembers = 1000;

std::size_t membersIn(std::string_view text) {
    std::size_t members = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (quoted && text[i] == '\\')
            ++i;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && text[i] == ':')
            ++members;
    }
    return members;
}

bool isId(const Json& id) {
    return id.is_string() || id.is_number_integer();
}

}  // namespace

Parsed parseMessage(std::string_view text) {
    if (text.size() > longestMessage) return Refusal{Code::InvalidRequest, "the message is longer than 320 KiB"};
    if (membersIn(text) > mostMembers) return Refusal{Code::InvalidRequest, "the message has more than 1000 members"};
    auto json = parsedJson<Json>(text);
    if (json.is_discarded()) return Refusal{Code::ParseError, "this is no JSON"};
    if (json.is_array()) return Refusal{Code::InvalidRequest, "batches are not taken: send one message at a time"};
    if (!json.is_object()) return Refusal{Code::InvalidRequest, "a message is an object"};
    const auto& id = at(json, "id");
    bool named = json.contains("id");
    Json known = isId(id) ? id : Json();
    if (textAt(json, "jsonrpc") != "2.0")
        return Refusal{Code::InvalidRequest, R"("jsonrpc" must be "2.0")", {}, std::move(known)};
    const auto& method = at(json, "method");
    if (method.is_null() && (json.contains("result") || json.contains("error"))) return Response{};
    if (named && !isId(id)) return Refusal{Code::InvalidRequest, "an id is a string or an integer"};
    if (!method.is_string()) return Refusal{Code::InvalidRequest, "there is no method", {}, std::move(known)};
    Message message{std::move(known), method.get<std::string>()};
    if (!json.contains("params")) return message;
    message.params = json["params"];
    if (!message.params.is_object())
        return Refusal{Code::InvalidParams, "params must be an object", {}, std::move(message.id)};
    return message;
}

Json resultOf(const Json& id, Json result) {
    return {{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}};
}

Json errorOf(const Refusal& refusal) {
    Json error{{"code", static_cast<int>(refusal.code)}, {"message", refusal.message}};
    if (!refusal.data.is_null()) error["data"] = refusal.data;
    return {{"jsonrpc", "2.0"}, {"id", refusal.id}, {"error", std::move(error)}};
}

std::string onOneLine(const Json& message) {
    return message.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace klaw::mcp
