#include "notifiers/webhook/webhook.hpp"

#include "notifiers/fit.hpp"
#include "notifiers/http_outcome.hpp"
#include "notifiers/webhook/render.hpp"
#include "notifiers/webhook/sign.hpp"

namespace klaw::notifiers::webhook {

Webhook::Webhook(net::HttpClient& client, const Clock& clock, WebhookOptions options)
    : client_(client), clock_(clock), options_(std::move(options)) {}

NotifierLimits Webhook::limits() const {
    NotifierLimits limits;
    limits.maxBytes = options_.maxBytes;
    limits.canUpdate = true;
    limits.hasIdempotencyKey = true;
    return limits;
}

Task<Result<Receipt>> Webhook::send(Card card, SendContext context) {
    co_return co_await post("card.sent", std::move(card), std::move(context));
}

Task<Result<Receipt>> Webhook::update(std::string, Card card, SendContext context) {
    co_return co_await post("card.updated", std::move(card), std::move(context));
}

Task<Result<Receipt>> Webhook::post(std::string event, Card card, SendContext context) {
    auto id = card.id;
    auto render = [&](const SafeCard& fitted, const std::vector<Notice>& notices) {
        return renderEvent(event, fitted, notices);
    };
    auto message = fitBody(SafeCard(std::move(card)), options_.maxBytes, {}, render);
    auto request = requestFor(std::move(message.body), context.idempotencyKey);
    auto response = co_await client_.send(std::move(request), options_.timeout);
    if (!response) co_return fail(sendError(std::move(response.error()), options_.name));
    response->body = withoutOwnSecrets(std::move(response->body), options_.url, options_.secret);
    if (response->status < 200 || response->status >= 300)
        co_return fail(statusError(*response, options_.name, clock_.now()));
    co_return Receipt(std::move(id), message.shortened ? "shortened" : "");
}

net::HttpRequest Webhook::requestFor(std::string body, const std::string& key) const {
    auto seconds = std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch().count();
    auto timestamp = std::to_string(seconds);
    net::HttpRequest request("POST", options_.url);
    request.headers.add("Content-Type", "application/json; charset=utf-8");
    request.headers.add("Idempotency-Key", key);
    request.headers.add("X-Klaw-Timestamp", timestamp);
    if (!options_.secret.empty()) request.headers.add("X-Klaw-Signature", signature(options_.secret, timestamp, body));
    request.body = std::move(body);
    return request;
}

}  // namespace klaw::notifiers::webhook
