#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "agent/mcp/tool.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/command_line.hpp"
#include "agent/operate/resource_kinds.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::mcp {
namespace {

using testing::HasSubstr;

std::string commandFor(std::string_view tool, const char* arguments) {
    auto command = commandOf(*findTool(tool), Json::parse(arguments));
    return command ? command->command : "refused: " + command.error().message;
}

std::string changeFor(const char* arguments) {
    auto command = changeOf(Json::parse(arguments), plannableVerbs());
    return command ? command->command : "refused: " + command.error().message;
}

TEST(McpTools, EachReadingVerbOfTheCatalogueHasOne) {
    std::set<std::string_view> asked;
    for (const auto& tool : tools()) asked.insert(tool.verb);
    for (const auto& verb : operate::catalogue()) {
        auto none = verbsWithoutTool();
        bool left = std::ranges::find(none, verb.name) != none.end();
        bool readsAlone = !verb.changes;
        bool listed = operate::findResourceKind(verb.name) != nullptr;
        if (readsAlone)
            EXPECT_TRUE(asked.contains(verb.name) || listed || left) << verb.name << " is asked for by no tool";
    }
}

TEST(McpTools, AskOnlyForWhatTheirVerbHas) {
    for (const auto& tool : tools()) {
        if (tool.kind != Tool::Kind::Read) continue;
        const auto* verb = operate::findVerb(tool.verb.empty() ? "pods" : tool.verb);
        ASSERT_TRUE(verb) << tool.name;
        auto has = operate::optionsOf(*verb);
        for (const auto& parameter : tool.parameters) {
            bool isOption = parameter.into == Parameter::Into::Option;
            auto name = parameter.option.empty() ? parameter.name : parameter.option;
            if (isOption) EXPECT_TRUE(std::ranges::find(has, name) != has.end()) << tool.name << " --" << name;
            if (isOption) EXPECT_EQ(operate::isFlag(name), parameter.type == Parameter::Type::Flag) << name;
        }
    }
}

TEST(McpTools, DescriptionsAreCompleteAndHintsExact) {
    std::set<std::string> names;
    std::size_t changing = 0;
    for (const auto& tool : tools()) {
        auto described = describe(tool, plannableVerbs());
        EXPECT_TRUE(names.insert(textAt(described, "name")).second);
        for (const auto* schema : {"inputSchema", "outputSchema"}) {
            EXPECT_EQ(textAt(described[schema], "type"), "object") << tool.name;
            EXPECT_EQ(described[schema]["additionalProperties"], Json(false)) << tool.name;
        }
        const auto& hints = described["annotations"];
        for (const auto* hint : {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"})
            EXPECT_TRUE(hints[hint].is_boolean()) << tool.name << " " << hint;
        changing += hints["destructiveHint"].get<bool>();
        for (const auto& [name, property] : described["inputSchema"]["properties"].items())
            EXPECT_TRUE(property.contains("description") || tool.kind == Tool::Kind::Plan) << tool.name << " " << name;
    }
    EXPECT_EQ(changing, 1u) << "one tool alone leads to changes";
}

TEST(McpTools, ArgumentsBecomeACommand) {
    EXPECT_EQ(commandFor("resources_list", R"({"kind":"pods","namespace":"shop","bad":true,"max_kib":4,"skip":20})"),
              "pods --namespace shop --bad --json");
    EXPECT_EQ(commandFor("logs_get", R"({"target":"deployment/web","namespace":"shop","grep":"time out"})"),
              "logs deployment/web --namespace shop --tail 100 --since 15m --grep 'time out' --json");
    EXPECT_EQ(commandFor("resource_get", R"({"kind":"pod","name":"web-0","namespace":"shop"})"),
              "describe pod web-0 --namespace shop --json");
    EXPECT_EQ(commandFor("rule_get", R"({"name":"PodOOMKilled","view":"explain"})"),
              "rules explain PodOOMKilled --json");
    EXPECT_EQ(commandFor("alert_deliveries_list", R"({"id":"3f9a"})"), "alerts deliveries 3f9a --json");
}

TEST(McpTools, ValueIsNeverAnOptionOrAnotherWord) {
    EXPECT_EQ(commandFor("resource_get", R"({"kind":"pod","name":"--yes"})"), "describe pod '--yes' --json");
    EXPECT_EQ(commandFor("resource_get", R"({"kind":"pod","name":"a b"})"), "describe pod 'a b' --json");
    EXPECT_THAT(commandFor("resource_get", R"({"kind":"pod","name":"a\nscale"})"), HasSubstr("refused: name"));
    EXPECT_THAT(commandFor("resource_get", R"({"kind":"pod","name":"a'\"b"})"), HasSubstr("refused: name"));
    EXPECT_THAT(commandFor("resource_get", R"({"kind":"pod","name":"a “b”"})"), HasSubstr("refused: name"));
    for (const auto* value : {"--yes", "-n kube-system", "x --yes"}) {
        Json arguments{{"verb", "restart"}, {"arguments", {value}}};
        auto change = changeOf(arguments, plannableVerbs());
        ASSERT_TRUE(change);
        auto line = operate::parseCommandLine(change->command);
        ASSERT_TRUE(line);
        EXPECT_EQ(line->arguments, std::vector<std::string>{value});
        EXPECT_TRUE(line->options.empty());
    }
}

TEST(McpTools, ArgumentsThatDoNotFitAreNamed) {
    EXPECT_EQ(commandFor("resources_list", "{}"), "refused: kind: it is missing");
    EXPECT_THAT(commandFor("resources_list", R"({"kind":"exec"})"), HasSubstr("refused: kind: it is one of pods"));
    EXPECT_EQ(commandFor("resources_list", R"({"kind":"pods","kubeconfig":"/x"})"),
              "refused: kubeconfig: there is no such argument");
    EXPECT_EQ(commandFor("logs_get", R"({"namespace":"shop","tail":0})"),
              "refused: tail: it is a whole number from 1 to 1000");
    EXPECT_EQ(commandFor("logs_get", R"({"namespace":"shop","tail":18446744073709551615})"),
              "refused: tail: it is a whole number from 1 to 1000");
    EXPECT_EQ(commandFor("resources_list", R"({"kind":"pods","bad":"yes"})"), "refused: bad: it is true or false");
    EXPECT_EQ(commandFor("resources_list", R"({"kind":"pods","max_kib":33})"),
              "refused: max_kib: it is a whole number from 1 to 32");
}

TEST(McpTools, ChangeIsOneCommandWithoutItsConfirmation) {
    EXPECT_EQ(changeFor(R"({"verb":"scale","arguments":["deployment/web","5"],"namespace":"shop"})"),
              "scale deployment/web 5 --namespace shop");
    EXPECT_EQ(changeFor(R"({"verb":"drain","arguments":["node-1"],"options":{"timeout":"2m","force":true}})"),
              "drain node-1 --timeout 2m --force");
    for (const auto* option : {"yes", "expect", "kept", "dry-run", "nonsense"}) {
        Json arguments{{"verb", "scale"}, {"options", Json{{option, "x"}}}};
        EXPECT_FALSE(changeOf(arguments, plannableVerbs())) << option;
    }
    EXPECT_THAT(changeFor(R"({"verb":"pods"})"), HasSubstr("refused: verb"));
    EXPECT_THAT(changeFor(R"({"verb":"scale","manifest":"kind: Pod"})"), HasSubstr("refused: manifest"));
}

TEST(McpTools, RightsAndClustersAreNotPlanned) {
    for (const auto* verb : {"grant", "revoke", "clusters", "rules", "approve", "refuse"})
        EXPECT_TRUE(std::ranges::find(plannableVerbs(), verb) == plannableVerbs().end()) << verb;
    for (const auto* verb : {"scale", "restart", "rollback", "delete", "drain", "apply", "silence"})
        EXPECT_TRUE(std::ranges::find(plannableVerbs(), verb) != plannableVerbs().end()) << verb;
}

}  // namespace
}  // namespace klaw::mcp
