#include "agent/serve/console.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/embedded.hpp"

namespace klaw {
std::span<const EmbeddedFile> webFiles();
}

namespace klaw::serve {
namespace {

using net::ServerRequest;
using net::ServerResponse;

constexpr Duration longestPoll = 25s;
constexpr std::string_view callbackPath = "/callback/";

ServerResponse refusal(int status, const std::string& message) {
    return ServerResponse::json(status, nlohmann::json{{"ok", false}, {"text", message}}.dump());
}

ServerResponse answered(const ConsoleBackend::Answer& answer) {
    auto body = nlohmann::json{{"ok", answer.ok}, {"text", answer.text}}.dump(-1, ' ', false,
                                                                              nlohmann::json::error_handler_t::replace);
    return ServerResponse::json(answer.ok ? 200 : 422, body);
}

bool holdsToken(const ServerRequest& request, const std::string& token) {
    auto given = request.headers.get("Authorization");
    constexpr std::string_view scheme = "Bearer ";
    return given && given->starts_with(scheme) && equalInConstantTime(given->substr(scheme.size()), token);
}

bool isLoopback(std::string_view address) {
    return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

/// "127.0.0.1:8917" and its likes, but not "127.example.org".
bool namesLoopback(std::string_view hostAndPort) {
    auto end = hostAndPort.starts_with('[') ? hostAndPort.find(']') + 1 : hostAndPort.find(':');
    auto name = hostAndPort.substr(0, end), rest = hostAndPort.substr(name.size());
    if (!rest.empty() && !rest.starts_with(':')) return false;
    bool address = name.find_first_not_of("0123456789.") == name.npos;
    return name == "localhost" || name == "[::1]" || (address && name.starts_with("127."));
}

/// A page of somebody else's that got a name of its own pointed at loopback sends its own name.
bool hostIsLocal(const ServerRequest& request) {
    return namesLoopback(request.headers.get("Host").value_or(""));
}

/// Programs send none; a browser says where the page that asks is from.
bool originIsLocal(const ServerRequest& request) {
    auto origin = request.headers.get("Origin");
    if (!origin) return true;
    auto scheme = origin->find("://");
    return scheme != origin->npos && namesLoopback(origin->substr(scheme + 3));
}

ServerResponse page() {
    for (const auto& file : webFiles()) {
        if (file.name != "index.html") continue;
        auto response = ServerResponse::text(200, std::string(file.bytes), "text/html; charset=utf-8");
        response.headers.add("Content-Security-Policy",
                             "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src "
                             "'self'; frame-ancestors 'none'");
        response.headers.add("X-Content-Type-Options", "nosniff");
        response.headers.add("Referrer-Policy", "no-referrer");
        return response;
    }
    return ServerResponse::text(404, "no page\n");
}

class Console {
public:
    Console(ConsoleBackend& backend, LoopClock& clock) : backend_(backend), clock_(clock) {}

    Task<ServerResponse> handle(ServerRequest request) {
        auto path = std::string(request.path());
        bool reads = request.method == "GET" || request.method == "HEAD";
        if ((path == "/healthz" || path == "/livez") && reads) co_return ServerResponse::text(200, "ok\n");
        if (path == "/leader" && reads) co_return leader();
        if (path == "/readyz" && reads) co_return readiness();
        if (path == "/metrics" && reads)
            co_return ServerResponse::text(200, backend_.metrics(), "text/plain; version=0.0.4; charset=utf-8");
        if (path == "/" && reads) co_return page();
        if (path == "/mcp") co_return co_await backend_.mcp(std::move(request));
        if (path.starts_with(callbackPath)) co_return co_await callback(std::move(request), path);
        if (path.starts_with("/api/")) co_return co_await api(std::move(request), path);
        co_return ServerResponse::text(404, "not found\n");
    }

private:
    ServerResponse leader() {
        return backend_.leads() ? ServerResponse::text(200, "leads\n") : ServerResponse::text(503, "does not lead\n");
    }

    ServerResponse readiness() {
        auto state = backend_.readiness();
        return ServerResponse::text(state.ready ? 200 : 503, state.text);
    }

    Task<ServerResponse> callback(ServerRequest request, std::string path) {
        auto name = path.substr(callbackPath.size());
        auto end = std::min(name.find('/'), name.size());
        auto rest = name.substr(std::min(end + 1, name.size()));
        auto app = net::percentDecode(name.substr(0, end)).value_or("");
        co_return co_await backend_.chatCallback(std::move(request), std::move(app), std::move(rest));
    }

    Task<ServerResponse> api(ServerRequest request, std::string path) {
        bool token = holdsToken(request, backend_.token());
        if (path == "/api/state" && request.method == "GET") {
            if (!token && !(isLoopback(request.remoteAddress) && hostIsLocal(request) && originIsLocal(request)))
                co_return refusal(401, "show the token of the data directory");
            co_return co_await state(std::move(request));
        }
        if (request.method != "POST") co_return refusal(404, "not found");
        if (path == "/api/alertmanager") co_return co_await alertmanager(std::move(request), token);
        if (!token)
            co_return refusal(401, "show the token: open the page by the address that was printed at the start");
        auto body = nlohmann::json::parse(request.body, nullptr, false);
        if (!body.is_object()) co_return refusal(400, "the body is no JSON object");
        auto text = [&](const char* name) {
            auto found = body.find(name);
            return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
        };
        auto identity = text("identity").empty() ? std::string("local:page") : "local:" + text("identity");
        auto language = text("language");
        if (path == "/api/do")
            co_return answered(co_await backend_.execute(identity, text("command"), language, text("attachment")));
        if (path == "/api/press") co_return answered(co_await backend_.press(identity, text("nonce"), language));
        if (path != "/api/offer") co_return refusal(404, "not found");
        auto offered = co_await backend_.offer(identity, text("command"), language);
        if (!offered) co_return refusal(422, offered.error().describe());
        auto json = nlohmann::json{{"ok", true}, {"nonce", offered->nonce}, {"preview", offered->preview}};
        co_return ServerResponse::json(200, json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    }

    Task<ServerResponse> alertmanager(ServerRequest request, bool token) {
        const auto& own = backend_.receiverToken();
        bool known = token || (!own.empty() && holdsToken(request, own));
        // A standby takes nothing from anybody, and has another token: 401 would end the tries of the sender.
        if (!known && backend_.leads())
            co_return refusal(401, "show the token: set `http_config.authorization.credentials` in Alertmanager");
        auto cluster = request.query("cluster").value_or("");
        auto received = co_await backend_.receiveAlerts(std::move(request.body), std::move(cluster));
        if (received) co_return ServerResponse::json(200, R"({"ok":true})");
        bool malformed =
            received.error().code == ErrorCode::InvalidArgument || received.error().code == ErrorCode::Unsupported;
        co_return refusal(malformed ? 400 : 503, received.error().describe());
    }

    Task<ServerResponse> state(ServerRequest request) {
        std::uint64_t known = 0;
        auto after = request.query("after");
        if (after && std::from_chars(after->data(), after->data() + after->size(), known).ec == std::errc() &&
            backend_.stateVersion() <= known)
            co_await backend_.stateNewerThan(known, clock_.now() + longestPoll);
        co_return ServerResponse::json(200, backend_.stateJson());
    }

    ConsoleBackend& backend_;
    LoopClock& clock_;
};

}  // namespace

net::HttpServer::Handler consoleHandler(ConsoleBackend& backend, LoopClock& clock) {
    auto console = std::make_shared<Console>(backend, clock);
    return [console](ServerRequest request) { return console->handle(std::move(request)); };
}

}  // namespace klaw::serve
