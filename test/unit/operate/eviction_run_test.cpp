#include "agent/operate/eviction_run.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace klaw::operate {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const TimePoint start = *parseRfc3339("2026-11-25T10:00:00Z");

EvictionRun runOf(std::vector<std::string> names) {
    Plan plan;
    for (const auto& name : names) {
        Plan part;
        part.ns = "shop";
        part.name = name;
        part.uid = "u-" + name;
        plan.parts.push_back(part);
    }
    return EvictionRun(plan);
}

std::string pods(const std::vector<std::string>& names, const std::string& ending = {}) {
    json list{{"items", json::array()}};
    for (const auto& name : names) {
        json pod{
            {"metadata", {{"namespace", "shop"}, {"name", name}, {"uid", "u-" + name}, {"labels", {{"app", "web"}}}}}};
        if (name == ending) pod["metadata"]["deletionTimestamp"] = "2026-11-25T10:00:00Z";
        list["items"].push_back(pod);
    }
    return list.dump();
}

std::string budgets(int allowed) {
    return json{{"items",
                 {{{"metadata", {{"namespace", "shop"}, {"name", "web"}}},
                   {"spec", {{"selector", {{"matchLabels", {{"app", "web"}}}}}}},
                   {"status", {{"disruptionsAllowed", allowed}}}}}}}
        .dump();
}

TEST(EvictionRun, TriesEachPodOnceAndWaitsUntilItIsGone) {
    auto run = runOf({"a", "b"});
    run.look(pods({"a", "b"}), budgets(2), start);
    EXPECT_THAT(run.due(start), ElementsAre(0, 1));
    run.answered(0, std::string("{}"), start);
    run.answered(1, std::string("{}"), start);
    EXPECT_THAT(run.due(start + 1h), IsEmpty());
    EXPECT_EQ(run.text(false), "0 of 2 Pods evicted; left: shop/a (is ending), shop/b (is ending)");
    run.look(pods({"b"}, "b"), budgets(2), start + 1s);
    EXPECT_EQ(run.text(true), "已驱逐 1/2 个 Pod；剩余：shop/b（正在退出）");
    run.look(pods({}), budgets(2), start + 2s);
    EXPECT_TRUE(run.ended() && run.good());
    EXPECT_EQ(run.takeSettled().size(), 2u);
    EXPECT_EQ(run.takeSettled().size(), 0u);
}

TEST(EvictionRun, ARefusalOfABudgetIsTriedAgainAsTheServerSaysAndRarelyWhileItAllowsNothing) {
    auto run = runOf({"a"});
    run.look(pods({"a"}), budgets(0), start);
    Error busy(ErrorCode::ResourceExhausted, "429 no");
    run.answered(0, fail(busy), start);
    EXPECT_THAT(run.due(start + 29s), IsEmpty());
    EXPECT_THAT(run.due(start + 30s), ElementsAre(0));
    run.look(pods({"a"}), budgets(1), start + 10s);
    EXPECT_THAT(run.due(start + 10s), ElementsAre(0));
    busy.retry = Retry::afterAtLeast(40s);
    run.answered(0, fail(busy), start + 10s);
    EXPECT_THAT(run.due(start + 49s), IsEmpty());
}

TEST(EvictionRun, APodOfTheSameNameIsAnotherOne) {
    auto run = runOf({"a"});
    auto list = json::parse(pods({"a"}));
    list["items"][0]["metadata"]["uid"] = "u-new";
    run.look(list.dump(), budgets(0), start);
    EXPECT_TRUE(run.good());
}

TEST(EvictionRun, AnEmptyListOfMetadataHasNull) {
    auto run = runOf({"a"});
    run.look(R"({"kind":"PartialObjectMetadataList","items":null})", budgets(0), start);
    EXPECT_TRUE(run.good());
}

TEST(EvictionRun, WhatCannotBeSeenIsNotGone) {
    auto run = runOf({"a"});
    for (const auto* text : {"", "{}", "[]", R"({"items":3})", "no JSON"}) run.look(text, budgets(0), start);
    EXPECT_EQ(run.gone(), 0u);
}

TEST(EvictionRun, ALostAnswerIsNeitherARefusalNorAnEviction) {
    auto run = runOf({"a"});
    run.answered(0, fail(ErrorCode::OutcomeUnknown, "no answer"), start);
    EXPECT_FALSE(run.ended());
    EXPECT_THAT(run.due(start + 4s), IsEmpty());
    EXPECT_THAT(run.due(start + 5s), ElementsAre(0));
    EXPECT_THAT(run.text(false), HasSubstr("shop/a (no answer)"));
}

}  // namespace
}  // namespace klaw::operate
