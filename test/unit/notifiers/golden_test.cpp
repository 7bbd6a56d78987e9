#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "notifiers/dingtalk/card_template.hpp"
#include "notifiers/dingtalk/render.hpp"
#include "notifiers/feishu/render.hpp"
#include "notifiers/terminal/render.hpp"
#include "notifiers/webhook/render.hpp"
#include "test/unit/notifiers/notifier_test.hpp"

namespace klaw::notifiers::test {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kRuler =
    "--------------------------------------------------------------------------------\n";

/// The message with its Markdown below, where a reviewer can read it.
std::string dingTalkForm(const SafeCard& card) {
    dingtalk::MessageFrame frame{"key-1", {}, {"klaw"}};
    if (card.status == CardStatus::Acknowledged) frame.mentions = {Mention(Mention::Kind::Mobile, "13800000000")};
    auto message = Json::parse(dingtalk::renderMessage(card, {}, frame));
    auto& content = message[message["msgtype"].get<std::string>()];
    auto text = content["text"].get<std::string>();
    content["text"] = "(below)";
    return message.dump(2) + "\n\n" + text + "\n";
}

std::string feishuForm(const SafeCard& card) {
    std::vector<Mention> mentions;
    if (card.status == CardStatus::Acknowledged) mentions = {Mention(Mention::Kind::UserId, "ou_1")};
    return feishu::renderCard(card, {}, mentions).dump(2) + "\n";
}

/// As the courier gives it to an application: each button has its nonce.
SafeCard withNonces(SafeCard card) {
    for (auto& button : card.buttons) button.nonce = "nonce-" + button.verb;
    return card;
}

std::string feishuAppForm(const SafeCard& card) {
    return feishu::renderCard(withNonces(card), {}, {}, feishu::Buttons::CallBack).dump(2) + "\n";
}

/// The variables of the template, lists and the Markdown where a reviewer can read them.
std::string dingTalkAppForm(const SafeCard& card) {
    auto parameters = dingtalk::ownTemplate("klaw.schema")->render(withNonces(card), {}, {});
    std::string text;
    for (const auto& [name, value] : parameters) {
        if (name == "body") continue;
        text += name + ": " + (name == "buttons" ? "\n" + Json::parse(value).dump(2) : value) + "\n";
    }
    return text + "\n" + parameters["body"] + "\n";
}

std::string webhookForm(const SafeCard& card) {
    return Json::parse(webhook::renderEvent("card.sent", card, {})).dump(2) + "\n";
}

std::string terminalForm(const SafeCard& card) {
    return terminal::renderCard(card, terminal::Screen());
}

struct GoldenCase {
    std::string platform;
    std::string (*render)(const SafeCard&);
    CardStatus status = CardStatus::Firing;
    std::string language;

    std::string file() const { return platform + "_" + std::string(toString(status)) + "_" + language + ".golden"; }
};

void PrintTo(const GoldenCase& golden, std::ostream* out) {
    *out << golden.file();
}

std::vector<GoldenCase> allCases() {
    std::vector<GoldenCase> cases;
    std::vector<GoldenCase> platforms{{"dingtalk", dingTalkForm, {}, {}},   {"feishu", feishuForm, {}, {}},
                                      {"feishuapp", feishuAppForm, {}, {}}, {"dingtalkapp", dingTalkAppForm, {}, {}},
                                      {"webhook", webhookForm, {}, {}},     {"terminal", terminalForm, {}, {}}};
    for (const auto& platform : platforms)
        for (auto status :
             {CardStatus::Firing, CardStatus::Acknowledged, CardStatus::Acting, CardStatus::Acted, CardStatus::Failed,
              CardStatus::Silenced, CardStatus::Resolved, CardStatus::Digest, CardStatus::Test})
            for (const auto* language : {"en", "zh"})
                cases.push_back({platform.platform, platform.render, status, language});
    return cases;
}

class CardGolden : public testing::TestWithParam<GoldenCase> {};

/// Each file holds a card as JSON, a ruler, and what the platform gets for it. KLAW_UPDATE_GOLDEN=1 rewrites the part
/// below the ruler and makes files that are missing.
TEST_P(CardGolden, IsRenderedAsReviewed) {
    const auto& golden = GetParam();
    auto path = std::filesystem::path(KLAW_SOURCE_DIR) / "test/golden/cards" / golden.file();
    std::ifstream in(path);
    std::stringstream buffer;
    buffer << in.rdbuf();
    auto text = buffer.str();
    auto ruler = text.find("\n" + std::string(kRuler));
    bool update = std::getenv("KLAW_UPDATE_GOLDEN") != nullptr;
    if (update && ruler == std::string::npos) {
        text = toPrettyJson(sampleCard(golden.status, golden.language));
        ruler = text.size();
    }
    ASSERT_NE(ruler, std::string::npos) << path << " is missing or has no ruler";
    auto card = cardFromJson(text.substr(0, ruler));
    ASSERT_TRUE(card) << card.error().describe();
    auto rendered = golden.render(SafeCard(*card));
    if (update)
        std::ofstream(path) << text.substr(0, ruler) << "\n" << kRuler << rendered;
    else
        EXPECT_EQ(text.substr(ruler + 1 + kRuler.size()), rendered);
}

INSTANTIATE_TEST_SUITE_P(Cards, CardGolden, testing::ValuesIn(allCases()), [](const auto& info) {
    auto name = info.param.file();
    return name.substr(0, name.find('.'));
});

}  // namespace
}  // namespace klaw::notifiers::test
