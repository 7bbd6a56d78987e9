#include "agent/operate/plan_outcome.hpp"

#include <gmock/gmock.h>

#include "agent/operate/planned_object.hpp"

namespace klaw::operate {
namespace {

using nlohmann::json;
using testing::HasSubstr;

json deployment(int replicas, const std::string& uid = "u1", int generation = 4) {
    return {{"metadata",
             {{"uid", uid},
              {"generation", generation},
              {"managedFields",
               {{{"manager", "kubectl-edit"}, {"time", "2026-11-24T10:00:00Z"}},
                {{"manager", "controller"}, {"time", "2026-11-24T10:00:30Z"}, {"subresource", "status"}}}}}},
            {"spec", {{"replicas", replicas}, {"template", {{"spec", {{"dnsPolicy", "ClusterFirst"}}}}}}}};
}

Plan scaling() {
    auto object = deployment(2);
    GuardedPatch patch(object);
    patch.set("/spec/replicas", 3);
    Plan plan;
    plan.kind = "Deployment";
    plan.ns = "shop";
    plan.name = "web";
    plan.path = plan.evidence = "/apis/apps/v1/namespaces/shop/deployments/web";
    plan.uid = "u1";
    plan.before = object.dump();
    patch.putInto(plan);
    return plan;
}

Result<std::string> seen(const json& object) {
    return object.dump();
}

TEST(GuardedPatch, IsTakenOnlyForTheObjectThatWasRead) {
    EXPECT_EQ(json::parse(scaling().request.body), json::parse(R"([{"op":"test","path":"/metadata/uid","value":"u1"},
                              {"op":"test","path":"/metadata/generation","value":4},
                              {"op":"add","path":"/spec/replicas","value":3}])"));
    EXPECT_EQ(scaling().request.contentType, "application/json-patch+json");
}

TEST(GuardedPatch, MakesRoomWhereAnObjectHasSomethingElse) {
    json object{{"metadata", {{"uid", "u1"}, {"annotations", "odd"}}}, {"spec", json::array({1})}};
    GuardedPatch patch(object);
    patch.set("/metadata/annotations/a", "b");
    patch.set("/spec/template/x", 1);
    Plan plan;
    patch.putInto(plan);
    EXPECT_EQ(json::parse(plan.request.body).back(),
              json::parse(R"({"op":"add","path":"/spec","value":{"template":{"x":1}}})"));
}

TEST(Plan, OfSeveralObjectsIsReadBackWithAllOfThem) {
    Plan whole;
    whole.cluster = "prod";
    whole.kind = "objects";
    whole.evictsFor = 90s;
    whole.parts = {scaling(), scaling()};
    whole.parts[1].permission = "access";
    whole.parts[1].appliedBefore = "2026-11-25T10:00:00Z";
    auto read = planFromJson(toJson(whole));
    ASSERT_TRUE(read) << read.error().describe();
    ASSERT_EQ(read->parts.size(), 2u);
    EXPECT_EQ(read->evictsFor, Duration(90s));
    EXPECT_EQ(read->parts[0].target(), "/shop/Deployment/web");
    EXPECT_EQ(read->parts[1].permission, "access");
    EXPECT_EQ(read->parts[1].appliedBefore, "2026-11-25T10:00:00Z");
    EXPECT_TRUE(isApplied(read->parts[0], seen(deployment(3))));
}

TEST(Plan, OfAnApplyIsDoneWhenKlawHasAppliedSince) {
    Plan plan;
    plan.request = {"PATCH", "/x", applyType, "{}"};
    plan.appliedBefore = "2026-11-25T10:00:00Z";
    auto applied = [](const std::string& at) {
        return seen({{"metadata", {{"managedFields", {{{"manager", "klaw"}, {"operation", "Apply"}, {"time", at}}}}}}});
    };
    EXPECT_FALSE(isApplied(plan, applied("2026-11-25T10:00:00Z")));
    EXPECT_TRUE(isApplied(plan, applied("2026-11-25T10:00:07Z")));
    EXPECT_FALSE(isApplied(plan, fail(ErrorCode::NotFound, "404")));
}

TEST(GuardedPatch, OfAnObjectWithoutGenerationIsBoundToItsResourceVersion) {
    json object{
        {"kind", "ConfigMap"}, {"metadata", {{"uid", "u2"}, {"resourceVersion", "17"}}}, {"data", {{"a", "1"}}}};
    GuardedPatch patch(object);
    patch.set("/data/a", "2");
    Plan plan;
    plan.uid = "u2";
    patch.putInto(plan);
    EXPECT_EQ(json::parse(plan.request.body)[1],
              json::parse(R"({"op":"test","path":"/metadata/resourceVersion","value":"17"})"));
    EXPECT_EQ(plan.expectation(), "u2@r17");
}

TEST(GuardedPatch, OfANodeIsBoundToTheValuesItTouches) {
    json object{{"kind", "Node"},
                {"metadata", {{"uid", "u3"}, {"resourceVersion", "17"}}},
                {"spec", {{"unschedulable", true}}}};
    GuardedPatch patch(object);
    patch.remove("/spec/unschedulable");
    Plan plan;
    patch.putInto(plan);
    EXPECT_EQ(json::parse(plan.request.body), json::parse(R"([{"op":"test","path":"/metadata/uid","value":"u3"},
                              {"op":"test","path":"/spec/unschedulable","value":true},
                              {"op":"remove","path":"/spec/unschedulable"}])"));
    auto other = object;
    other["metadata"]["resourceVersion"] = "18";
    EXPECT_EQ(stateOf(other, {"/spec/unschedulable"}), plan.state);
    other["spec"]["unschedulable"] = false;
    EXPECT_NE(stateOf(other, {"/spec/unschedulable"}), plan.state);
}

TEST(GuardedPatch, MakesTheObjectsAboveAValueWhereTheyAreMissing) {
    GuardedPatch patch(json{{"spec", {{"template", json::object()}}}});
    Plan plan;
    patch.set("/spec/template/metadata/annotations/a.io~1b", "1");
    patch.set("/spec/template/metadata/annotations/c", "2");
    patch.remove("/spec/missing");
    patch.putInto(plan);
    EXPECT_EQ(json::parse(plan.request.body),
              json::parse(R"([{"op":"add","path":"/spec/template/metadata","value":{"annotations":{"a.io/b":"1"}}},
                              {"op":"add","path":"/spec/template/metadata/annotations/c","value":"2"}])"));
}

TEST(LostAnswer, OfAPatchIsFoundInTheObject) {
    EXPECT_TRUE(isApplied(scaling(), seen(deployment(3))));
    EXPECT_FALSE(isApplied(scaling(), seen(deployment(2))));
    EXPECT_FALSE(isApplied(scaling(), seen(deployment(3, "another"))));
    EXPECT_FALSE(isApplied(scaling(), fail(ErrorCode::NotFound, "gone")));
}

TEST(LostAnswer, OfATemplateIsFoundAmongTheDefaultsThatTheServerAdds) {
    auto plan = scaling();
    plan.request.body = R"([{"op":"add","path":"/spec/template","value":{"spec":{"dnsPolicy":"ClusterFirst"}}}])";
    auto object = deployment(2);
    object["spec"]["template"]["spec"]["restartPolicy"] = "Always";
    EXPECT_TRUE(isApplied(plan, seen(object)));
}

TEST(LostAnswer, OfADeletionIsFoundInTheAbsenceOfTheObject) {
    auto plan = scaling();
    plan.request.method = "DELETE";
    EXPECT_TRUE(isApplied(plan, fail(ErrorCode::NotFound, "gone")));
    EXPECT_TRUE(isApplied(plan, seen(deployment(2, "another"))));
    auto leaving = deployment(2);
    leaving["metadata"]["deletionTimestamp"] = "2026-11-24T10:00:00Z";
    EXPECT_TRUE(isApplied(plan, seen(leaving)));
    EXPECT_FALSE(isApplied(plan, seen(deployment(2))));
}

TEST(LostAnswer, OfACreationIsFoundInTheExistenceOfTheObject) {
    auto plan = scaling();
    plan.request.method = "POST";
    EXPECT_TRUE(isApplied(plan, seen(json::object())));
    EXPECT_FALSE(isApplied(plan, fail(ErrorCode::NotFound, "no such Job")));
}

TEST(Expectation, IsAboutTheObjectAndItsSpecification) {
    auto now = *parseRfc3339("2026-11-24T10:05:00Z");
    EXPECT_TRUE(stillExpected(scaling(), "u1@4", now));
    EXPECT_TRUE(stillExpected(scaling(), "u1", now));
    EXPECT_THAT(stillExpected(scaling(), "u0@4", now).error().message, HasSubstr("is another one now"));
    EXPECT_EQ(stillExpected(scaling(), "u1@3", now).error().message,
              "Deployment shop/web was changed since by kubectl-edit 5m ago");
    EXPECT_FALSE(stillExpected(scaling(), "u1@", now));
    EXPECT_FALSE(stillExpected(scaling(), "", now));
}

TEST(Expectation, AfterAChangeIsAboutWhatItLeft) {
    EXPECT_EQ(expectationAfter(scaling(), deployment(3, "u1", 5).dump()), "u1@5");
    EXPECT_EQ(expectationAfter(scaling(), deployment(3, "another", 5).dump()), "");
    EXPECT_EQ(expectationAfter(scaling(), "no object"), "");
}

TEST(Plan, KeepsDigestsOfTheTextsItSets) {
    auto plan = scaling();
    plan.request.body = R"([{"op":"add","path":"/spec/template/spec/dnsPolicy","value":"hunter2"}])";
    auto kept = toJson(plan);
    EXPECT_EQ(kept.find("hunter2"), std::string::npos);
    auto again = planFromJson(kept);
    auto object = deployment(2);
    EXPECT_FALSE(isApplied(*again, seen(object)));
    object["spec"]["template"]["spec"]["dnsPolicy"] = "hunter2";
    EXPECT_TRUE(isApplied(*again, seen(object)));
}

TEST(Plan, IsKeptWhileItIsCarriedOut) {
    auto again = planFromJson(toJson(scaling()));
    ASSERT_TRUE(again);
    EXPECT_TRUE(isApplied(*again, seen(deployment(3))));
    EXPECT_FALSE(isApplied(*again, seen(deployment(2))));
    EXPECT_EQ(again->target(), scaling().target());
    EXPECT_EQ(again->expectation(), "u1@4");
    EXPECT_EQ(toJson(*again), toJson(scaling()));
    EXPECT_EQ(planFromJson("{}").error().code, ErrorCode::DataLoss);
}

}  // namespace
}  // namespace klaw::operate
