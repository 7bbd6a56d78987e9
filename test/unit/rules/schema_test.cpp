#include <gtest/gtest.h>

#include "rules/load/load_rules.hpp"

namespace klaw::rules {
namespace {

/// What is said of a rule with this resource and condition; "" of one that is loaded.
std::string saidOf(const std::string& resource, const std::string& when) {
    auto report =
        loadRules({{"r.yaml", "rules:\n- {alert: A, title: t, resource: " + resource + ", when: '" + when + "'}\n"}});
    return report.errors.empty() ? "" : report.errors.front().describe();
}

constexpr auto newer = "The fields are those of Kubernetes 1.36: read a newer one as ";

TEST(Schema, SuggestsTheFieldThatAMisspeltOneMeans) {
    EXPECT_EQ(saidOf("deployments", "object.spec.replcas > 3"),
              std::string("r.yaml:2:65: Deployment has no field spec.replcas (did you mean spec.replicas? ") + newer +
                  "dyn(object).spec.replcas)");
    EXPECT_EQ(saidOf("pods", "has(object.status.phse)"),
              std::string("r.yaml:2:47: Pod has no field status.phse (did you mean status.phase? ") + newer +
                  "dyn(object).status.phse)");
    EXPECT_EQ(saidOf("pods", "object.status.containerStatuses.exists(c, c.state.waitin.reason == \"x\")"),
              std::string("r.yaml:2:96: ContainerStatus has no field state.waitin (did you mean state.waiting? ") +
                  newer + "dyn(c).state.waitin)");
    EXPECT_EQ(saidOf("pods", "object.spec.containers[0].imag == \"x\""),
              std::string("r.yaml:2:72: Container has no field imag (did you mean image? ") + newer + "dyn(…).imag)");
}

struct Row {
    std::string_view resource, when, refusal;
};
void PrintTo(const Row& row, std::ostream* out) {
    *out << row.resource << ": " << row.when;
}

class SchemaTypes : public testing::TestWithParam<Row> {};

TEST_P(SchemaTypes, AreChecked) {
    auto said = saidOf(std::string(GetParam().resource), std::string(GetParam().when));
    if (GetParam().refusal.empty())
        EXPECT_EQ(said, "");
    else
        EXPECT_NE(said.find(GetParam().refusal), std::string::npos) << said;
}

INSTANTIATE_TEST_SUITE_P(
    Fields, SchemaTypes,
    testing::Values(
        Row{"pods", "object.spec.fooBarBaz == 1", "Pod has no field spec.fooBarBaz (The fields are those of"},
        Row{"pods", "object[\"spec\"][\"nodName\"] == \"n\"",
            "Pod has no field spec.nodName (did you mean spec.nodeName?"},
        Row{"pods", "object.?spec.?nodName.hasValue()", "did you mean spec.nodeName?"},
        Row{"pods", "object.spec.containers.all(c, c.ports.exists(p, p.hostport > 0))",
            "ContainerPort has no field hostport"},
        Row{"pods", "object.spec.containers.map(c, c.nam) == [\"a\"]", "Container has no field nam"},
        Row{"pods", "object.spec.containers.filter(c, c.name == \"a\")[0].imag == \"b\"",
            "Container has no field imag"},
        Row{"pods", "cel.bind(s, object.status, s.fase == \"x\")", "PodStatus has no field fase"},
        Row{"pods", "old.status.fase == \"x\"", "Pod has no field status.fase"},
        Row{"pods", "object.metadata.labels.anything == \"x\" && object.metadata.annotations[\"a/b\"] == \"c\"", ""},
        Row{"pods", "object.spec.containers.exists(c, c.resources.limits[\"memory\"] == \"1Gi\")", ""},
        Row{"pods", "object.spec.all(field, field != \"x\") && \"nodeName\" in object.spec && size(object.spec) > 2",
            ""},
        Row{"pods", "object.?spec.?nodeName.orValue(\"\") == \"\"", ""},
        Row{"pods", "dyn(object).spec.newField == 1 && has(dyn(object.status).newField)", ""},
        Row{"[deployments, statefulsets]", "object.spec.serviceName == \"x\" && object.status.replicas > 1", ""},
        Row{"[deployments, statefulsets]", "object.spec.nonsense == 1",
            "neither Deployment nor StatefulSet has a field spec.nonsense"},
        Row{"widgets.example.com", "object.spec.anything.at.all == 1 && object.metadata == \"x\"", ""},
        Row{"[pods, widgets.example.com]", "object.spec.anything == 1", ""}));

INSTANTIATE_TEST_SUITE_P(
    Types, SchemaTypes,
    testing::Values(
        Row{"deployments", "object.spec.replicas == \"3\"",
            "no matching overload for '_==_' applied to '(int, string)'"},
        Row{"pods", "object.metadata.name > 3", "no matching overload for '_>_' applied to '(string, int)'"},
        Row{"deployments", "size(object.spec.replicas) > 3", "no matching overload for 'size' applied to '(int)'"},
        Row{"pods", "object.spec.containers[\"web\"].image == \"x\"",
            "no matching overload for '_[_]' applied to '(list(Container), string)'"},
        Row{"pods", "object.metadata.labels[0] == \"x\"",
            "no matching overload for '_[_]' applied to '(map(string, string), int)'"},
        Row{"pods", "object.metadata.creationTimestamp < now", "applied to '(string, google.protobuf.Timestamp)'"},
        Row{"pods", "timestamp(object.metadata.creationTimestamp) < now", ""},
        Row{"pods", "object.spec.containers.exists(c, c.image)", "expected type 'bool' but found 'string'"},
        Row{"pods", "object.spec.hostNetwork && object.spec.nodeName",
            "no matching overload for '_&&_' applied to '(bool, string)'"},
        Row{"pods", "object.status.phase", "expected type 'bool' but found 'string'"},
        Row{"pods", "object.status.phase.reason == \"x\"", "type 'string' does not support field selection"},
        Row{"deployments", "object.spec.replicas.all(r, r > 1)", "cannot be range of a comprehension"},
        Row{"deployments",
            "object.spec.strategy.rollingUpdate.maxSurge == 1 || object.spec.strategy.rollingUpdate.maxSurge == "
            "\"25%\"",
            ""},
        Row{"deployments", "object.spec.replicas > 1.5 && object.spec != old.spec", ""}));

TEST(Schema, KnowsTheElementsOfEach) {
    auto report = loadRules({{"r.yaml",
                              "rules:\n- alert: A\n  resource: pods\n  each: object.status.conditions\n"
                              "  when: item.tpe == \"Ready\"\n  title: t\n"}});
    ASSERT_EQ(report.errors.size(), 1u);
    EXPECT_EQ(
        report.errors[0].describe(),
        std::string("r.yaml:5:13: PodCondition has no field tpe (did you mean type? ") + newer + "dyn(item).tpe)");
}

TEST(Schema, RefusesAnEachThatIsNoList) {
    auto report = loadRules(
        {{"r.yaml", "rules:\n- {alert: A, title: t, resource: pods, each: object.status.phase, when: 'true'}\n"}});
    ASSERT_EQ(report.errors.size(), 1u);
    EXPECT_EQ(report.errors[0].describe(), "r.yaml:2:46: each: expected a list, but found 'string'");
}

TEST(Schema, KnowsEventsAndTextsToo) {
    auto report =
        loadRules({{"r.yaml",
                    "rules:\n- alert: A\n  event: {reason: Failed}\n  threshold: '>= 1 in 5m'\n"
                    "  when: event.involvedObject.nam == \"x\"\n  title: t\n"
                    "- alert: B\n  resource: nodes\n  when: 'true'\n  title: \"a ${object.metadata.nme}\"\n"}});
    ASSERT_EQ(report.errors.size(), 2u);
    EXPECT_EQ(report.errors[0].describe(),
              std::string("r.yaml:5:29: Event has no field involvedObject.nam (did you mean involvedObject.name? ") +
                  newer + "dyn(event).involvedObject.nam)");
    EXPECT_EQ(report.errors[1].describe(),
              std::string("r.yaml:10:30: Node has no field metadata.nme (did you mean metadata.name? ") + newer +
                  "dyn(object).metadata.nme)");
}

}  // namespace
}  // namespace klaw::rules
