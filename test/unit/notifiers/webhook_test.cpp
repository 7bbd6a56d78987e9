#include <nlohmann/json.hpp>

#include "notifiers/http_outcome.hpp"
#include "notifiers/webhook/sign.hpp"
#include "notifiers/webhook/webhook.hpp"
#include "test/unit/notifiers/notifier_test.hpp"

namespace klaw::notifiers::test {
namespace {

using fakes::Fault;
using webhook::Webhook;
using webhook::WebhookOptions;

TEST(WebhookSignature, CoversTimestampAndBody) {
    // printf '%s' '1700000000.{}' | openssl dgst -sha256 -hmac secret
    EXPECT_EQ(webhook::signature("secret", "1700000000", "{}"),
              "sha256=b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163");
}

TEST(RetryAfter, IsReadAsSecondsOrDateAndBounded) {
    auto read = [](std::string value) {
        net::HttpHeaders headers;
        headers.add("retry-after", std::move(value));
        return retryAfter(headers, sampleTime());
    };
    EXPECT_EQ(read("7"), Duration(7s));
    EXPECT_EQ(read("999999"), Duration(1h));
    EXPECT_EQ(read("Mon, 23 Nov 2026 10:00:30 GMT"), Duration(30s));
    EXPECT_EQ(read("Mon, 23 Nov 2026 09:00:00 GMT"), Duration(0s));
    for (const auto* odd : {"", "-1", "7s", "soon", "Mon, 23 Xxx 2026 10:00:30 GMT", "Mon, 99 Nov 2026 10:00:30 GMT"})
        EXPECT_EQ(read(odd), std::nullopt) << odd;
    EXPECT_EQ(retryAfter(net::HttpHeaders(), sampleTime()), std::nullopt);
}

class WebhookTest : public NotifierTest {
protected:
    WebhookTest() : fake_(startFake({})), webhook_(client, clock, options(fake_.url())) {}
    static WebhookOptions options(const std::string& url) {
        WebhookOptions options;
        options.url = url;
        return options;
    }

    fakes::FakePlatform& fake_;
    Webhook webhook_;
};

TEST_F(WebhookTest, PostsTheCardWithItsKey) {
    auto receipt = run(webhook_.send(sampleCard(CardStatus::Firing, "en"), SendContext("key-9")));
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->platformRef, "3f9a21c07be4d815");
    const auto& message = fake_.messages().at(0);
    EXPECT_EQ(message.key, "key-9");
    EXPECT_EQ(message.headers.get("X-Klaw-Timestamp"), "1795428000");
    EXPECT_EQ(message.headers.get("X-Klaw-Signature"), std::nullopt);
    auto body = nlohmann::json::parse(message.body);
    EXPECT_EQ(body["event"], "card.sent");
    auto card = cardFromJson(body["card"].dump());
    ASSERT_TRUE(card);
    EXPECT_EQ(card->title, "payments-api keeps crashing");
}

TEST_F(WebhookTest, PostsUpdatesUnderTheSameCardId) {
    ASSERT_TRUE(
        run(webhook_.update("3f9a21c07be4d815", sampleCard(CardStatus::Resolved, "en"), SendContext("key-10"))));
    auto body = nlohmann::json::parse(fake_.messages().at(0).body);
    EXPECT_EQ(body["event"], "card.updated");
    EXPECT_EQ(body["card"]["id"], "3f9a21c07be4d815");
}

TEST_F(WebhookTest, TakesAnySuccess) {
    for (int status : {200, 201, 202, 204}) {
        fake_.failNext(Fault::answer(status));
        EXPECT_TRUE(run(webhook_.send(smallCard(), SendContext("k")))) << status;
    }
}

TEST_F(WebhookTest, DecidesByStatus) {
    for (int status : {400, 401, 403, 404, 410, 413, 422, 301, 308}) {
        fake_.failNext(Fault::answer(status));
        EXPECT_EQ(run(webhook_.send(smallCard(), SendContext("k"))).error().retry.kind, Retry::Kind::Never) << status;
    }
    for (int status : {408, 429, 500, 502, 503, 504}) {
        fake_.failNext(Fault::answer(status));
        EXPECT_EQ(run(webhook_.send(smallCard(), SendContext("k"))).error().retry.kind, Retry::Kind::Later) << status;
    }
}

TEST_F(WebhookTest, ShowsWhatTheReceiverSaidWithoutSecrets) {
    fake_.failNext(Fault::answer(422, "bad token=abcdef1234\n\x1B[31m"));
    auto error = run(webhook_.send(smallCard(), SendContext("k"))).error();
    EXPECT_EQ(error.message, "HTTP 422: bad token=***");
}

}  // namespace
}  // namespace klaw::notifiers::test
