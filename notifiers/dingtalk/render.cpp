#include "notifiers/dingtalk/render.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "notifiers/dingtalk/escape.hpp"
#include "notifiers/words.hpp"

namespace klaw::notifiers::dingtalk {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxButtons = 5;
/// Two blanks before the line break: some clients swallow a bare one.
constexpr std::string_view kBreak = "  \n";

class Markdown {
public:
    /// A paragraph of its own.
    Markdown& block(std::string text) {
        if (!text_.empty()) text_ += "\n\n";
        text_ += text;
        return *this;
    }
    Markdown& line(std::string text) {
        text_ += std::string(kBreak) + text;
        return *this;
    }
    std::string text() && { return std::move(text_); }

private:
    std::string text_;
};

/// `url` comes from safeUrl, which has encoded everything that could end the target.
std::string link(std::string_view label, std::string_view url) {
    return "[" + escapeMarkdown(label) + "](" + std::string(url) + ")";
}

std::string bold(std::string_view text) {
    return "**" + escapeMarkdown(text) + "**";
}

void addFacts(Markdown& markdown, const Outline& outline, const Words& words) {
    bool first = true;
    for (const auto& fact : outline.facts) {
        auto line = bold(fact.name) + std::string(words.colon) + escapeMarkdown(fact.value);
        first ? markdown.block(std::move(line)) : markdown.line(std::move(line));
        first = false;
    }
}

void addAffected(Markdown& markdown, const Outline& outline) {
    if (outline.affected.empty()) return;
    markdown.block(bold(outline.affectedHeading));
    std::string list;
    for (const auto& item : outline.affected)
        list += "- " + inlineCode(item.name) + (item.detail.empty() ? "" : " " + escapeMarkdown(item.detail)) + "\n";
    if (!outline.more.empty()) list += "- " + escapeMarkdown(outline.more) + "\n";
    list.pop_back();
    markdown.block(std::move(list));
}

/// Nothing here draws: the blocks in fixed width, and what a chart would have at its axes.
void addChart(Markdown& markdown, const Outline& outline) {
    if (!outline.chart) return;
    markdown.block(bold(outline.chart->title));
    markdown.block(inlineCode(outline.chart->blocks)).line(escapeMarkdown(outline.chart->labels));
}

/// Each row on two lines, as a phone shows no table.
std::string rowsText(const CardSection& section) {
    std::string text;
    for (std::size_t i = 0; i < section.lines.size(); ++i) {
        bool head = i % 2 == 0;
        if (!text.empty()) text += head ? "\n\n" : std::string(kBreak);
        text += head ? bold(section.lines[i]) : escapeMarkdown(section.lines[i]);
    }
    return text;
}

void addSection(Markdown& markdown, const CardSection& section) {
    if (!section.heading.empty()) markdown.block(bold(section.heading));
    if (section.lines.empty()) return;
    if (section.kind == CardSection::Kind::Rows) {
        markdown.block(rowsText(section));
        return;
    }
    bool code = section.kind == CardSection::Kind::Code;
    std::string text = code ? "```\n" : "";
    for (const auto& line : section.lines)
        text += code ? escapeCodeLine(line) + "\n" : "- " + escapeMarkdown(line) + "\n";
    code ? void(text += "```") : text.pop_back();
    markdown.block(std::move(text));
}

/// The text of an answer stands as it is.
void addAnswer(Markdown& markdown, const CardSection& section) {
    if (section.kind == CardSection::Kind::Rows) {
        if (!section.lines.empty()) markdown.block(rowsText(section));
        return;
    }
    bool code = section.kind == CardSection::Kind::Code;
    std::string text;
    for (const auto& line : section.lines)
        text += code ? escapeCodeLine(line) + "\n" : (text.empty() ? "" : std::string(kBreak)) + escapeMarkdown(line);
    if (!text.empty()) markdown.block(code ? "```\n" + text + "```" : text);
}

void addCommands(Markdown& markdown, const Outline& outline, const Words& words) {
    std::string lines;
    for (const auto& action : outline.actions) {
        if (!action.url.empty() || action.command.empty()) continue;
        lines += "- " + escapeMarkdown(action.label) + std::string(words.colon) + inlineCode(action.command) + "\n";
    }
    if (lines.empty()) return;
    lines.pop_back();
    markdown.block(bold(words.commands)).block(std::move(lines));
}

void addLinks(Markdown& markdown, std::span<const OutlineAction> actions) {
    std::string line;
    for (const auto& action : actions) {
        if (action.url.empty()) continue;
        if (!line.empty()) line += " · ";
        line += link(action.label, action.url);
    }
    if (!line.empty()) markdown.block(std::move(line));
}

void addFoot(Markdown& markdown, const Outline& outline) {
    for (const auto& notice : outline.notices) {
        auto text = escapeMarkdown(notice.text);
        if (!notice.url.empty()) text += " " + link(notice.url, notice.url);
        if (!notice.command.empty()) text += " " + inlineCode(notice.command);
        markdown.block("> " + text);
    }
    if (!outline.footer.empty()) markdown.block("> " + escapeMarkdown(outline.footer));
}

/// The ids the platform gets, and the text that must name them for it to show and notify.
struct At {
    Json json{{"atMobiles", Json::array()}, {"atUserIds", Json::array()}, {"isAtAll", false}};
    std::string text;
};

bool isPlainId(std::string_view id) {
    auto plain = [](unsigned char c) {
        return std::isalnum(c) || std::string_view("+-_.$").find(char(c)) != std::string_view::npos;
    };
    return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), plain);
}

