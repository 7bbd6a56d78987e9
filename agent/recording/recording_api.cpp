#include "agent/recording/recording_api.hpp"

#include <fmt/format.h>

#include <charconv>

#include "agent/recording/recorded_discovery.hpp"
#include "agent/recording/recorded_list.hpp"

namespace klaw::recording {
namespace {

using net::ServerRequest;
using net::ServerResponse;

constexpr auto defaultTimeout = 30min;
constexpr std::size_t largestPage = 100'000;

ServerResponse refuse(int code, std::string_view reason, std::string_view message) {
    return ServerResponse::json(code, statusDocument(code, reason, message));
}

ServerResponse notFound() {
    return refuse(404, "NotFound", "the recording does not contain what was asked for");
}

std::vector<std::string> segments(std::string_view path) {
    std::vector<std::string> out;
    while (!path.empty()) {
        path.remove_prefix(1);
        auto end = path.find('/');
        auto segment = path.substr(0, end);
        if (!segment.empty()) out.push_back(net::percentDecode(segment).value_or(std::string(segment)));
        path = end == path.npos ? std::string_view() : path.substr(end);
    }
    return out;
}

bool flag(const ServerRequest& request, std::string_view name) {
    auto value = request.query(name);
    return value && (*value == "1" || *value == "true");
}

template <class Number>
std::optional<Number> number(const ServerRequest& request, std::string_view name) {
    auto text = request.query(name);
    if (!text || text->empty()) return Number(0);
    Number value = 0;
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
    return value;
}

ServerResponse streamed(std::function<Task<void>(net::BodySink&)> stream) {
    ServerResponse response;
    response.headers.add("Content-Type", "application/json");
    response.stream = std::move(stream);
    return response;
}

}  // namespace

ServerResponse RecordingApi::answer(const ServerRequest& request) {
    if (request.method != "GET") return refuse(405, "MethodNotAllowed", "a recording cannot be changed");
    auto path = segments(request.path());
    auto target = parseTarget(path);
    if (!target) return discovery(path);
    auto* resource = cluster_->find(target->resource);
    if (!resource || resource->apiVersion() != target->groupVersion) return scrape(*target);
    if (!target->subresource.empty()) return notFound();
    if (!target->name.empty()) return object(*resource, *target);
    return flag(request, "watch") ? watch(*resource, *target, request) : list(*resource, *target, request);
}

ServerResponse RecordingApi::discovery(const std::vector<std::string>& path) {
    auto joined = fmt::format("/{}", fmt::join(path, "/"));
    if (joined == "/version") return ServerResponse::json(200, versionDocument(*cluster_));
    if (joined == "/healthz" || joined == "/readyz" || joined == "/livez") return ServerResponse::text(200, "ok");
    if (joined == "/api") return ServerResponse::json(200, coreVersionsDocument());
    if (joined == "/apis") return ServerResponse::json(200, groupListDocument(*cluster_));
    bool isCore = path.size() == 2 && path[0] == "api";
    bool isGroup = path.size() == 3 && path[0] == "apis";
    if (!isCore && !isGroup) return notFound();
    auto document = resourceListDocument(*cluster_, isCore ? path[1] : path[1] + "/" + path[2]);
    return document.empty() ? notFound() : ServerResponse::json(200, std::move(document));
}

/// nullopt for discovery paths.
std::optional<RecordingApi::Target> RecordingApi::parseTarget(const std::vector<std::string>& path) {
    bool isCore = !path.empty() && path[0] == "api";
    std::size_t at = isCore ? 2 : 3;
    if (path.size() <= at || (!isCore && path[0] != "apis")) return std::nullopt;
    Target target;
    target.groupVersion = isCore ? path[1] : path[1] + "/" + path[2];
    if (path[at] == "namespaces" && path.size() >= at + 3) {
        target.ns = path[at + 1];
        at += 2;
    }
    target.resource = isCore ? path[at] : path[at] + "." + path[1];
    if (path.size() > at + 1) target.name = path[at + 1];
    if (path.size() > at + 2) target.subresource = path[at + 2];
    return target;
}

ServerResponse RecordingApi::object(const RecordedResource& resource, const Target& target) {
    auto found = resource.objects().find(target.ns + "/" + target.name);
    if (found == resource.objects().end()) {
        return refuse(404, "NotFound", fmt::format("{} \"{}\" not found", target.resource, target.name));
    }
    std::string body;
    found->second.object->appendTo(body, found->second.version);
    return ServerResponse::json(200, std::move(body));
}

ServerResponse RecordingApi::list(RecordedResource& resource, const Target& target, const ServerRequest& request) {
    ListRequest wanted;
    wanted.resource = target.resource;
    wanted.ns = target.ns;
    wanted.version = cluster_->version;
    auto limit = number<std::size_t>(request, "limit");
    if (!limit || *limit > largestPage) return refuse(400, "BadRequest", "limit is not a number, or too large");
    wanted.limit = *limit;
    auto token = request.query("continue");
    if (token && !token->empty()) {
        if (!parseContinue(*token, wanted)) return refuse(400, "BadRequest", "continue key is not valid");
        if (wanted.version < resource.forgotten()) return refuse(410, "Expired", "the continue token is too old");
    }
    return streamed([cluster = cluster_, wanted](net::BodySink& sink) { return serveList(cluster, wanted, sink); });
}

ServerResponse RecordingApi::watch(const RecordedResource& resource, const Target& target,
                                   const ServerRequest& request) {
    WatchRequest wanted;
    wanted.resource = target.resource;
    wanted.ns = target.ns;
    wanted.bookmarks = flag(request, "allowWatchBookmarks");
    wanted.initialEvents = flag(request, "sendInitialEvents");
    auto after = number<std::uint64_t>(request, "resourceVersion");
    auto seconds = number<std::uint32_t>(request, "timeoutSeconds");
    if (!after || !seconds) return refuse(400, "BadRequest", "resourceVersion or timeoutSeconds is not a number");
    wanted.timeout = *seconds > 0 ? Duration(std::chrono::seconds(*seconds)) : Duration(defaultTimeout);
    bool fromAnywhere = *after == 0;
    wanted.initialEvents = wanted.initialEvents || fromAnywhere;
    wanted.after = *after;
    if (wanted.after > cluster_->version) return refuse(504, "Timeout", "Too large resource version");
    if (!wanted.initialEvents && wanted.after < resource.forgotten()) {
        return refuse(410, "Expired",
                      fmt::format("too old resource version: {} ({})", wanted.after, resource.forgotten()));
    }
    auto* clock = &clock_;
    return streamed(
        [cluster = cluster_, clock, wanted](net::BodySink& sink) { return serveWatch(cluster, *clock, wanted, sink); });
}

ServerResponse RecordingApi::scrape(const Target& target) {
    auto dot = target.resource.find('.');
    if (dot == target.resource.npos || !target.name.empty() || !target.ns.empty()) return notFound();
    auto source = target.resource.substr(dot + 1) + "/" + target.resource.substr(0, dot);
    auto found = cluster_->scrapes.find(source);
    return found == cluster_->scrapes.end() ? notFound() : ServerResponse::json(200, found->second);
}

}  // namespace klaw::recording
