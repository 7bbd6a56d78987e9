#include "notifiers/feishu/render.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>

#include "notifiers/feishu/escape.hpp"
#include "notifiers/words.hpp"

namespace klaw::notifiers::feishu {
namespace {

using Json = nlohmann::ordered_json;

/// Sections with more lines than this are folded.
constexpr std::size_t kOpenLines = 8;

Json plainText(std::string_view text) {
    return Json{{"tag", "plain_text"}, {"content", text}};
}

Json markdown(std::string content) {
    return Json{{"tag", "markdown"}, {"content", std::move(content)}};
}

Json tag(std::string_view text, std::string_view colour) {
    return Json{{"tag", "text_tag"}, {"text", plainText(text)}, {"color", colour}};
}

std::string_view severityColour(rules::Severity severity) {
    if (severity == rules::Severity::Critical) return "red";
    return severity == rules::Severity::Warning ? "orange" : "blue";
}

std::string_view headerColour(const Card& card) {
    switch (card.status) {
        case CardStatus::Acknowledged:
        case CardStatus::Acted:
            return "yellow";
        case CardStatus::Acting:
            return "blue";
        case CardStatus::Silenced:
        case CardStatus::Continued:
            return "grey";
        case CardStatus::Resolved:
            return "green";
        case CardStatus::Test:
            return "blue";
        case CardStatus::Reply:
            return card.severity == rules::Severity::Info ? "blue" : "orange";
        case CardStatus::Firing:
        case CardStatus::Failed:
        case CardStatus::Digest:
            break;
    }
    return severityColour(card.severity);
}

Json header(const Card& card, const Outline& outline) {
    Json head{{"template", headerColour(card)}, {"title", plainText(outline.title)}};
    if (!outline.subtitle.empty()) head["subtitle"] = plainText(outline.subtitle);
    if (card.status != CardStatus::Reply)
        head["text_tag_list"] = Json::array(
            {tag(outline.severity, severityColour(card.severity)), tag(outline.status, headerColour(card))});
    return head;
}

std::string bold(std::string_view text) {
    return "**" + escapeMarkdown(text) + "**";
}

void addFacts(Json& elements, const Outline& outline, const Words& words) {
    std::string lines;
    for (const auto& fact : outline.facts) {
        if (!lines.empty()) lines += '\n';
        lines += bold(fact.name) + std::string(words.colon) + escapeMarkdown(fact.value);
    }
    if (!lines.empty()) elements.push_back(markdown(std::move(lines)));
}

/// A VChart specification: the values, and the threshold from end to end.
/// https://www.visactor.io/vchart/option/lineChart
Json chartSpec(const Card& card, const Words& words) {
    const auto& chart = *card.chart;
    auto points = Json::array();
    auto steps = std::max<std::size_t>(chart.values.size(), 2) - 1;
    auto timeOf = [&](std::size_t step) {
        auto at =
            chart.from + (chart.to - chart.from) * static_cast<std::int64_t>(step) / static_cast<std::int64_t>(steps);
        return localTime(at, card.utcOffsetMinutes).substr(11, 8);
    };
    auto add = [&](std::size_t step, double value, std::string_view series) {
        points.push_back(Json{{"t", timeOf(step)}, {"v", std::round(value * 1000) / 1000}, {"s", series}});
    };
    auto usage = chart.title + (chart.unit.empty() ? "" : " (" + chart.unit + ")");
    for (std::size_t i = 0; i < chart.values.size(); ++i) add(i, chart.values[i], usage);
    add(0, chart.bound, words.threshold);
    add(steps, chart.bound, words.threshold);
    return Json{{"type", "line"},     {"data", {{"values", std::move(points)}}}, {"xField", "t"}, {"yField", "v"},
                {"seriesField", "s"}, {"legends", {{"visible", true}}}};
}

void addChart(Json& elements, const Card& card, const Outline& outline, const Words& words, Charts charts) {
    if (!outline.chart) return;
    auto text = bold(outline.chart->title);
    bool drawn = charts == Charts::Drawn && card.chart->values.size() > 1;
    if (!drawn) text += "\n" + escapeMarkdown(outline.chart->blocks);
    elements.push_back(markdown(text + "\n" + escapeMarkdown(outline.chart->labels)));
    if (drawn)
        elements.push_back(Json{{"tag", "chart"}, {"aspect_ratio", "16:9"}, {"chart_spec", chartSpec(card, words)}});
}

/// Each row on two lines, as a phone has no room for columns.
std::string rowsText(const CardSection& section) {
    std::string lines;
    for (std::size_t i = 0; i < section.lines.size(); ++i)
        lines += i % 2 == 0 ? bold(section.lines[i]) + "\n" : escapeMarkdown(section.lines[i]) + "\n";
    return lines;
}

/// The text of an answer stands open.
void addAnswer(Json& elements, const CardSection& section) {
    std::string lines;
    if (section.kind == CardSection::Kind::Rows)
        lines = rowsText(section);
    else
        for (const auto& line : section.lines)
            lines +=
                section.kind == CardSection::Kind::Code ? escapeCodeLine(line) + "\n" : escapeMarkdown(line) + "\n";
    if (lines.empty()) return;
    elements.push_back(markdown(section.kind == CardSection::Kind::Code ? "```\n" + lines + "```" : lines));
}

void addAffected(Json& elements, const Outline& outline) {
    if (outline.affected.empty()) return;
    auto lines = bold(outline.affectedHeading);
    for (const auto& item : outline.affected)
        lines += "\n- " + inlineCode(item.name) + (item.detail.empty() ? "" : " " + escapeMarkdown(item.detail));
    if (!outline.more.empty()) lines += "\n- " + escapeMarkdown(outline.more);
    elements.push_back(markdown(std::move(lines)));
}

void addSection(Json& elements, const CardSection& section) {
    bool code = section.kind == CardSection::Kind::Code;
    std::string lines;
    for (const auto& line : section.lines)
        lines += code ? escapeCodeLine(line) + "\n" : "- " + escapeMarkdown(line) + "\n";
    if (section.kind == CardSection::Kind::Rows) lines = rowsText(section);
    if (lines.empty()) return;
    code ? void(lines = "```\n" + lines + "```") : lines.pop_back();
    Json panel{{"tag", "collapsible_panel"}, {"expanded", section.lines.size() <= kOpenLines}};
    panel["header"] = Json{{"title", plainText(section.heading)}};
    panel["elements"] = Json::array({markdown(std::move(lines))});
    elements.push_back(std::move(panel));
}

/// What comes back with a press: nothing in it is a permission.
Json callback(const OutlineAction& action) {
    return Json{{"type", "callback"}, {"value", {{"v", 1}, {"verb", action.verb}, {"n", action.nonce}}}};
}

Json button(const OutlineAction& action, Buttons buttons) {
    bool callsBack = buttons == Buttons::CallBack && !action.nonce.empty();
    auto style = action.style == CardButton::Style::Primary  ? "primary"
                 : action.style == CardButton::Style::Danger ? "danger"
                                                             : "default";
    auto behavior = callsBack ? callback(action) : Json{{"type", "open_url"}, {"default_url", action.url}};
    Json json{{"tag", "button"},
              {"text", plainText(action.label)},
              {"type", style},
              {"behaviors", Json::array({std::move(behavior)})}};
    if (callsBack && !action.confirm.empty())
        json["confirm"] = Json{{"title", plainText(action.label)}, {"text", plainText(action.confirm)}};
    return json;
}

Json inputOf(const CardInput& input) {
    if (input.options.empty())
        return Json{{"tag", "input"},
                    {"name", input.name},
                    {"label", plainText(input.label)},
                    {"label_position", "left"},
                    {"max_length", 200}};
    auto options = Json::array();
    for (const auto& option : input.options) options.push_back(Json{{"text", plainText(option)}, {"value", option}});
    return Json{{"tag", "select_static"},
                {"name", input.name},
                {"placeholder", plainText(input.label)},
                {"initial_option", input.options.front()},
                {"options", std::move(options)}};
}

/// What is asked, and the button that sends it, in one row.
void addForm(Json& elements, const OutlineAction& action, const Words& words) {
    auto submit = button(action, Buttons::CallBack);
    submit["text"] = plainText(words.apply);
    submit["form_action_type"] = "submit";
    submit["name"] = "submit_" + action.verb;
    auto columns = Json::array();
    auto add = [&](Json element, bool wide) {
        Json column{{"tag", "column"}, {"width", wide ? "weighted" : "auto"}};
        if (wide) column["weight"] = 1;
        column["elements"] = Json::array({std::move(element)});
        columns.push_back(std::move(column));
    };
    for (const auto& input : action.inputs) {
        if (!input.options.empty()) add(markdown(bold(input.label)), false);
        add(inputOf(input), input.options.empty());
    }
    add(std::move(submit), false);
    Json row{{"tag", "column_set"}, {"flex_mode", "flow"}, {"background_style", "default"}};
    row["columns"] = std::move(columns);
    elements.push_back(
        Json{{"tag", "form"}, {"name", "form_" + action.verb}, {"elements", Json::array({std::move(row)})}});
}

void addActions(Json& elements, const Outline& outline, const Words& words, Buttons buttons) {
    std::string commands;
    Json columns = Json::array(), forms = Json::array();
    for (const auto& action : outline.actions) {
        if (buttons == Buttons::CallBack && !action.nonce.empty() && !action.inputs.empty()) {
            addForm(forms, action, words);
            continue;
        }
        bool pressable = !action.url.empty() || (buttons == Buttons::CallBack && !action.nonce.empty());
        if (pressable)
            columns.push_back(
                Json{{"tag", "column"}, {"width", "auto"}, {"elements", Json::array({button(action, buttons)})}});
        else if (!action.command.empty())
            commands += "\n- " + escapeMarkdown(action.label) + std::string(words.colon) + inlineCode(action.command);
    }
    if (!commands.empty()) elements.push_back(markdown(bold(words.commands) + commands));
    if (!columns.empty())
        elements.push_back(Json{{"tag", "column_set"},
                                {"flex_mode", "flow"},
                                {"background_style", "default"},
                                {"horizontal_spacing", "8px"},
                                {"columns", std::move(columns)}});
    for (auto& form : forms) elements.push_back(std::move(form));
}

void addFoot(Json& elements, const Outline& outline) {
    std::string foot;
    auto addLine = [&](const std::string& line) { foot += (foot.empty() ? "" : "\n") + line; };
    for (const auto& notice : outline.notices) {
        auto line = escapeMarkdown(notice.text);
        if (!notice.url.empty()) line += " [" + escapeMarkdown(notice.url) + "](" + notice.url + ")";
        if (!notice.command.empty()) line += " " + inlineCode(notice.command);
        addLine(line);
    }
    if (!outline.footer.empty()) addLine("<font color='grey'>" + escapeMarkdown(outline.footer) + "</font>");
    if (foot.empty()) return;
    elements.push_back(Json{{"tag", "hr"}});
    auto element = markdown(std::move(foot));
    element["text_size"] = "notation";
    elements.push_back(std::move(element));
}

std::string mentionTags(const std::vector<Mention>& mentions) {
    std::string tags;
    for (const auto& mention : mentions) {
        if (!tags.empty()) tags += ' ';
        if (mention.kind == Mention::Kind::All)
            tags += "<at id=all></at>";
        else
            tags += (mention.kind == Mention::Kind::Email ? "<at email=" : "<at id=") + mention.id + "></at>";
    }
    return tags;
}

bool isPlainId(std::string_view id, std::string_view extra) {
    auto plain = [&](unsigned char c) { return std::isalnum(c) || extra.find(char(c)) != std::string_view::npos; };
    return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), plain);
}

