#include "agent/mcp/era.hpp"

#include <algorithm>

#include "agent/mcp/safe_text.hpp"
#include "base/text/json_fields.hpp"
#include "base/text/utf8.hpp"

namespace klaw::mcp {
namespace {

constexpr std::size_t longestClient = 100;

const Json& metaOf(const Message& message) {
    return at(message.params, "_meta");
}

/// The first that does not say what the body says.
std::optional<std::string> mismatch(const Message& message, const Headers& headers) {
    if (!headers.version || at(metaOf(message), versionKey) != Json(*headers.version))
        return "the header MCP-Protocol-Version is not the version of the envelope";
    if (headers.method != message.method) return "the header Mcp-Method is not the method of the body";
    const auto& name = at(message.params, "name");
    if (message.method == "tools/call" && name.is_string() && headers.name != name.get<std::string>())
        return "the header Mcp-Name is not the name of the tool";
    return std::nullopt;
}

}  // namespace

bool hasEnvelope(const Message& message) {
    return metaOf(message).is_object() && metaOf(message).contains(versionKey);
}

std::variant<Era, Refusal> eraOf(const Message& message, const Headers& headers) {
    bool stateless = hasEnvelope(message) || message.method == "server/discover" || headers.version == statelessVersion;
    if (!stateless) return Era::Handshake;
    const auto& meta = metaOf(message);
    if (!meta.is_object() || !meta.contains(versionKey) || !at(meta, capabilitiesKey).is_object())
        return Refusal{Code::InvalidParams,
                       std::string("params._meta needs ") + versionKey + " and, as an object, " + capabilitiesKey,
                       {},
                       message.id};
    if (headers.there)
        if (auto wrong = mismatch(message, headers))
            return Refusal{Code::HeaderMismatch, std::move(*wrong), {}, message.id};
    const auto& version = at(meta, versionKey);
    if (!version.is_string()) return Refusal{Code::InvalidParams, "the version must be a string", {}, message.id};
    if (version.get_ref<const std::string&>() != statelessVersion) return unsupportedVersion(message.id, version);
    return Era::Stateless;
}

std::string_view agreedVersion(std::string_view asked) {
    const auto* known = std::ranges::find(handshakeVersions, asked);
    return known == handshakeVersions.end() ? handshakeVersions.front() : *known;
}

Refusal unsupportedVersion(const Json& id, const Json& requested) {
    Json data{{"supported", Json::array({statelessVersion})}, {"requested", requested}};
    return {Code::UnsupportedVersion, "this version of the protocol is not spoken here", std::move(data), id};
}

std::string clientOf(const Json& info) {
    auto name = textAt(info, "name"), version = textAt(info, "version");
    if (name.empty()) return {};
    return truncateUtf8(safeLine(name + (version.empty() ? "" : " " + version)), longestClient);
}

}  // namespace klaw::mcp
