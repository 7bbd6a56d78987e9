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
    std::vector<Mention> mentions;
    if (card.status == CardStatus::Acknowledged) mentions = {Mention(Mention::Kind::UserId, "ou_1", "Li Lei")};
    return feishu::renderCard(withNonces(card), {}, mentions, feishu::Buttons::CallBack).dump(2) + "\n";
}

/// What is left when the platform refuses the drawing.
std::string feishuWithoutChartForm(const SafeCard& card) {
    return feishu::renderCard(withNonces(card), {}, {}, feishu::Buttons::CallBack, feishu::Charts::AsText).dump(2) +
           "\n";
}

/// What is left when the platform refuses the card.
std::string feishuTextForm(const SafeCard& card) {
    std::vector<Mention> mentions{Mention(Mention::Kind::UserId, "ou_1", "Li <Lei>")};
    return feishu::renderText(card, {{"Sent as text.", "", ""}}, mentions) + "\n";
}

/// The variables of the template, lists and the Markdown where a reviewer can read them.
std::string dingTalkAppForm(const SafeCard& card) {
    std::vector<Mention> mentions;
    if (card.status == CardStatus::Acknowledged) mentions = {Mention(Mention::Kind::UserId, "user01", "Li Lei")};
    auto parameters = dingtalk::ownTemplate("klaw.schema")->render(withNonces(card), {}, mentions);
    std::string text;
    for (const auto& [name, value] : parameters) {
        if (name == "body") continue;
        text += name + ": " + (name == "buttons" ? "\n" + Json::parse(value).dump(2) : value) + "\n";
    }
    return text + "\n" + parameters["body"] + "\n";
}

std::string dingTalkPublicForm(const SafeCard& card) {
    std::vector<Mention> mentions;
    if (card.status == CardStatus::Acknowledged) mentions = {Mention(Mention::Kind::UserId, "user01", "Li Lei")};
    auto parameters = dingtalk::publicTemplate()->render(withNonces(card), {}, mentions);
    std::string text;
    for (const auto& [name, value] : parameters) {
        if (name == "msgContent") continue;
        text += name + ": " + (name == "sys_full_json_obj" ? "\n" + Json::parse(value).dump(2) : value) + "\n";
    }
    return text + "\n" + parameters["msgContent"] + "\n";
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
    std::string sample;  ///< the name of a status, or "reply" and the kind of an answer
    std::string language;

    std::string file() const { return platform + "_" + sample + "_" + language + ".golden"; }
    Card card() const {
        constexpr std::string_view reply = "reply";
        if (sample.starts_with(reply)) return answerCard(sample.substr(reply.size()), language);
        return sampleCard(*cardStatusFromString(sample), language);
    }
};

void PrintTo(const GoldenCase& golden, std::ostream* out) {
    *out << golden.file();
}

std::vector<GoldenCase> allCases() {
    std::vector<GoldenCase> cases;
    auto add = [&](const char* platform, std::string (*render)(const SafeCard&), std::vector<std::string> samples) {
        for (const auto& sample : samples)
            for (const auto* language : {"en", "zh"}) cases.push_back({platform, render, sample, language});
    };
    const std::vector<std::string> states{"firing",   "acknowledged", "acting",    "acted",  "failed",
                                          "silenced", "resolved",     "continued", "digest", "test"};
    const std::vector<std::string> answers{"replytext", "replyrows", "replyconfirm", "replychooser", "replyfilter"};
    for (const auto* samples : {&states, &answers}) {
        add("dingtalk", dingTalkForm, *samples);
        add("feishu", feishuForm, *samples);
        add("feishuapp", feishuAppForm, *samples);
        add("dingtalkapp", dingTalkAppForm, *samples);
        add("dingtalkpublic", dingTalkPublicForm, *samples);
        add("terminal", terminalForm, *samples);
    }
    add("webhook", webhookForm, states);
    add("feishutext", feishuTextForm, {"firing", "resolved", "replyrows"});
    add("feishunochart", feishuWithoutChartForm, {"firing"});
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
        text = toPrettyJson(golden.card());
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
