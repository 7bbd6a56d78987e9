#include <gtest/gtest.h>

#include "agent/scrape/lease_source.hpp"

namespace klaw::scrape {
namespace {

using Leases = std::map<std::string, std::string>;
constexpr TimePoint start{1000h};

TEST(LeaseAges, CountFromWhenARenewalWasSeen) {
    LeaseAges ages;
    EXPECT_EQ(ages.seen({{"node-1", "07:00:00Z"}}, start).at("node-1"), 0s);
    EXPECT_EQ(ages.seen({{"node-1", "07:00:00Z"}}, start + 10s).at("node-1"), 10s);
    EXPECT_EQ(ages.seen({{"node-1", "07:00:12Z"}}, start + 20s).at("node-1"), 0s);
    EXPECT_EQ(ages.seen({{"node-1", "07:00:12Z"}}, start + 55s).at("node-1"), 35s);
}

TEST(LeaseAges, DoNotTrustTheClocksOfThoseWhoRenew) {
    LeaseAges ages;
    ages.seen({{"late", "1999-01-01T00:00:00Z"}, {"early", "2099-01-01T00:00:00Z"}}, start);
    auto seen = ages.seen({{"late", "1999-01-01T00:00:10Z"}, {"early", "2099-01-01T00:00:10Z"}}, start + 10s);
    EXPECT_EQ(seen.at("late"), 0s);
    EXPECT_EQ(seen.at("early"), 0s);
}

TEST(LeaseAges, AreForgottenWithTheLease) {
    LeaseAges ages;
    ages.seen({{"node-1", "a"}}, start);
    EXPECT_TRUE(ages.seen({}, start + 1h).empty());
    EXPECT_EQ(ages.seen({{"node-1", "a"}}, start + 2h).at("node-1"), 0s);
}

}  // namespace
}  // namespace klaw::scrape