At atOf(const std::vector<Mention>& mentions) {
    At at;
    for (const auto& mention : mentions) {
        bool mobile = mention.kind == Mention::Kind::Mobile;
        if (mention.kind == Mention::Kind::All) at.json["isAtAll"] = true;
        if ((mobile || mention.kind == Mention::Kind::UserId) && isPlainId(mention.id)) {
            at.json[mobile ? "atMobiles" : "atUserIds"].push_back(mention.id);
            at.text += (at.text.empty() ? "@" : " @") + mention.id;
        } else if (mention.kind == Mention::Kind::All) {
            at.text += at.text.empty() ? "@all" : " @all";
        }
    }
    return at;
}

std::string withKeyword(std::string title, const std::string& text, const std::vector<std::string>& keywords) {
    for (const auto& keyword : keywords)
        if (title.find(keyword) != std::string::npos || text.find(keyword) != std::string::npos) return title;
    return keywords.empty() ? title : title + " · " + keywords.front();
}

std::vector<OutlineAction> urlActions(const Outline& outline) {
    std::vector<OutlineAction> actions;
    for (const auto& action : outline.actions)
        if (!action.url.empty()) actions.push_back(action);
    return actions;
}

std::string answerOf(const Outline& outline, std::span<const OutlineAction> links) {
    Markdown markdown;
    markdown.block("#### " + escapeMarkdown(outline.title));
    if (!outline.subtitle.empty()) markdown.block(escapeMarkdown(outline.subtitle));
    for (const auto& section : outline.sections) addAnswer(markdown, section);
    addLinks(markdown, links);
    addFoot(markdown, outline);
    return std::move(markdown).text();
}

void addContent(Markdown& markdown, const Outline& outline, const Words& words) {
    auto state = bold(outline.status);
    if (!outline.subtitle.empty()) state += " · " + escapeMarkdown(outline.subtitle);
    markdown.block(std::move(state));
    addFacts(markdown, outline, words);
    addAffected(markdown, outline);
    addChart(markdown, outline);
    for (const auto& section : outline.sections) addSection(markdown, section);
}

std::string textOf(const Outline& outline, const Words& words, std::span<const OutlineAction> links, const At& at) {
    Markdown markdown;
    markdown.block("#### " + outline.symbol + " " + escapeMarkdown("[" + outline.severity + "] " + outline.title));
    addContent(markdown, outline, words);
    addCommands(markdown, outline, words);
    addLinks(markdown, links);
    addFoot(markdown, outline);
    if (!at.text.empty()) markdown.block(at.text);
    return std::move(markdown).text();
}

}  // namespace

std::string renderMessage(const SafeCard& card, const std::vector<Notice>& notices, const MessageFrame& frame) {
    auto outline = outlineOf(card, notices);
    auto at = atOf(frame.mentions);
    auto actions = urlActions(outline);
    std::size_t buttons = at.text.empty() ? std::min(actions.size(), kMaxButtons) : 0;
    auto links = std::span(actions).subspan(buttons);
    auto text = card.status == CardStatus::Reply ? answerOf(outline, links)
                                                 : textOf(outline, wordsFor(card.language), links, at);
    auto title = withKeyword(summaryOf(card), text, frame.keywords);

    Json message{{"msgtype", buttons > 0 ? "actionCard" : "markdown"}};
    Json content{{"title", std::move(title)}, {"text", std::move(text)}};
    if (buttons > 0) {
        content["btnOrientation"] = buttons == 2 ? "1" : "0";
        auto& list = content["btns"] = Json::array();
        for (std::size_t i = 0; i < buttons; ++i)
            list.push_back(Json{{"title", actions[i].label}, {"actionURL", actions[i].url}});
    }
    message[buttons > 0 ? "actionCard" : "markdown"] = std::move(content);
    if (!at.text.empty()) message["at"] = std::move(at.json);
    if (!frame.msgUuid.empty()) message["msgUuid"] = frame.msgUuid;
    return message.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string renderBody(const SafeCard& card, const std::vector<Notice>& notices, const std::vector<Mention>& mentions,
                       Footer footer) {
    auto outline = outlineOf(card, notices);
    if (footer == Footer::Apart) outline.footer.clear();
    Markdown markdown;
    addContent(markdown, outline, wordsFor(card.language));
    addFoot(markdown, outline);
    if (auto at = atOf(mentions); !at.text.empty()) markdown.block(at.text);
    return std::move(markdown).text();
}

}  // namespace klaw::notifiers::dingtalk
