#include <gtest/gtest.h>

#include "agent/scrape/api_server_source.hpp"
#include "agent/scrape/lease_source.hpp"

namespace klaw::scrape {
namespace {

using Leases = std::map<std::string, std::string>;
constexpr TimePoint start{1000h};

TEST(LeaseAges, CountFromWhenARenewalWasSeen) {
    LeaseAges ages;
    ages.seen({{"node-1", "07:00:00Z"}}, start);
    EXPECT_EQ(ages.seen({{"node-1", "07:00:00Z"}}, start + 40s)->at("node-1"), 40s);
    EXPECT_EQ(ages.seen({{"node-1", "07:00:42Z"}}, start + 50s)->at("node-1"), 0s);
    EXPECT_EQ(ages.seen({{"node-1", "07:00:42Z"}}, start + 85s)->at("node-1"), 35s);
}

TEST(LeaseAges, AreNotToldBeforeARenewalWouldHaveBeenSeen) {
    LeaseAges ages;
    EXPECT_FALSE(ages.seen({{"kube-scheduler", "a"}}, start)) << "zero would say that it has just been renewed";
    EXPECT_FALSE(ages.seen({{"kube-scheduler", "a"}}, start + 29s));
    EXPECT_EQ(ages.seen({{"kube-scheduler", "a"}}, start + 30s)->at("kube-scheduler"), 30s);
}

TEST(LeaseAges, DoNotTrustTheClocksOfThoseWhoRenew) {
    LeaseAges ages;
    ages.seen({{"late", "1999-01-01T00:00:00Z"}, {"early", "2099-01-01T00:00:00Z"}}, start);
    auto seen = ages.seen({{"late", "1999-01-01T00:00:10Z"}, {"early", "2099-01-01T00:00:10Z"}}, start + 30s);
    EXPECT_EQ(seen->at("late"), 0s);
    EXPECT_EQ(seen->at("early"), 0s);
}

TEST(LeaseAges, AreForgottenWithTheLease) {
    LeaseAges ages;
    ages.seen({{"node-1", "a"}}, start);
    EXPECT_TRUE(ages.seen({}, start + 1h)->empty());
    EXPECT_EQ(ages.seen({{"node-1", "a"}}, start + 2h)->at("node-1"), 0s);
}

TEST(SourceSilence, OfAKubeletIsAboutItsNode) {
    auto sample = silenceSample("prod", {"kubelet node-1 cadvisor", 90s});
    EXPECT_EQ(sample.value, 90);
    EXPECT_EQ(sample.labels, (rules::Labels{{"node", "node-1"}, {"source", "kubelet node-1 cadvisor"}}));
    EXPECT_EQ(sample.object, (rules::ObjectRef{"prod", "nodes", "Node", "", "node-1", ""}));
    EXPECT_EQ(silenceSample("prod", {"metrics.k8s.io/nodes", 0s}).object.name, "");
}

TEST(SourceSilence, OfAKubeletEndsWithItsNode) {
    std::vector<SourceSilence> all{{"kubelet node-1", 6min},
                                   {"kubelet node-1 cadvisor", 6min},
                                   {"kubelet node-2", 6min},
                                   {"metrics.k8s.io/nodes", 6min}};
    auto named = [](const std::vector<SourceSilence>& silences) {
        std::vector<std::string> names;
        for (const auto& silence : silences) names.push_back(silence.source);
        return names;
    };
    EXPECT_EQ(named(ofPresentNodes(all, {"node-2"})),
              (std::vector<std::string>{"kubelet node-2", "metrics.k8s.io/nodes"}));
    EXPECT_EQ(named(ofPresentNodes(all, {})).size(), 4u) << "nodes are not known yet";
}

}  // namespace
}  // namespace klaw::scrape
