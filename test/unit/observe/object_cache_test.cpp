#include "agent/observe/object_cache.hpp"

#include <gmock/gmock.h>

#include "agent/observe/event_counts.hpp"
#include "agent/observe/namesakes.hpp"

namespace klaw::observe::test {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

constexpr const char* uid = "0123abcd-4567-89ab-cdef-0123456789ab";

PackedObject object(const std::string& name, const std::string& ns = "shop") {
    return *packJson(R"({"metadata":{"name":")" + name + R"(","namespace":")" + ns + R"("}})");
}

TEST(Uuid, IsReadAndWrittenBackUnchanged) {
    auto uuid = parseUuid(uid);
    ASSERT_TRUE(uuid);
    EXPECT_EQ(uuid->high, 0x0123abcd456789abu);
    EXPECT_EQ(uuid->low, 0xcdef0123456789abu);
    EXPECT_EQ(format(*uuid), uid);
}

TEST(Uuid, IsNoOtherFormSoThatEveryUidComesBackAsItWas) {
    for (const auto* text : {"", "u-1", "0123ABCD-4567-89ab-cdef-0123456789ab", "0123abcd45-67-89ab-cdef-0123456789ab",
                             "0123abcd-4567-89ab-cdef-0123456789a", "0123abcd-4567-89ab-cdef-0123456789abc",
                             "{123abcd-4567-89ab-cdef-0123456789ab", "0123abcd-4567-89ab-cdef-0123456789ag"})
        EXPECT_FALSE(parseUuid(text)) << text;
}

class ObjectCacheTest : public testing::TestWithParam<const char*> {
protected:
    std::vector<std::string> swept() {
        std::vector<std::string> names;
        cache.sweep([&](PackedObject gone) {
            names.emplace_back(gone.view()["metadata"]["name"].asString());
            EXPECT_TRUE(cache.find(names.back()).isMissing());
        });
        return names;
    }
    ObjectCache cache;
};

TEST_P(ObjectCacheTest, GivesTheStateBefore) {
    std::string key = GetParam();
    EXPECT_TRUE(cache.put(key, object("a").view()).empty());
    auto before = cache.put(key, object("b").view());
    EXPECT_EQ(before.view()["metadata"]["name"].asString(), "a");
    EXPECT_EQ(cache.find(key)["metadata"]["name"].asString(), "b");
    EXPECT_EQ(cache.size(), 1u);
    EXPECT_EQ(cache.erase(key).view()["metadata"]["name"].asString(), "b");
    EXPECT_TRUE(cache.erase(key).empty());
    EXPECT_EQ(cache.size(), 0u);
}

TEST_P(ObjectCacheTest, SweepsWhatTheListHasNotShown) {
    std::string key = GetParam();
    cache.put(key, object("a").view());
    cache.beginList();
    EXPECT_TRUE(cache.see("unknown").isMissing());
    EXPECT_FALSE(cache.see(key).isMissing());
    EXPECT_TRUE(swept().empty());
    cache.beginList();
    EXPECT_THAT(swept(), ElementsAre("a"));
    EXPECT_EQ(cache.size(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Uids, ObjectCacheTest, testing::Values(uid, "shop/a", ""), [](const auto& info) {
    return std::string(info.index == 0 ? "Uuid" : info.index == 1 ? "Text" : "Empty");
});

TEST(Namesakes, AreFoundAmongTheUnseenAndOnlyOnce) {
    ObjectCache cache;
    cache.put(uid, object("a").view());
    cache.put("u-b", object("b").view());
    cache.put("u-c", object("a", "other").view());
    cache.beginList();
    cache.see("u-b");
    Namesakes namesakes;
    EXPECT_EQ(namesakes.find(cache, "shop", "b"), std::nullopt);
    EXPECT_EQ(namesakes.find(cache, "shop", "a"), uid);
    EXPECT_EQ(namesakes.find(cache, "shop", "a"), std::nullopt);
    EXPECT_EQ(namesakes.find(cache, "other", "a"), "u-c");
    EXPECT_EQ(namesakes.find(cache, "", "shop/a"), std::nullopt);
}

TEST(EventCounts, RememberVersionAndCount) {
    EventCounts counts;
    EXPECT_FALSE(counts.see(uid, "7", 3).known);
    auto again = counts.see(uid, "7", 3);
    EXPECT_TRUE(again.known && again.unchanged);
    auto later = counts.see(uid, "8", 5);
    EXPECT_TRUE(later.known && !later.unchanged);
    EXPECT_EQ(later.count, 3u);
    counts.erase(uid);
    EXPECT_FALSE(counts.see(uid, "8", 5).known);
}

TEST(EventCounts, TellTextualUidsAndVersionsApart) {
    EventCounts counts;
    counts.see("a", "x", 1);
    EXPECT_FALSE(counts.see("b", "x", 1).known);
    EXPECT_FALSE(counts.see("a", "y", 1).unchanged);
    EXPECT_TRUE(counts.see("a", "y", 1).unchanged);
}

TEST(EventCounts, ForgetWhatAListHasNotShown) {
    EventCounts counts;
    counts.see("a", "1", 1);
    counts.see("b", "2", 1);
    counts.beginList();
    counts.see("b", "2", 1);
    counts.sweep();
    EXPECT_EQ(counts.size(), 1u);
    EXPECT_TRUE(counts.see("b", "2", 1).unchanged);
}

TEST(ObjectCache, CostsLittleBesideTheObjects) {
    ObjectCache cache;
    std::size_t objects = 0;
    for (std::uint64_t i = 0; i < 10'000; ++i) {
        auto one = object("pod-" + std::to_string(i));
        objects += one.bytes().size();
        cache.put(format(Uuid{i * 0x9E3779B97F4A7C15u, i}), one.view());
    }
    EXPECT_LT(cache.memoryBytes() - objects, 10'000u * 80);
}

}  // namespace
}  // namespace klaw::observe::test