/// A text message has its own tag for mentions.
std::string textMentions(const std::vector<Mention>& mentions) {
    std::string tags;
    for (const auto& mention : mentions) {
        if (mention.kind == Mention::Kind::Email) continue;
        auto id = mention.kind == Mention::Kind::All ? "all" : mention.id;
        tags += "<at user_id=\"" + id + "\">" + escapeText(mention.name) + "</at> ";
    }
    return tags;
}

}  // namespace

std::vector<Mention> mentionable(const std::vector<Mention>& mentions) {
    std::vector<Mention> kept;
    for (const auto& mention : mentions) {
        bool user = mention.kind == Mention::Kind::UserId && isPlainId(mention.id, "-_");
        bool mail = mention.kind == Mention::Kind::Email && isPlainId(mention.id, "-_.@+");
        if (user || mail || mention.kind == Mention::Kind::All) kept.push_back(mention);
    }
    return kept;
}

Json renderCard(const SafeCard& card, const std::vector<Notice>& notices, const std::vector<Mention>& mentions,
                Buttons buttons, Charts charts) {
    auto outline = outlineOf(card, notices);
    const auto& words = wordsFor(card.language);
    Json elements = Json::array();
    addFacts(elements, outline, words);
    addAffected(elements, outline);
    addChart(elements, card, outline, words, charts);
    for (const auto& section : outline.sections)
        card.status == CardStatus::Reply ? addAnswer(elements, section) : addSection(elements, section);
    addActions(elements, outline, words, buttons);
    if (auto tags = mentionTags(mentions); !tags.empty()) elements.push_back(markdown(std::move(tags)));
    addFoot(elements, outline);

    Json json{{"schema", "2.0"}};
    json["config"] = Json{{"update_multi", true}, {"width_mode", "fill"}, {"summary", {{"content", summaryOf(card)}}}};
    json["header"] = header(card, outline);
    json["body"] = Json{{"direction", "vertical"}, {"vertical_spacing", "medium"}, {"elements", std::move(elements)}};
    return json;
}

