#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>

namespace klaw::mcp {

using Json = nlohmann::ordered_json;

/// Of JSON-RPC 2.0, and those that the Model Context Protocol adds.
enum class Code : int {
    ParseError = -32700,
    InvalidRequest = -32600,
    MethodNotFound = -32601,
    InvalidParams = -32602,
    Internal = -32603,
    HeaderMismatch = -32020,      ///< a header of HTTP says something else than the body
    UnsupportedVersion = -32022,  ///< `data` has `supported` and `requested`
};

/// A request, or a notification, which has no id and gets no answer.
struct Message {
    Json id;  ///< a string or an integer; null: a notification
    std::string method;
    Json params = Json::object();
    bool notification() const { return id.is_null(); }
};

/// What is no message that could be answered otherwise.
struct Refusal {
    Code code = Code::Internal;
    std::string message;
    Json data{};  ///< null: none
    Json id{};    ///< of the request, as far as it could be read
};

/// An answer of the other side to something that was never asked: it is dropped.
struct Response {};

using Parsed = std::variant<Message, Response, Refusal>;

/// Of one message, in bytes: a document with what is around it.
inline constexpr std::size_t longestMessage = 320u << 10;

/// One message. Arrays are refused: only the version 2025-03-26 knew them, and no client sends any.
Parsed parseMessage(std::string_view text);

Json resultOf(const Json& id, Json result);
Json errorOf(const Refusal& refusal);

/// On one line, with U+FFFD for what is no UTF-8.
std::string onOneLine(const Json& message);

}  // namespace klaw::mcp
