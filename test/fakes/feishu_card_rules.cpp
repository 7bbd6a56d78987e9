#include <map>
#include <nlohmann/json.hpp>

#include "test/fakes/platform_rules.hpp"

namespace klaw::fakes {
namespace {

using Json = nlohmann::json;
using Names = std::set<std::string>;

/// The properties of each tag that Klaw may use, with those every component has.
const std::map<std::string, Names>& componentProperties() {
    static const std::map<std::string, Names> properties{
        {"plain_text", {"tag", "content", "i18n_content"}},
        {"text_tag", {"tag", "text", "color", "element_id"}},
        {"markdown", {"tag", "content", "text_size", "text_align", "icon", "element_id", "margin"}},
        {"hr", {"tag", "element_id", "margin"}},
        {"column_set",
         {"tag", "columns", "flex_mode", "background_style", "horizontal_spacing", "horizontal_align", "element_id",
          "margin"}},
        {"column",
         {"tag", "width", "weight", "elements", "background_style", "padding", "vertical_align", "vertical_spacing",
          "horizontal_spacing", "direction", "element_id", "margin"}},
        {"button",
         {"tag", "text", "type", "size", "width", "icon", "hover_tips", "disabled", "disabled_tips", "confirm",
          "behaviors", "name", "element_id", "margin"}},
        {"chart", {"tag", "element_id", "margin", "chart_spec", "aspect_ratio", "height", "color_theme", "preview"}},
        {"collapsible_panel",
         {"tag", "expanded", "header", "border", "elements", "padding", "background_color", "vertical_spacing",
          "element_id", "margin"}},
    };
    return properties;
}

const Names kRoot{"schema", "config", "card_link", "header", "body"};
const Names kConfig{"update_multi", "enable_forward", "enable_forward_interaction",
                    "width_mode",   "streaming_mode", "streaming_config",
                    "summary",      "locales",        "style"};
const Names kHeader{"title", "subtitle", "template", "text_tag_list", "icon", "padding"};
const Names kBody{"direction", "vertical_spacing", "horizontal_spacing", "padding", "elements"};
const Names kTemplates{"blue",    "wathet", "turquoise", "green",  "yellow", "orange", "red",
                       "carmine", "violet", "purple",    "indigo", "grey",   "default"};

class Checker {
public:
    explicit Checker(std::vector<std::string>& mentioned) : mentioned_(mentioned) {}

    std::string check(const Json& card) {
        known(card, kRoot, "card");
        if (card.value("schema", "") != "2.0") complain("schema is not 2.0");
        known(card.value("config", Json::object()), kConfig, "config");
        const auto& header = card.value("header", Json::object());
        known(header, kHeader, "header");
        if (!kTemplates.contains(header.value("template", "default"))) complain("header.template is unknown");
        if (header.value("text_tag_list", Json::array()).size() > 3) complain("more than 3 header tags");
        auto body = card.value("body", Json::object());
        known(body, kBody, "body");
        walk(header);
        walk(body);
        if (tags_ > 200) complain("more than 200 elements");
        return problem_;
    }

private:
    void complain(const std::string& what) {
        if (problem_.empty()) problem_ = what;
    }
    void known(const Json& object, const Names& names, const std::string& where) {
        if (!object.is_object()) return complain(where + " is no object");
        for (const auto& [name, value] : object.items())
            if (!names.contains(name)) complain("unknown property " + where + "." + name);
    }
    void walk(const Json& json) {
        if (json.is_object() && json.contains("tag")) component(json);
        for (const auto& child : json)
            if (child.is_structured()) walk(child);
    }
    void component(const Json& json) {
        ++tags_;
        auto tag = json["tag"].is_string() ? json["tag"].get<std::string>() : "";
        auto properties = componentProperties().find(tag);
        if (properties == componentProperties().end()) return complain("unknown tag " + tag);
        known(json, properties->second, tag);
        if (tag == "markdown") findMentions(json.value("content", ""));
        if (tag == "button") checkButton(json);
    }
    void checkButton(const Json& button) {
        for (const auto& behavior : button.value("behaviors", Json::array())) {
            auto type = behavior.value("type", "");
            if (type == "callback") complain("buttons of a custom bot cannot call back");
            if (type == "open_url" && behavior.value("default_url", "").empty()) complain("open_url without address");
        }
    }
    /// `<at id=x>`, `<at id='x'>`, `<at email=x>`.
    void findMentions(const std::string& text) {
        for (auto at = text.find("<at "); at != std::string::npos; at = text.find("<at ", at + 1)) {
            auto equals = text.find('=', at);
            auto end = text.find('>', at);
            if (equals == std::string::npos || end == std::string::npos || equals > end) continue;
            auto id = text.substr(equals + 1, end - equals - 1);
            std::erase_if(id, [](char c) { return c == '\'' || c == '"'; });
            mentioned_.push_back(id);
        }
    }

    std::vector<std::string>& mentioned_;
    std::string problem_;
    std::size_t tags_ = 0;
};

}  // namespace

std::string checkFeishuCard(const std::string& cardJson, std::vector<std::string>& mentioned) {
    auto card = Json::parse(cardJson, nullptr, false);
    if (!card.is_object()) return "the card is no object";
    return Checker(mentioned).check(card);
}

}  // namespace klaw::fakes
