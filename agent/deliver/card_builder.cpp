#include "agent/deliver/card_builder.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "agent/deliver/action_buttons.hpp"
#include "agent/deliver/chart.hpp"
#include "agent/deliver/fact_names.hpp"
#include "agent/deliver/findings_sections.hpp"
#include "notifiers/words.hpp"

namespace klaw::deliver {
namespace {

constexpr std::size_t maxAffected = 8;

struct Phrases {
    std::string_view acknowledge, silence, silenceFor, reason, occurrences, console, runbook, what, inhibitedBy,
        noDataSince, flapping, changes, by, before, dependents, actions, failed, comments;
};

const Phrases& phrasesFor(const std::string& language) {
    static const Phrases en{"Acknowledge",
                            "Silence 2h",
                            "Silence for",
                            "Reason",
                            "occurrences",
                            "Open in Klaw",
                            "Runbook",
                            "What it means",
                            "Inhibited by",
                            "no data since",
                            "flapping: closed after 10m of quiet",
                            "Changed shortly before",
                            ", by ",
                            " before",
                            "Depends on it",
                            "Done about it",
                            "failed",
                            "Comments"};
    static const Phrases zh{"认领",
                            "静默 2 小时",
                            "静默时长",
                            "原因",
                            "次数",
                            "在 Klaw 中打开",
                            "处理手册",
                            "含义",
                            "被抑制于",
                            "无数据自",
                            "反复抖动：平静 10 分钟后才关闭",
                            "此前不久的变更",
                            "，操作者 ",
                            "前",
                            "受其影响",
                            "处理记录",
                            "失败",
                            "评论"};
    return language.starts_with("zh") ? zh : en;
}

notifiers::CardStatus statusOf(const rules::Incident& incident) {
    if (incident.resolvedAt) return notifiers::CardStatus::Resolved;
    if (isQuiet(incident)) return notifiers::CardStatus::Silenced;
    if (!incident.actions.empty()) {
        auto state = incident.actions.back().state;
        if (state == rules::Action::State::Acting) return notifiers::CardStatus::Acting;
        return state == rules::Action::State::Failed ? notifiers::CardStatus::Failed : notifiers::CardStatus::Acted;
    }
    if (incident.acknowledged) return notifiers::CardStatus::Acknowledged;
    return notifiers::CardStatus::Firing;
}

std::string nameOf(const rules::ObjectRef& object) {
    auto kind = object.kind.empty() ? object.resource : object.kind;
    return kind.empty() ? object.name : kind + " " + object.name;
}

/// Facts and labels that all shown alerts share; the others stand beside the thing they belong to.
std::map<std::string, std::string> sharedFacts(const rules::Incident& incident) {
    std::map<std::string, std::string> shared;
    if (incident.alerts.empty()) return shared;
    for (const auto& [name, value] : incident.alerts.front().facts)
        if (!value.empty()) shared.emplace(name, value);
    for (const auto& alert : incident.alerts)
        std::erase_if(shared, [&](const auto& fact) {
            auto found = alert.facts.find(fact.first);
            return found == alert.facts.end() || found->second != fact.second;
        });
    return shared;
}

std::string detailOf(const rules::Alert& alert, const std::map<std::string, std::string>& shared,
                     const Phrases& phrases, const CardStyle& style) {
    std::string detail = alert.element;
    auto add = [&](const std::string& text) { detail += (detail.empty() ? "" : ", ") + text; };
    for (const auto& [name, value] : alert.facts)
        if (!value.empty() && !shared.contains(name)) add(factName(name, style.language) + " " + value);
    if (alert.flapping) add(std::string(phrases.flapping));
    if (alert.noDataSince)
        add(std::string(phrases.noDataSince) + " " + notifiers::localTime(*alert.noDataSince, style.utcOffsetMinutes));
    if (alert.count > 1) add(std::to_string(alert.count) + " " + std::string(phrases.occurrences));
    return detail;
}

/// What is still wrong; of a resolved incident what was.
void addAffected(const rules::Incident& incident, const std::map<std::string, std::string>& shared,
                 const Phrases& phrases, const CardStyle& style, notifiers::Card& card) {
    bool onlyOwner = incident.total == 1 && !incident.alerts.empty() &&
                     incident.alerts.front().object.name == incident.owner.name &&
                     detailOf(incident.alerts.front(), shared, phrases, style).empty();
    if (onlyOwner) return;
    for (const auto& alert : incident.alerts) {
        bool shown = incident.resolvedAt ? alert.state() == rules::AlertState::Resolved
                                         : alert.state() == rules::AlertState::Firing;
        if (!shown) continue;
        if (card.affected.size() == maxAffected) break;
        card.affected.push_back({nameOf(alert.object), detailOf(alert, shared, phrases, style), alert.activeAt});
    }
    auto all = incident.resolvedAt ? incident.total : incident.firing;
    card.more = all > card.affected.size() ? all - card.affected.size() : 0;
}

/// Descriptions differ where they name the object; one speaks for all.
void addDescription(const rules::Incident& incident, const CardStyle& style, const Phrases& phrases,
                    notifiers::Card& card) {
    if (incident.alerts.empty()) return;
    const auto& text = incident.alerts.front().description.in(style.language);
    if (!text.empty())
        card.sections.push_back({std::string(phrases.what), notifiers::CardSection::Kind::Text, {text}, false});
}

void addContext(const rules::Incident& incident, const CardStyle& style, const Phrases& phrases,
                notifiers::Card& card) {
    using Kind = notifiers::CardSection::Kind;
    std::vector<std::string> lines;
    for (auto change = incident.changes.rbegin(); change != incident.changes.rend(); ++change)
        lines.push_back(notifiers::localTime(change->at, style.utcOffsetMinutes) + " (" +
                        notifiers::roughly(incident.openedAt - change->at) + std::string(phrases.before) + ") " +
                        change->what + (change->by.empty() ? "" : std::string(phrases.by) + change->by));
    if (!lines.empty()) card.sections.push_back({std::string(phrases.changes), Kind::Text, std::move(lines), false});
    if (!incident.dependents.empty())
        card.sections.push_back({std::string(phrases.dependents), Kind::Text, incident.dependents, false});
}

/// "18:04:05 李雷: roll Deployment shop/web back … · 3/3 ready"
void addActions(const rules::Incident& incident, const CardStyle& style, const Phrases& phrases,
                notifiers::Card& card) {
    std::vector<std::string> lines;
    for (const auto& action : incident.actions) {
        auto line =
            notifiers::localTime(action.mark.at, style.utcOffsetMinutes) + " " + action.mark.by + ": " + action.what;
        if (action.state == rules::Action::State::Failed) line += " · " + std::string(phrases.failed);
        if (!action.result.empty()) line += " · " + action.result;
        lines.push_back(std::move(line));
    }
    if (lines.empty()) return;
    using Kind = notifiers::CardSection::Kind;
    card.sections.push_back({std::string(phrases.actions), Kind::Text, std::move(lines), true});
}

bool isUrl(std::string_view line) {
    return line.starts_with("https://") || line.starts_with("http://");
}

/// Its steps are shown, the URL below them, if there is one, is a link.
void addRunbook(const std::string& runbook, const Phrases& phrases, notifiers::Card& card) {
    std::vector<std::string> steps;
    std::istringstream lines(runbook);
    for (std::string line; std::getline(lines, line);) steps.push_back(std::move(line));
    if (!steps.empty() && isUrl(steps.back())) {
        card.links.push_back({std::string(phrases.runbook), steps.back()});
        steps.pop_back();
    }
    if (!steps.empty())
        card.sections.push_back(
            {std::string(phrases.runbook), notifiers::CardSection::Kind::Text, std::move(steps), false});
}

void addComments(const rules::Incident& incident, const CardStyle& style, const Phrases& phrases,
                 notifiers::Card& card) {
    std::vector<std::string> lines;
    for (const auto& comment : incident.comments)
        lines.push_back(notifiers::localTime(comment.at, style.utcOffsetMinutes) + " " + comment.by + ": " +
                        comment.comment);
    if (lines.empty()) return;
    using Kind = notifiers::CardSection::Kind;
    card.sections.push_back({std::string(phrases.comments), Kind::Text, std::move(lines), true});
}

void addLinks(const rules::Incident& incident, const CardStyle& style, const Phrases& phrases, notifiers::Card& card) {
    if (!style.consoleUrl.empty()) {
        card.restUrl = style.consoleUrl + "/#" + incident.id;
        card.links.push_back({std::string(phrases.console), card.restUrl});
    }
    card.restCommand = "alerts " + incident.id;
    if (incident.alerts.empty()) return;
    addRunbook(incident.alerts.front().runbook.in(style.language), phrases, card);
}

void addButtons(const rules::Incident& incident, const CardStyle& style, const Phrases& phrases,
                notifiers::Card& card) {
    if (incident.resolvedAt) return;
    auto button = [&](std::string_view label, const char* verb, std::string command,
                      notifiers::CardButton::Style look) {
        notifiers::CardButton made;
        made.label = label;
        made.verb = verb;
        made.style = look;
        made.command = std::move(command);
        made.url = style.consoleUrl.empty() ? "" : style.consoleUrl + "/#" + incident.id + "/" + verb;
        card.buttons.push_back(std::move(made));
        return card.buttons.size() - 1;
    };
    if (!incident.acknowledged)
        button(phrases.acknowledge, "ack", "ack " + incident.id, notifiers::CardButton::Style::Primary);
    for (auto& action : actionButtons(incident, style.language)) {
        if (!style.consoleUrl.empty()) action.url = style.consoleUrl + "/#" + incident.id + "/" + action.verb;
        card.buttons.push_back(std::move(action));
    }
    if (incident.silenced) return;
    auto made =
        button(phrases.silence, "silence", "silence " + incident.id + " 2h", notifiers::CardButton::Style::Default);
    card.buttons[made].inputs = {{"duration", std::string(phrases.silenceFor), {"2h", "30m", "8h", "1d", "7d"}},
                                 {"reason", std::string(phrases.reason), {}}};
}

}  // namespace

std::string placeOf(const rules::Incident& incident) {
    std::string place = incident.cluster;
    auto add = [&](const std::string& text) {
        if (!text.empty()) place += (place.empty() ? "" : " · ") + text;
    };
    add(incident.owner.ns);
    add(nameOf(incident.owner));
    return place;
}

notifiers::Card buildCard(const rules::Incident& incident, const CardStyle& style) {
    const auto& phrases = phrasesFor(style.language);
    notifiers::Card card;
    card.id = incident.id;
    card.status = statusOf(incident);
    card.severity = incident.severity;
    card.title = incident.title.in(style.language);
    card.subtitle = placeOf(incident);
    auto shared = sharedFacts(incident);
    card.chart = chartOf(incident, style.language);
    for (const auto& [name, value] : shared)
        if (!card.chart || name != "trend")  // the chart has it
            card.facts.push_back({factName(name, style.language), value});
    if (incident.inhibited)
        card.facts.push_back(
            {std::string(phrases.inhibitedBy), incident.inhibited->by + ": " + incident.inhibited->comment});
    addAffected(incident, shared, phrases, style, card);
    addDescription(incident, style, phrases, card);
    addContext(incident, style, phrases, card);
    std::ranges::move(findingsSections(incident, style), std::back_inserter(card.sections));
    addActions(incident, style, phrases, card);
    addComments(incident, style, phrases, card);
    card.assignee = incident.assignee;
    if (incident.acknowledged)
        card.acknowledged = notifiers::CardMark{
            incident.acknowledged->by, incident.acknowledged->at, incident.acknowledged->comment, {}};
    if (incident.silenced)
        card.silenced = notifiers::CardMark{incident.silenced->by, incident.silenced->at, incident.silenced->comment,
                                            incident.silencedUntil};
    card.footer.rule = incident.rule;
    card.footer.incident = incident.id;
    card.footer.startedBefore = incident.startedBefore;
    addLinks(incident, style, phrases, card);
    addButtons(incident, style, phrases, card);
    card.language = style.language;
    card.utcOffsetMinutes = style.utcOffsetMinutes;
    card.openedAt = incident.openedAt;
    for (const auto& alert : incident.alerts) card.openedAt = std::min(card.openedAt, alert.activeAt);
    card.resolvedAt = incident.resolvedAt;
    card.updatedAt = incident.updatedAt;
    card.revision = incident.revision;
    return card;
}

}  // namespace klaw::deliver