std::string renderText(const SafeCard& card, const std::vector<Notice>& notices, const std::vector<Mention>& mentions) {
    auto outline = outlineOf(card, notices);
    const auto& words = wordsFor(card.language);
    std::string text = textMentions(mentions);
    auto add = [&](std::string_view line) { text += escapeText(line) + "\n"; };
    add(outline.symbol + " [" + outline.severity + "] " + outline.title);
    add(outline.status + (outline.subtitle.empty() ? "" : " · " + outline.subtitle));
    for (const auto& fact : outline.facts) add(fact.name + std::string(words.colon) + fact.value);
    if (!outline.affected.empty()) add(outline.affectedHeading);
    for (const auto& item : outline.affected) add("• " + item.name + " " + item.detail);
    if (!outline.more.empty()) add("• " + outline.more);
    if (outline.chart) {
        add(outline.chart->title + std::string(words.colon) + outline.chart->blocks);
        add("  " + outline.chart->labels);
    }
    for (const auto& section : outline.sections) {
        add(section.heading);
        for (const auto& line : section.lines) add("  " + line);
    }
    for (const auto& action : outline.actions)
        add(action.label + std::string(words.colon) + (action.url.empty() ? action.command : action.url));
    for (const auto& notice : outline.notices) add(notice.text + " " + notice.url + " " + notice.command);
    text += escapeText(outline.footer);
    return text;
}

}  // namespace klaw::notifiers::feishu
