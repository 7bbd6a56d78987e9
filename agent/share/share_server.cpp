#include "agent/share/share_server.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "agent/share/served_watch.hpp"
#include "base/digest.hpp"

namespace klaw::share {
namespace {

using net::ServerRequest;
using net::ServerResponse;

constexpr std::uint64_t longestSeconds = 3600;

ServerResponse status(int code, const char* reason, const std::string& message) {
    nlohmann::json json{{"kind", "Status"}, {"apiVersion", "v1"}, {"status", code < 300 ? "Success" : "Failure"},
                        {"reason", reason}, {"code", code},       {"message", message}};
    return ServerResponse::json(code, json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

bool holdsToken(const ServerRequest& request, const std::string& token) {
    constexpr std::string_view scheme = "Bearer ";
    auto given = request.headers.get("Authorization");
    return given && given->starts_with(scheme) && equalInConstantTime(given->substr(scheme.size()), token);
}

std::vector<std::string> segmentsOf(std::string_view path) {
    std::vector<std::string> segments;
    while (!path.empty()) {
        auto end = std::min(path.find('/'), path.size());
        auto segment = path.substr(0, end);
        if (!segment.empty()) segments.push_back(net::percentDecode(segment).value_or(std::string(segment)));
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return segments;
}

/// Cluster and canonical name of the resource in /share/main/api/v1/pods and /share/main/apis/apps/v1/deployments.
std::optional<std::pair<std::string, std::string>> targetOf(std::string_view path) {
    auto segments = segmentsOf(path.substr(sharePath.size()));
    if (segments.size() == 4 && segments[1] == "api") return std::pair(segments[0], segments[3]);
    if (segments.size() == 5 && segments[1] == "apis") return std::pair(segments[0], segments[4] + "." + segments[2]);
    return std::nullopt;
}

}  // namespace

ServerResponse ShareServer::answer(const ServerRequest& request) const {
    if (!holdsToken(request, token_)) return status(401, "Unauthorized", "the token of the replicas is another one");
    if (request.method != "GET") return status(405, "MethodNotAllowed", "what is shared can only be read");
    auto target = targetOf(request.path());
    if (!target) return status(404, "NotFound", "this is no path of a resource");
    auto resource = find_(target->first, target->second);
    if (!resource) return status(503, "ServiceUnavailable", "this replica does not watch it");
    if (request.query("fields").value_or("") != resource->fields())
        return status(409, "Conflict", "this replica keeps other fields, by its own rules");
    if (!resource->isWhole()) return status(503, "ServiceUnavailable", "this replica does not have all of it");
    WatchRequest wanted;
    if (auto version = request.query("resourceVersion")) {
        wanted.after = versionNumber(*version);
        if (!wanted.after) return status(400, "BadRequest", "resourceVersion is not a number");
        if (*wanted.after > resource->version()) return status(504, "Timeout", "Too large resource version");
        if (*wanted.after < resource->forgotten()) return status(410, "Expired", "too old resource version");
    }
    if (request.query("watch") != "1") return status(200, "", "it can be read here");
    wanted.generation = resource->generation();
    auto seconds = versionNumber(request.query("timeoutSeconds").value_or("")).value_or(longestSeconds);
    wanted.timeout = std::chrono::seconds(std::min(seconds, longestSeconds));
    ServerResponse response;
    response.headers.add("Content-Type", "application/json");
    response.stream = [resource, wanted, clock = &clock_](net::BodySink& sink) {
        return serveWatch(resource, *clock, wanted, sink);
    };
    return response;
}

}  // namespace klaw::share
