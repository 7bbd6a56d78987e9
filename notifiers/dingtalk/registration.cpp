#include "notifiers/dingtalk/registration.hpp"

#include <nlohmann/json.hpp>

#include "base/text/json_fields.hpp"
#include "notifiers/dingtalk/stream_frame.hpp"
#include "notifiers/http_outcome.hpp"

namespace klaw::notifiers::dingtalk {
namespace {

using Json = nlohmann::json;

constexpr Duration kRegisterTimeout = 5s;

Json subscriptions() {
    auto list = Json::array();
    for (auto topic : {kChatTopic, kCardTopic}) list.push_back(Json{{"type", "CALLBACK"}, {"topic", topic}});
    return list;
}

}  // namespace

Task<Result<std::string>> registerStream(net::HttpClient& client, TimePoint now, AppOptions app) {
    net::HttpRequest request("POST", app.platform.api + "/v1.0/gateway/connections/open");
    request.headers.add("Content-Type", "application/json");
    request.headers.add("Accept", "application/json");
    Json body{{"clientId", app.id}, {"clientSecret", app.secret}, {"ua", "klaw-cpp/1"}};
    body["subscriptions"] = subscriptions();
    request.body = body.dump();
    auto response = co_await client.send(std::move(request), kRegisterTimeout);
    if (!response) {
        auto error = sendError(std::move(response.error()), app.name);
        if (error.code == ErrorCode::OutcomeUnknown) error.code = ErrorCode::Unavailable;
        co_return fail(std::move(error));
    }
    response->body = withoutOwnSecrets(std::move(response->body), {}, app.secret);
    auto answer = readApiAnswer(*response, app.name, now);
    if (answer.kind != Answer::Kind::Taken) co_return fail(std::move(answer.error));
    auto json = parsedJson(answer.body);
    auto endpoint = textAt(json, "endpoint"), ticket = textAt(json, "ticket");
    if (endpoint.empty() || ticket.empty())
        co_return fail(ErrorCode::Unavailable, "no address for the connection in the answer", app.name);
    co_return endpoint + "?ticket=" + net::percentEncode(ticket);
}

}  // namespace klaw::notifiers::dingtalk
