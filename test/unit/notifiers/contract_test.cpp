#include <nlohmann/json.hpp>

#include "base/text/utf8.hpp"
#include "notifiers/dingtalk/robot.hpp"
#include "notifiers/feishu/bot.hpp"
#include "notifiers/webhook/webhook.hpp"
#include "test/unit/notifiers/notifier_test.hpp"

namespace klaw::notifiers::test {
namespace {

using fakes::Fault;
using fakes::Platform;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "SECtest";

/// What the contract needs to know of a notifier that posts to a fake.
struct PlatformCase {
    Platform platform;
    bool hasKey;
    std::size_t platformLimit;
};

/// Every notifier that sends over HTTP behaves the same where the courier looks.
class NotifierContract : public NotifierTest, public testing::WithParamInterface<PlatformCase> {
protected:
    NotifierContract() {
        fakes::PlatformOptions options;
        options.platform = GetParam().platform;
        options.secret = kSecret;
        fake_ = &startFake(options);
        notifier_ = make(fake_->url(), kSecret);
    }

    std::unique_ptr<Notifier> make(const std::string& url, const std::string& secret, Duration timeout = 5s,
                                   const Clock* other = nullptr) {
        const auto& time = other ? *other : static_cast<const Clock&>(clock);
        switch (GetParam().platform) {
            case Platform::DingTalk: {
                dingtalk::RobotOptions options{.name = "ops", .url = url, .secret = secret, .keywords = {}};
                options.timeout = timeout;
                return std::make_unique<dingtalk::Robot>(client, time, options);
            }
            case Platform::Feishu: {
                feishu::BotOptions options{.name = "ops", .url = url, .secret = secret, .keywords = {}};
                options.timeout = timeout;
                return std::make_unique<feishu::Bot>(client, time, random, options);
            }
            case Platform::Webhook:
                break;
        }
        webhook::WebhookOptions options{.name = "ops", .url = url, .secret = secret};
        options.timeout = timeout;
        return std::make_unique<webhook::Webhook>(client, time, options);
    }

    Result<Receipt> send(Card card, bool mayRepeat = false) {
        SendContext context("key-1");
        context.mayRepeat = mayRepeat;
        return run(notifier_->send(std::move(card), std::move(context)));
    }
    Result<Receipt> send() { return send(sampleCard(CardStatus::Firing, "en")); }

    void expectUnknownThenOneMessage(bool wasTaken) {
        auto lost = send();
        ASSERT_FALSE(lost);
        EXPECT_EQ(lost.error().code, ErrorCode::OutcomeUnknown) << lost.error().describe();
        EXPECT_EQ(lost.error().retry.kind, Retry::Kind::Later);
        fake_->release();
        auto again = send(sampleCard(CardStatus::Firing, "en"), true);
        ASSERT_TRUE(again) << again.error().describe();
        bool doubled = wasTaken && !GetParam().hasKey;
        EXPECT_EQ(fake_->taken(), doubled ? 2u : 1u);
        if (!GetParam().hasKey) EXPECT_THAT(fake_->messages().back().body, HasSubstr("may have been sent before"));
    }

