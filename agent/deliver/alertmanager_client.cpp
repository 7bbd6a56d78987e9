#include "agent/deliver/alertmanager_client.hpp"

#include <simdjson.h>

#include <nlohmann/json.hpp>

#include "base/net/token_file.hpp"
#include "base/net/url.hpp"
#include "base/text/utf8.hpp"

namespace klaw::deliver {
namespace {

using Kind = rules::Matcher::Kind;

constexpr Duration timeout = 10s;
constexpr std::size_t maxReasonBytes = 300;

/// Alertmanager answers with a JSON string, and what stands before it with anything.
std::string reasonOf(const std::string& body) {
    auto json = nlohmann::json::parse(body, nullptr, false);
    return truncateUtf8(json.is_string() ? json.get<std::string>() : body, maxReasonBytes);
}

Error statusError(const net::HttpResponse& response, const std::string& url) {
    auto code = response.status == 400 || response.status == 422 ? ErrorCode::InvalidArgument : ErrorCode::Internal;
    auto reason = reasonOf(response.body);
    return Error(
        code, "it answers with HTTP status " + std::to_string(response.status) + (reason.empty() ? "" : ": ") + reason,
        net::shownUrl(url));
}

Error noAnswer(const std::string& url) {
    return Error(ErrorCode::Internal, "the answer is none of Alertmanager's", net::shownUrl(url),
                 "check the address: it must be that of an Alertmanager");
}

std::string textOf(const simdjson::dom::element& object, std::string_view pointer) {
    std::string_view text;
    return object.at_pointer(pointer).get(text) ? std::string() : std::string(text);
}

std::optional<RemoteSilence> silenceOf(const simdjson::dom::element& object) {
    RemoteSilence silence{textOf(object, "/id"), textOf(object, "/startsAt")};
    auto state = textOf(object, "/status/state");
    if (silence.id.empty() || (state != "active" && state != "pending")) return std::nullopt;
    return silence;
}

std::string bodyOf(const rules::Silence& silence, const std::optional<RemoteSilence>& known) {
    nlohmann::ordered_json body;
    if (known) body["id"] = known->id;
    body["matchers"] = nlohmann::ordered_json::array();
    for (const auto& matcher : silence.matchers)
        body["matchers"].push_back({{"name", matcher.label},
                                    {"value", matcher.value},
                                    {"isRegex", matcher.kind == Kind::Matches || matcher.kind == Kind::NotMatches},
                                    {"isEqual", matcher.kind == Kind::Equal || matcher.kind == Kind::Matches}});
    body["startsAt"] = known ? known->startsAt : formatRfc3339(silence.startsAt);
    body["endsAt"] = formatRfc3339(silence.endsAt);
    body["createdBy"] = silence.createdBy;
    body["comment"] = silence.comment;
    return body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

AlertmanagerClient::AlertmanagerClient(net::HttpClient& http, AlertmanagerTarget target)
    : http_(http), target_(std::move(target)) {
    while (target_.url.ends_with('/')) target_.url.pop_back();
}

Task<Result<net::HttpResponse>> AlertmanagerClient::call(std::string method, std::string path, std::string body) {
    auto token = target_.tokenFile.empty() ? Result<std::string>(target_.token) : net::readTokenFile(target_.tokenFile);
    if (!token) co_return fail(std::move(token).error());
    net::HttpRequest request(std::move(method), target_.url + "/api/v2" + path);
    request.headers.add("Accept", "application/json");
    if (!body.empty()) request.headers.add("Content-Type", "application/json");
    if (!token->empty()) request.headers.add("Authorization", "Bearer " + *token);
    request.body = std::move(body);
    co_return co_await http_.send(std::move(request), timeout);
}

Task<Result<std::optional<RemoteSilence>>> AlertmanagerClient::find(std::string id) {
    auto response = co_await call("GET", "/silence/" + net::percentEncode(id), "");
    if (!response) co_return fail(std::move(response).error());
    if (response->status == 404) co_return std::optional<RemoteSilence>();
    if (response->status != 200) co_return fail(statusError(*response, target_.url));
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (parser.parse(response->body).get(root) || !root.is_object()) co_return fail(noAnswer(target_.url));
    co_return silenceOf(root);
}

Task<Result<std::optional<RemoteSilence>>> AlertmanagerClient::findByComment(std::string ending) {
    auto response = co_await call("GET", "/silences", "");
    if (!response) co_return fail(std::move(response).error());
    if (response->status != 200) co_return fail(statusError(*response, target_.url));
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    simdjson::dom::array all;
    if (parser.parse(response->body).get(root) || root.get(all)) co_return fail(noAnswer(target_.url));
    for (auto one : all)
        if (auto silence = silenceOf(one); silence && textOf(one, "/comment").ends_with(ending)) co_return silence;
    co_return std::optional<RemoteSilence>();
}

Task<Result<std::string>> AlertmanagerClient::put(rules::Silence silence, std::optional<RemoteSilence> known) {
    auto response = co_await call("POST", "/silences", bodyOf(silence, known));
    if (!response) co_return fail(std::move(response).error());
    if (response->status != 200) co_return fail(statusError(*response, target_.url));
    auto answer = nlohmann::json::parse(response->body, nullptr, false);
    auto id = answer.is_object() ? answer.find("silenceID") : answer.end();
    if (id == answer.end() || !id->is_string()) co_return fail(noAnswer(target_.url));
    co_return id->get<std::string>();
}

Task<Result<void>> AlertmanagerClient::expire(std::string id) {
    auto response = co_await call("DELETE", "/silence/" + net::percentEncode(id), "");
    if (!response) co_return fail(std::move(response).error());
    if (response->status != 200) co_return fail(statusError(*response, target_.url));
    co_return Result<void>();
}

}  // namespace klaw::deliver
