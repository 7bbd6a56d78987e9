#include "agent/mcp/http_endpoint.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::mcp {
namespace {

using net::ServerRequest;
using net::ServerResponse;

std::string header(const ServerRequest& request, std::string_view name) {
    return std::string(request.headers.get(name).value_or(""));
}

/// "127.0.0.1:8917" → "127.0.0.1", "[::1]:8917" → "[::1]"; empty for what is none.
std::string_view hostOf(std::string_view hostAndPort) {
    auto end = hostAndPort.starts_with('[') ? hostAndPort.find(']') + 1 : hostAndPort.find(':');
    auto rest = hostAndPort.substr(std::min(end, hostAndPort.size()));
    return rest.empty() || rest.starts_with(':') ? hostAndPort.substr(0, end) : std::string_view();
}

bool isLoopback(std::string_view host) {
    bool address = host.find_first_not_of("0123456789.") == host.npos;
    return host == "localhost" || host == "[::1]" || (address && host.starts_with("127."));
}

bool takesJson(const ServerRequest& request) {
    auto accept = header(request, "Accept");
    auto has = [&](std::string_view type) { return accept.find(type) != accept.npos; };
    return accept.empty() || has("application/json") || has("*/*") || has("application/*");
}

/// "=?base64?…?=" stands for what no header can carry.
std::string decoded(std::string value) {
    constexpr std::string_view opening = "=?base64?", closing = "?=";
    bool encoded =
        value.starts_with(opening) && value.ends_with(closing) && value.size() >= opening.size() + closing.size();
    if (!encoded) return value;
    auto inner = value.substr(opening.size(), value.size() - opening.size() - closing.size());
    return base64Decode(inner).value_or(value);
}

Headers headersOf(const ServerRequest& request) {
    auto text = [&](std::string_view name) -> std::optional<std::string> {
        auto value = request.headers.get(name);
        return value ? std::optional<std::string>(*value) : std::nullopt;
    };
    Headers headers{true, text("MCP-Protocol-Version"), text("Mcp-Method"), text("Mcp-Name")};
    if (headers.name) headers.name = decoded(std::move(*headers.name));
    return headers;
}

ServerResponse json(int status, const Json& body) {
    return ServerResponse::json(status, onOneLine(body));
}

ServerResponse refusal(int status, std::string message, Code code = Code::InvalidRequest) {
    return json(status, errorOf(Refusal{code, std::move(message)}));
}

/// Clients of the handshake era take a status other than 200 for a broken connection, not for an answer.
int statusOf(const Json& answer, bool stateless) {
    auto code = integerAt(at(answer, "error"), "code");
    if (!code || !stateless) return 200;
    if (*code == static_cast<int>(Code::MethodNotFound)) return 404;
    return *code == static_cast<int>(Code::Internal) ? 200 : 400;
}

/// Why the request is not looked at; nothing: it is.
std::optional<ServerResponse> turnedAway(const ServerRequest& request, const AllowedHosts& hosts) {
    if (!hosts.allows(header(request, "Host")))
        return refusal(421, "this name is not served here: add it to `mcp.hosts` in the configuration");
    if (auto origin = request.headers.get("Origin")) {
        auto scheme = origin->find("://");
        if (scheme == origin->npos || !hosts.allows(origin->substr(scheme + 3)))
            return refusal(403, "pages of this origin may not ask");
    }
    if (request.method == "POST") return std::nullopt;
    auto response = refusal(405, "POST one message");
    response.headers.add("Allow", "POST");
    return response;
}

ServerResponse unauthorised() {
    auto response = refusal(401,
                            "show a token of `mcp.principals` as bearer; on this machine `klaw mcp --as NAME` says "
                            "which of them it is");
    response.headers.add("WWW-Authenticate", "Bearer realm=\"klaw\"");
    return response;
}

}  // namespace

bool AllowedHosts::allows(std::string_view hostAndPort) const {
    auto host = hostOf(hostAndPort);
    return isLoopback(host) ? !host.empty() : std::ranges::find(names, host) != names.end();
}

Task<ServerResponse> HttpEndpoint::handle(ServerRequest request, AllowedHosts hosts) const {
    if (auto away = turnedAway(request, hosts)) co_return std::move(*away);
    auto principal = identify_(request);
    if (!principal) co_return unauthorised();
    if (!header(request, "Content-Type").starts_with("application/json"))
        co_return refusal(400, "the body must be application/json");
    if (!takesJson(request)) co_return refusal(406, "the answer is application/json");
    auto parsed = parseMessage(request.body);
    if (auto* wrong = std::get_if<Refusal>(&parsed)) co_return json(400, errorOf(*wrong));
    auto* message = std::get_if<Message>(&parsed);
    if (!message || message->notification()) co_return ServerResponse::text(202, "");
    auto headers = headersOf(request);
    bool stateless =
        hasEnvelope(*message) || headers.version == statelessVersion || message->method == "server/discover";
    bool spoken = !headers.version || stateless ||
                  std::ranges::find(handshakeVersions, *headers.version) != handshakeVersions.end();
    if (!spoken) co_return json(400, errorOf(unsupportedVersion(message->id, *headers.version)));
    auto answer = co_await server_.answer(std::move(*principal), std::move(*message), std::move(headers));
    if (!answer) co_return ServerResponse::text(202, "");
    co_return json(statusOf(*answer, stateless), *answer);
}

}  // namespace klaw::mcp
