#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "agent/mcp/json_rpc.hpp"

namespace klaw::mcp {

/// The two ways to speak the protocol: with a handshake, up to version 2025-11-25, and since 2026-07-28 with an
/// envelope in each request.
enum class Era { Handshake, Stateless };

inline constexpr std::string_view statelessVersion = "2026-07-28";
inline constexpr std::array<std::string_view, 4> handshakeVersions{"2025-11-25", "2025-06-18", "2025-03-26",
                                                                   "2024-11-05"};

inline constexpr const char* versionKey = "io.modelcontextprotocol/protocolVersion";
inline constexpr const char* capabilitiesKey = "io.modelcontextprotocol/clientCapabilities";
inline constexpr const char* clientKey = "io.modelcontextprotocol/clientInfo";
inline constexpr const char* serverKey = "io.modelcontextprotocol/serverInfo";

/// What HTTP says beside the body; empty by other ways.
struct Headers {
    bool there = false;
    std::optional<std::string> version;  ///< MCP-Protocol-Version
    std::optional<std::string> method;   ///< Mcp-Method
    std::optional<std::string> name;     ///< Mcp-Name, decoded
};

bool hasEnvelope(const Message& message);

/// The era in which a request is spoken; a refusal where its envelope, or what HTTP says of it, is wrong.
std::variant<Era, Refusal> eraOf(const Message& message, const Headers& headers = {});

/// The version that the server answers to a handshake: the one asked for, where it knows it, else its newest.
std::string_view agreedVersion(std::string_view asked);

/// -32022, with what this server speaks.
Refusal unsupportedVersion(const Json& id, const Json& requested);

/// What the client says of itself, "openclaw 1.2", cleaned and short; nobody has proved it.
std::string clientOf(const Json& info);

}  // namespace klaw::mcp
