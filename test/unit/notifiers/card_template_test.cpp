// docs/dingtalk-template.json is what people make the template from: it and the renderer must agree.
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "notifiers/dingtalk/card_template.hpp"
#include "test/unit/notifiers/notifier_test.hpp"

namespace klaw::notifiers::test {
namespace {

using Json = nlohmann::json;

Json described() {
    std::ifstream in(KLAW_SOURCE_DIR "/docs/dingtalk-template.json");
    return Json::parse(in);
}

std::set<std::string> namesIn(const Json& variables, const char* scope) {
    std::set<std::string> names;
    for (const auto& variable : variables)
        if (variable["scope"] == scope) names.insert(variable["name"]);
    return names;
}

TEST(DingTalkTemplate, DeclaresTheVariablesThatCardsHaveAndNoOther) {
    auto variables = described()["variables"];
    auto ours = dingtalk::ownTemplate("klaw.schema");
    std::set<std::string> hints;
    for (const auto& [name, value] : ours->hint("done")) hints.insert(name);
    EXPECT_EQ(namesIn(variables, "private"), hints);
    auto all = namesIn(variables, "public");
    all.insert(hints.begin(), hints.end());
    std::set<std::string> sample;
    const auto whole = described();
    for (const auto& [name, value] : whole["sample"].items()) sample.insert(name);
    EXPECT_EQ(sample, all);
    for (auto status : {CardStatus::Firing, CardStatus::Resolved, CardStatus::Digest, CardStatus::Test}) {
        std::set<std::string> rendered;
        for (const auto& [name, value] : ours->render(SafeCard(sampleCard(status, "zh")), {}, {}))
            rendered.insert(name);
        EXPECT_EQ(rendered, all) << toString(status);
    }
}

TEST(DingTalkTemplate, NamesTheValuesThatConditionsCanBeAbout) {
    const auto whole = described();
    for (const auto& variable : whole["variables"]) {
        if (!variable.contains("values")) continue;
        for (const std::string value : variable["values"]) {
            bool known = variable["name"] == "status" ? cardStatusFromString(value).has_value()
                                                      : rules::severityFromString(value).has_value();
            EXPECT_TRUE(known) << value;
        }
    }
}

TEST(DingTalkTemplate, DescribesTheButtonsThatCardsHave) {
    auto card = sampleCard(CardStatus::Firing, "en");
    for (auto& button : card.buttons)
        if (button.url.empty()) button.nonce = "n-" + button.verb;
    auto parameters = dingtalk::ownTemplate("klaw.schema")->render(SafeCard(card), {}, {});
    auto shape = described()["button"];
    auto allowed = [](const Json& list, const Json& value) {
        return std::find(list.begin(), list.end(), value) != list.end();
    };
    auto buttons = Json::parse(parameters["buttons"]);
    ASSERT_FALSE(buttons.empty());
    for (const auto& button : buttons) {
        for (const auto& [name, value] : button.items()) EXPECT_TRUE(shape.contains(name)) << name;
        EXPECT_TRUE(allowed(shape["color"], button["color"])) << button["color"];
        EXPECT_TRUE(allowed(shape["status"], button["status"]));
        EXPECT_TRUE(allowed(shape["event"]["type"], button["event"]["type"]));
    }
}

}  // namespace
}  // namespace klaw::notifiers::test
