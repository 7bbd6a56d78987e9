#include "notifiers/account.hpp"

#include <gtest/gtest.h>

#include "base/async/loop_clock.hpp"

namespace klaw::notifiers {
namespace {

using Allowance = Account::Allowance;

class AccountTest : public testing::Test {
protected:
    void call(unsigned times) {
        for (unsigned i = 0; i < times; ++i) account.count();
    }
    Loop loop;
    FakeLoopClock clock{loop, *parseRfc3339("2026-11-30T15:00:00Z")};
    Account account{"app", clock};
};

TEST_F(AccountTest, CountsWithoutALimit) {
    call(1000);
    EXPECT_EQ(account.used(), 1000u);
    EXPECT_EQ(account.left(), std::nullopt);
    EXPECT_EQ(account.allowance(), Allowance::Plenty);
}

TEST_F(AccountTest, WarnsAtFourFifthsOfTheMonth) {
    account.limitMonth(50);
    call(39);
    EXPECT_EQ(account.allowance(), Allowance::Plenty);
    call(1);
    EXPECT_EQ(account.allowance(), Allowance::Scarce);
    call(10);
    EXPECT_EQ(account.allowance(), Allowance::Spent);
    call(5);
    EXPECT_EQ(account.left(), 0u);
    EXPECT_EQ(account.used(), 55u);
}

TEST_F(AccountTest, BeginsAnewAtMidnightInTheTimeOfThePlatforms) {
    account.limitMonth(10);
    call(10);
    clock.advance(59min);
    EXPECT_EQ(account.used(), 10u);
    clock.advance(1min);  // 2026-12-01 00:00 +08:00
    EXPECT_EQ(account.used(), 0u);
    EXPECT_EQ(account.allowance(), Allowance::Plenty);
    call(1);
    EXPECT_EQ(account.toText(), "2026-12 1");
}

TEST_F(AccountTest, TakesUpWhatWasStored) {
    call(12);
    Account again("app", clock);
    again.restore(account.toText());
    EXPECT_EQ(again.used(), 12u);
    again.count();
    EXPECT_EQ(again.toText(), "2026-11 13");
}

TEST_F(AccountTest, ForgetsWhatWasStoredInAnotherMonthOrIsDamaged) {
    for (const auto* text : {"2026-10 400", "", "2026-11", "2026-11 ", "2026-11 x", "2026-11 -1", "2026-11 1e3"}) {
        Account again("app", clock);
        again.restore(text);
        EXPECT_EQ(again.used(), 0u) << text;
    }
}

}  // namespace
}  // namespace klaw::notifiers
