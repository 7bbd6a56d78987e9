#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/net/http_client.hpp"
#include "notifiers/notifier.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::notifiers::webhook {

struct WebhookOptions {
    std::string name = "webhook";
    std::string url;     ///< may hold a token: a secret
    std::string secret;  ///< of the signature; empty: unsigned
    std::size_t maxBytes = 1u << 20;
    Duration timeout = 10s;
};

/// Posts cards as JSON to an address of the user's. Headers: `Idempotency-Key` (the same for every try),
/// `X-Klaw-Timestamp` (unix seconds, of this try) and `X-Klaw-Signature` (see webhook::signature). Any 2xx is success,
/// whatever the body; 429 and 503 are tried again no sooner than Retry-After says, other 5xx and 408 later, everything
/// else is permanent. An update is a post of its own with event "card.updated" and the same card id.
class Webhook final : public Notifier {
public:
    /// `client` and `clock` outlive the webhook.
    Webhook(net::HttpClient& client, const Clock& clock, WebhookOptions options);

    std::string_view name() const override { return options_.name; }
    std::string_view kind() const override { return "webhook"; }
    NotifierLimits limits() const override;
    Task<Result<Receipt>> send(Card card, SendContext context) override;
    Task<Result<Receipt>> update(std::string platformRef, Card card, SendContext context) override;

private:
    Task<Result<Receipt>> post(std::string event, Card card, SendContext context);
    net::HttpRequest requestFor(std::string body, const std::string& key) const;

    net::HttpClient& client_;
    const Clock& clock_;
    WebhookOptions options_;
};

}  // namespace klaw::notifiers::webhook
