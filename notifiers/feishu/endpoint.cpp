#include "notifiers/feishu/endpoint.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/text/secrets.hpp"
#include "notifiers/http_outcome.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::notifiers::feishu {
namespace {

using Json = nlohmann::json;

/// Somebody must change something: asked again, but slowly.
constexpr Duration kAfterRefusal = 5min;
constexpr Duration kBootstrapTimeout = 15s;

std::string_view queryValue(std::string_view url, std::string_view name) {
    auto rest = url.substr(std::min(url.find('?'), url.size()));
    while (!rest.empty()) {
        rest.remove_prefix(1);
        auto field = rest.substr(0, rest.find('&'));
        auto equals = field.find('=');
        if (equals != field.npos && field.substr(0, equals) == name) return field.substr(equals + 1);
        rest.remove_prefix(field.size());
    }
    return {};
}

void take(const Json& json, const char* name, std::int64_t least, std::int64_t most, Duration& into) {
    auto found = json.find(name);
    if (found == json.end() || !found->is_number_integer()) return;
    into = std::chrono::seconds(std::clamp(found->get<std::int64_t>(), least, most));
}

Error refused(std::int64_t code, const std::string& msg, std::string_view place) {
    auto message = "code " + std::to_string(code) + ": " + oneLine(maskSecrets(msg));
    auto error = [&](ErrorCode kind, Retry retry, std::string remedy = {}) {
        return Error(kind, message, std::string(place), std::move(remedy)).withRetry(retry);
    };
    switch (code) {
        case 1:
        case 1000040343:
            return error(ErrorCode::Unavailable, Retry::later());
        case 1000040351:
            return error(ErrorCode::Unauthenticated, Retry::afterAtLeast(kAfterRefusal),
                         "the application belongs to the other brand: set `domain` to feishu or lark");
        default:
            return error(ErrorCode::Unauthenticated, Retry::afterAtLeast(kAfterRefusal),
                         "check the application's id and secret, and that it is a self-built one that is enabled");
    }
}

}  // namespace

void ConnectionConfig::apply(std::string_view text) {
    auto json = Json::parse(text, nullptr, false);
    if (!json.is_object()) return;
    take(json, "PingInterval", 5, 300, pingEvery);
    take(json, "ReconnectInterval", 1, 300, reconnectEvery);
    take(json, "ReconnectNonce", 0, 60, firstReconnectWithin);
}

Result<Endpoint> readEndpoint(const net::HttpResponse& response, std::string_view place) {
    auto unavailable = [&](std::string message) {
        return fail(Error(ErrorCode::Unavailable, std::move(message), std::string(place)).withRetry(Retry::later()));
    };
    if (response.status != 200) return unavailable("status " + std::to_string(response.status));
    auto json = Json::parse(response.body, nullptr, false);
    if (!json.is_object() || !json.contains("code") || !json["code"].is_number_integer())
        return unavailable("an answer that is not the platform's");
    auto msg = json.contains("msg") && json["msg"].is_string() ? json["msg"].get<std::string>() : std::string();
    if (auto code = json["code"].get<std::int64_t>(); code != 0) return fail(refused(code, msg, place));
    const auto& data = json.contains("data") ? json["data"] : json;
    auto url = data.is_object() ? data.find("URL") : data.end();
    if (!data.is_object() || url == data.end() || !url->is_string() || url->get<std::string>().empty())
        return unavailable("no address for the connection in the answer");
    Endpoint endpoint;
    endpoint.url = url->get<std::string>();
    endpoint.deviceId = queryValue(endpoint.url, "device_id");
    auto service = queryValue(endpoint.url, "service_id");
    std::from_chars(service.data(), service.data() + service.size(), endpoint.serviceId);
    if (data.contains("ClientConfig")) endpoint.config.apply(data["ClientConfig"].dump());
    return endpoint;
}

Task<Result<Endpoint>> askEndpoint(net::HttpClient& client, AppOptions app) {
    net::HttpRequest request("POST", app.url + "/callback/ws/endpoint");
    request.headers.add("Content-Type", "application/json");
    request.headers.add("locale", "zh");
    request.body = Json{{"AppID", app.id}, {"AppSecret", app.secret}}.dump();
    auto response = co_await client.send(std::move(request), kBootstrapTimeout);
    if (!response) {
        auto error = sendError(std::move(response.error()), app.name);
        error.retry = Retry::later();
        if (error.code == ErrorCode::OutcomeUnknown) error.code = ErrorCode::Unavailable;
        co_return fail(std::move(error));
    }
    response->body = withoutOwnSecrets(std::move(response->body), {}, app.secret);
    co_return readEndpoint(*response, app.name);
}

Error handshakeError(const net::HttpHeaders& headers, Error error) {
    auto status = headers.get("Handshake-Status").value_or(""),
         code = headers.get("Handshake-Autherrcode").value_or("");
    if (status.empty()) return error;
    error.message += ", the platform says " + std::string(status) + " " +
                     oneLine(headers.get("Handshake-Msg").value_or("")) + " " + std::string(code);
    error.retry = Retry::later();
    if (status == "514" && code == "1000040350") {
        error.code = ErrorCode::ResourceExhausted;
        error.retry = Retry::afterAtLeast(kAfterRefusal);
        error.remedy = "too many connections of this application are open: end other programs that use it";
    } else if (status == "403") {
        error.retry = Retry::afterAtLeast(kAfterRefusal);
        error.remedy = "the platform bans this application's connection: look into its console";
    }
    return error;
}

}  // namespace klaw::notifiers::feishu
