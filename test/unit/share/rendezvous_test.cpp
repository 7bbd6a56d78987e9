#include "agent/share/rendezvous.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

namespace klaw::share {
namespace {

std::map<std::string, std::string> ownersAmong(const std::vector<std::string>& members) {
    std::map<std::string, std::string> owners;
    for (int i = 0; i < 200; ++i) {
        auto cluster = "cluster-" + std::to_string(i);
        owners[cluster] = ownerOf(cluster, members);
    }
    return owners;
}

TEST(Rendezvous, SpreadsClustersAboutEvenly) {
    std::map<std::string, int> counts;
    for (const auto& [cluster, owner] : ownersAmong({"a", "b", "c"})) ++counts[owner];
    ASSERT_EQ(counts.size(), 3u);
    for (const auto& [member, count] : counts) {
        EXPECT_GT(count, 45) << member;
        EXPECT_LT(count, 90) << member;
    }
}

TEST(Rendezvous, MovesOnlyWhatBelongedToTheOneThatIsGone) {
    auto before = ownersAmong({"a", "b", "c"}), after = ownersAmong({"a", "c"});
    for (const auto& [cluster, owner] : before)
        if (owner != "b") EXPECT_EQ(after[cluster], owner) << cluster;
    EXPECT_TRUE(std::ranges::none_of(after, [](const auto& each) { return each.second == "b"; }));
}

TEST(Rendezvous, GivesANewcomerAShareOfEach) {
    auto before = ownersAmong({"a", "b"}), after = ownersAmong({"a", "b", "c"});
    std::map<std::string, int> lost;
    for (const auto& [cluster, owner] : before)
        if (after[cluster] != owner) {
            EXPECT_EQ(after[cluster], "c");
            ++lost[owner];
        }
    EXPECT_GT(lost["a"], 10);
    EXPECT_GT(lost["b"], 10);
}

TEST(Rendezvous, AgreesInWhateverOrderTheMembersAreKnown) {
    EXPECT_EQ(ownersAmong({"a", "b", "c"}), ownersAmong({"c", "a", "b"}));
}

TEST(Rendezvous, GivesToNobodyWhereThereIsNobody) {
    EXPECT_EQ(ownerOf("main", {}), "");
}

}  // namespace
}  // namespace klaw::share
