#include "notifiers/dingtalk/card_template.hpp"

#include <nlohmann/json.hpp>

#include "notifiers/dingtalk/render.hpp"
#include "notifiers/words.hpp"

namespace klaw::notifiers::dingtalk {
namespace {

using Json = nlohmann::ordered_json;

/// Used by the platform's own client for cards whose buttons call back.
constexpr auto kPublicTemplate = "382e4302-551d-4880-bf29-a30acfab2e71.schema";
constexpr auto kFinished = "3";  ///< flowStatus of a card that is complete

std::string dumped(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string_view colourOf(CardButton::Style style) {
    if (style == CardButton::Style::Danger) return "red";
    return style == CardButton::Style::Primary ? "blue" : "gray";
}

class OwnTemplate final : public CardTemplate {
public:
    explicit OwnTemplate(std::string id) : id_(std::move(id)) {}
    const std::string& id() const override { return id_; }

    CardParameters render(const SafeCard& card, const std::vector<Notice>& notices,
                          const std::vector<Mention>& mentions) const override {
        auto outline = outlineOf(card, notices);
        return {{"title", summaryOf(card)},
                {"severity", std::string(rules::toString(card.severity))},
                {"status", std::string(toString(card.status))},
                {"status_text", outline.status},
                {"body", renderBody(card, notices, mentions, Footer::Apart)},
                {"buttons", buttonsOf(outline)},
                {"footer", outline.footer},
                {"hint", ""}};
    }
    CardParameters hint(const std::string& text) const override { return {{"hint", text}}; }

private:
    static std::string buttonsOf(const Outline& outline) {
        auto list = Json::array();
        for (const auto& action : outline.actions) {
            if (action.nonce.empty() && action.url.empty()) continue;
            Json event;
            if (!action.nonce.empty())
                event = Json{{"type", "sendCardRequest"},
                             {"params", {{"actionId", action.verb}, {"params", {{"n", action.nonce}}}}}};
            else
                event = Json{{"type", "openLink"}, {"params", {{"url", action.url}}}};
            list.push_back(Json{{"text", action.label},
                                {"color", colourOf(action.style)},
                                {"status", "normal"},
                                {"event", std::move(event)}});
        }
        return dumped(list);
    }

    std::string id_;
};

class PublicTemplate final : public CardTemplate {
public:
    const std::string& id() const override { return id_; }

    CardParameters render(const SafeCard& card, const std::vector<Notice>& notices,
                          const std::vector<Mention>& mentions) const override {
        auto outline = outlineOf(card, notices);
        Json full{{"order", {"msgTitle", "msgContent", "staticMsgContent", "msgButtons"}}};
        auto& list = full["msgButtons"] = Json::array();
        for (const auto& action : outline.actions) {
            if (!action.nonce.empty())
                list.push_back(Json{{"text", action.label},
                                    {"color", colourOf(action.style)},
                                    {"id", action.nonce},
                                    {"request", true}});
            else if (!action.url.empty())
                list.push_back(Json{{"text", action.label}, {"color", colourOf(action.style)}, {"url", action.url}});
        }
        return {{"flowStatus", kFinished},
                {"msgTitle", summaryOf(card)},
                {"msgContent", renderBody(card, notices, mentions, Footer::InText)},
                {"staticMsgContent", ""},
                {"sys_full_json_obj", dumped(full)}};
    }
    CardParameters hint(const std::string&) const override { return {}; }

private:
    std::string id_ = kPublicTemplate;
};

}  // namespace

std::unique_ptr<CardTemplate> ownTemplate(std::string id) {
    return std::make_unique<OwnTemplate>(std::move(id));
}

std::unique_ptr<CardTemplate> publicTemplate() {
    return std::make_unique<PublicTemplate>();
}

CardTemplates::CardTemplates(const std::string& own)
    : own_(own.empty() ? nullptr : ownTemplate(own)), public_(publicTemplate()) {}

std::string CardTemplates::trackId(std::string_view key, bool onPublic) const {
    return std::string(own_ && !onPublic ? kCard : kPublicCard) + std::string(key);
}

}  // namespace klaw::notifiers::dingtalk
