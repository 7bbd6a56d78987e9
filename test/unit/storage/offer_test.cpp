#include <latch>
#include <thread>

#include "storage/reader.hpp"
#include "test/unit/storage/fixture.hpp"

namespace klaw::storage {
namespace {

using testing::at;
using testing::commit;
using testing::must;

class OfferTest : public testing::WithDatabase {
protected:
    void make(const std::string& nonce, TimePoint expiresAt) {
        UnitOfWork unit;
        unit.offers = {testing::restartOffer(nonce, expiresAt)};
        must(commit(writer, std::move(unit)));
    }
    Result<Offer> take(const std::string& nonce, const std::string& actor, TimePoint now) {
        UnitOfWork unit;
        unit.usedOffers = {{offerHash(nonce), actor, now}};
        if (auto used = commit(writer, std::move(unit)); !used) return fail(std::move(used).error());
        return must(Reader::open(location())).offer(nonce);
    }

    Writer writer{open()};
};

TEST_F(OfferTest, IsUsedUpByTheFirstPressAndNamesWhoWasFirst) {
    make("nonce", at(600));
    auto offer = must(take("nonce", "feishu:ou_1", at(10)));
    EXPECT_EQ(offer.verb, "restart");
    EXPECT_EQ(offer.target, R"({"uid":"u-1","resourceVersion":"7"})");
    EXPECT_EQ(offer.usedBy, "feishu:ou_1");
    EXPECT_EQ(offer.usedAt, at(10));
    auto again = take("nonce", "feishu:ou_2", at(11));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::Conflict);
    EXPECT_NE(again.error().message.find("feishu:ou_1 at 2023-11-14T22:13:30Z"), std::string::npos)
        << again.error().message;
}

TEST_F(OfferTest, GoesToExactlyOneOfTwoThreads) {
    for (int round = 0; round < 50; ++round) {
        auto nonce = "nonce" + std::to_string(round);
        make(nonce, at(600));
        std::latch start{2};
        std::optional<Result<Offer>> outcomes[2];
        auto press = [&](int who) {
            start.arrive_and_wait();
            outcomes[who] = take(nonce, "person " + std::to_string(who), at(10));
        };
        std::thread first(press, 0), second(press, 1);
        first.join();
        second.join();
        ASSERT_NE(outcomes[0]->has_value(), outcomes[1]->has_value()) << nonce;
        auto& loser = *outcomes[0] ? *outcomes[1] : *outcomes[0];
        EXPECT_EQ(loser.error().code, ErrorCode::Conflict);
    }
}

TEST_F(OfferTest, ThatWasForgedOrHasExpiredIsRefused) {
    make("nonce", at(600));
    auto forged = take("another", "feishu:ou_1", at(10));
    ASSERT_FALSE(forged);
    EXPECT_EQ(forged.error().code, ErrorCode::NotFound);
    auto late = take("nonce", "feishu:ou_1", at(600));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::Expired);
    EXPECT_TRUE(take("nonce", "feishu:ou_1", at(599)));  // neither used it up
    EXPECT_FALSE(writer.degraded());
}

TEST_F(OfferTest, IsKnownToTheDatabaseByItsHashAlone) {
    make("a-secret-nonce", at(600));
    auto reader = must(Reader::open(location()));
    EXPECT_EQ(must(reader.offer("a-secret-nonce")).nonceHash, offerHash("a-secret-nonce"));
    EXPECT_EQ(offerHash("nonce"), "78377b525757b494427f89014f97d79928f3938d14eb51e20fb5dec9834eb304");
}

TEST_F(OfferTest, MadeTwiceWithOneNonceIsAConflict) {
    make("nonce", at(600));
    UnitOfWork unit;
    unit.offers = {testing::restartOffer("nonce", at(9000))};
    auto again = commit(writer, std::move(unit));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::Conflict);
}

}  // namespace
}  // namespace klaw::storage