    fakes::FakePlatform* fake_ = nullptr;
    std::unique_ptr<Notifier> notifier_;
};

TEST_P(NotifierContract, DeliversEveryStateInBothLanguages) {
    std::size_t sent = 0;
    for (auto status :
         {CardStatus::Firing, CardStatus::Acknowledged, CardStatus::Acting, CardStatus::Acted, CardStatus::Failed,
          CardStatus::Silenced, CardStatus::Resolved, CardStatus::Digest, CardStatus::Test})
        for (const auto* language : {"en", "zh"}) {
            SendContext context("key-" + std::to_string(++sent));
            auto receipt = run(notifier_->send(sampleCard(status, language), std::move(context)));
            ASSERT_TRUE(receipt) << receipt.error().describe();
            EXPECT_EQ(receipt->detail, "");
            EXPECT_EQ(fake_->taken(), sent);
            clock.advance(10s);
        }
}

TEST_P(NotifierContract, SaysWhatItIs) {
    EXPECT_EQ(notifier_->name(), "ops");
    EXPECT_EQ(notifier_->limits().hasIdempotencyKey, GetParam().hasKey);
    EXPECT_LE(notifier_->limits().maxBytes, GetParam().platformLimit);
}

TEST_P(NotifierContract, RefusesToUpdateUnlessItCan) {
    auto updated = run(notifier_->update("ref", smallCard(), SendContext("k")));
    EXPECT_EQ(updated.has_value(), notifier_->limits().canUpdate);
    if (updated) return;
    EXPECT_EQ(updated.error().code, ErrorCode::Unsupported);
    EXPECT_EQ(updated.error().retry.kind, Retry::Kind::Never);
}

TEST_P(NotifierContract, WaitsAsLongAsTooManyRequestsAsksFor) {
    fake_->failNext(Fault::answer(429, "", "7"));
    auto error = send().error();
    EXPECT_EQ(error.code, ErrorCode::ResourceExhausted);
    EXPECT_EQ(error.retry.kind, Retry::Kind::After);
    EXPECT_EQ(error.retry.after, 7s);
    EXPECT_TRUE(send());
}

TEST_P(NotifierContract, ReadsRetryAfterAsADate) {
    fake_->failNext(Fault::answer(503, "busy", "Mon, 23 Nov 2026 10:01:30 GMT"));
    auto error = send().error();
    EXPECT_EQ(error.code, ErrorCode::Unavailable);
    EXPECT_EQ(error.retry.kind, Retry::Kind::After);
    EXPECT_EQ(error.retry.after, 90s);
}

TEST_P(NotifierContract, TriesLaterAfterTooManyRequestsWithoutADelay) {
    fake_->failNext(Fault::answer(429));
    EXPECT_NE(send().error().retry.kind, Retry::Kind::Never);
}

TEST_P(NotifierContract, TriesLaterAfterAServerError) {
    for (int status : {500, 502, 503}) {
        fake_->failNext(Fault::answer(status, "<html>oops</html>"));
        auto error = send().error();
        EXPECT_EQ(error.code, ErrorCode::Unavailable) << status;
        EXPECT_EQ(error.retry.kind, Retry::Kind::Later) << status;
    }
    EXPECT_EQ(fake_->taken(), 0u);
    EXPECT_TRUE(send());
}

TEST_P(NotifierContract, GivesUpOnAnAddressThatIsNotThere) {
    fake_->failNext(Fault::answer(404, "no such page"));
    auto error = send().error();
    EXPECT_EQ(error.code, ErrorCode::NotFound);
    EXPECT_EQ(error.retry.kind, Retry::Kind::Never);
    EXPECT_FALSE(error.remedy.empty());
}

TEST_P(NotifierContract, DoesNotKnowTheOutcomeWhenTheConnectionBreaksAfterItWasTaken) {
    fake_->failNext(Fault::of(Fault::Kind::CutAfterTaking));
    expectUnknownThenOneMessage(true);
}

TEST_P(NotifierContract, DoesNotKnowTheOutcomeWhenTheConnectionBreaksBeforeItWasTaken) {
    fake_->failNext(Fault::of(Fault::Kind::CutBeforeTaking));
    expectUnknownThenOneMessage(false);
}

TEST_P(NotifierContract, DoesNotKnowTheOutcomeOfATimeoutAfterItWasTaken) {
    notifier_ = make(fake_->url(), kSecret, 100ms);
    fake_->failNext(Fault::of(Fault::Kind::HangAfterTaking));
    expectUnknownThenOneMessage(true);
}

TEST_P(NotifierContract, DoesNotKnowTheOutcomeOfATimeoutBeforeItWasTaken) {
    notifier_ = make(fake_->url(), kSecret, 100ms);
    fake_->failNext(Fault::of(Fault::Kind::HangBeforeTaking));
    expectUnknownThenOneMessage(false);
}

TEST_P(NotifierContract, GivesUpOnAWrongSignatureAndSaysWhatToDo) {
    notifier_ = make(fake_->url(), "SECwrong");
    auto error = send().error();
    EXPECT_EQ(error.retry.kind, Retry::Kind::Never);
    EXPECT_THAT(error.code, testing::AnyOf(ErrorCode::Unauthenticated, ErrorCode::PermissionDenied));
    EXPECT_THAT(error.remedy, AllOf(HasSubstr("secret"), HasSubstr("clock")));
    EXPECT_THAT(error.describe(), Not(HasSubstr("SECwrong")));
}

TEST_P(NotifierContract, GivesUpWhenTheSignatureIsMissing) {
    notifier_ = make(fake_->url(), "");
    EXPECT_EQ(send().error().retry.kind, Retry::Kind::Never);
    EXPECT_EQ(fake_->taken(), 0u);
}

TEST_P(NotifierContract, IsRefusedForGoodWithAClockThatIsHoursOffAndSaysSo) {
    struct Hasty final : Clock {
        explicit Hasty(const Clock& real) : right(real) {}
        TimePoint now() const override { return right.now() + 2h; }
        const Clock& right;
    } hasty(clock);
    notifier_ = make(fake_->url(), kSecret, 5s, &hasty);
    auto error = send().error();
    EXPECT_EQ(error.retry.kind, Retry::Kind::Never);
    EXPECT_THAT(error.remedy, HasSubstr("clock"));
    EXPECT_EQ(fake_->taken(), 0u);
}

TEST_P(NotifierContract, TellsNoSecretOfItsOwnWhateverGoesWrong) {
    auto url = fake_->url();
    auto token = url.substr(url.find_last_of("/=") + 1);
    auto echo = "Cannot POST " + url + " with secret " + kSecret;
    std::vector<Fault> faults{Fault::code(GetParam().platform, 310000, echo),
                              Fault::code(GetParam().platform, 19021, echo),
                              Fault::code(GetParam().platform, 987654, std::string(170, 'x') + echo),
                              Fault::answer(200, echo),
                              Fault::answer(302, echo),
                              Fault::answer(404, echo),
                              Fault::answer(500, std::string(180, 'x') + token),
                              Fault::answer(502, std::string(590, 'x') + token),
                              Fault::of(Fault::Kind::CutBeforeTaking)};
    for (const auto& fault : faults) {
        fake_->failNext(fault);
        auto receipt = send(smallCard());
        if (receipt) continue;  // a webhook takes any 2xx
        auto told = receipt.error().describe();
        EXPECT_THAT(told, AllOf(Not(HasSubstr(kSecret)), Not(HasSubstr("fake-"))));
        EXPECT_EQ(receipt.error().place, "ops");
    }
}

TEST_P(NotifierContract, SignsEveryTryAnew) {
    ASSERT_TRUE(send());
    clock.advance(2h);
    EXPECT_TRUE(run(notifier_->send(smallCard(), SendContext("key-2"))));
}

TEST_P(NotifierContract, ShortensAMegabyteOfTextAndSaysWhereTheRestIs) {
    auto card = sampleCard(CardStatus::Firing, "zh");
    std::string line;
    while (line.size() < (1u << 20)) line += "日志 \"quoted\" <tag> \\ 反复崩溃 ";
    card.sections[1].lines.insert(card.sections[1].lines.begin(), line);
    card.sections[1].lines.insert(card.sections[1].lines.begin(), 20'000, "one of many lines 很多行");
    card.restCommand = "logs pod payments-api-6d9f-2xk8p -n payments";
    auto receipt = send(std::move(card));
    ASSERT_TRUE(receipt) << receipt.error().describe();
    const auto& body = fake_->messages().at(0).body;
    EXPECT_LE(body.size(), notifier_->limits().maxBytes);
    EXPECT_TRUE(isValidUtf8(body));
    EXPECT_THAT(body, HasSubstr("password=***"));  // the newest lines are the ones that stay
    EXPECT_EQ(receipt->detail, "shortened");
    auto room = std::min<std::size_t>(notifier_->limits().maxBytes, 64u << 10);
    EXPECT_GT(body.size(), room * 9 / 10);
    EXPECT_THAT(body, HasSubstr("klaw do \\\"logs pod payments-api-6d9f-2xk8p -n payments\\\""));
}

TEST_P(NotifierContract, ShortensWhateverElseIsTooLong) {
    auto card = sampleCard(CardStatus::Acknowledged, "en");
    std::string huge(3'000, '<');
    for (int i = 0; i < 60; ++i) {
        card.facts.push_back({"fact" + huge, huge});
        card.affected.push_back({"pod" + huge, huge, sampleTime()});
        card.footer.notes.push_back(huge);
        card.links.push_back({huge, "https://example.com/" + huge});
    }
    card.title = card.subtitle = huge;
    auto receipt = send(std::move(card));
    ASSERT_TRUE(receipt) << receipt.error().describe();
    EXPECT_LE(fake_->messages().at(0).body.size(), notifier_->limits().maxBytes);
}

TEST_P(NotifierContract, SendsInvalidUtf8AsValidJson) {
    auto card = sampleCard(CardStatus::Firing, "en");
    card.title =
        "a\xFF\xC0\xAF"
        "b";
    card.sections[1].lines = {"\xED\xA0\x80 \xF0\x9F log", std::string("nul \0 byte", 10)};
    ASSERT_TRUE(send(std::move(card)));
    const auto& body = fake_->messages().at(0).body;
    EXPECT_TRUE(isValidUtf8(body));
    EXPECT_TRUE(nlohmann::json::accept(body));
}

TEST_P(NotifierContract, SendsNoSecretFromTheClusterAndNoNonce) {
    ASSERT_TRUE(send());
    const auto& body = fake_->messages().at(0).body;
    for (const auto* secret : {"hunter2", "eyJhbGci", "s3cret", "nonce-1"}) EXPECT_THAT(body, Not(HasSubstr(secret)));
}

TEST_P(NotifierContract, KnowsThatNothingWasSentWhenTheConnectionIsRefused) {
    auto url = fake_->url();
    auto port = url.find(':', 7);
    notifier_ = make(url.replace(port, url.find('/', port) - port, ":1"), kSecret);
    auto error = send().error();
    EXPECT_EQ(error.code, ErrorCode::Unavailable);
    EXPECT_EQ(error.retry.kind, Retry::Kind::Later);
    EXPECT_EQ(error.place, "ops");
    EXPECT_THAT(error.describe(), AllOf(Not(HasSubstr("fake-token")), Not(HasSubstr("fake-hook"))));
}

INSTANTIATE_TEST_SUITE_P(Platforms, NotifierContract,
                         testing::Values(PlatformCase{Platform::DingTalk, true, 20'000},
                                         PlatformCase{Platform::Feishu, false, 20'480},
                                         PlatformCase{Platform::Webhook, true, 1u << 20}),
                         [](const auto& info) { return std::string(fakes::toString(info.param.platform)); });

}  // namespace
}  // namespace klaw::notifiers::test
