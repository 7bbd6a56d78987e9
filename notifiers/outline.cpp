#include "notifiers/outline.hpp"

#include "notifiers/safe_text.hpp"
#include "notifiers/words.hpp"

namespace klaw::notifiers {
namespace {

void addTimes(const Card& card, const Words& words, std::vector<CardFact>& facts) {
    auto add = [&](std::string_view name, std::string value) {
        facts.push_back({std::string(name), std::move(value)});
    };
    auto shown = [&](TimePoint time) { return localTime(time, card.utcOffsetMinutes); };
    if (card.status == CardStatus::Reply) return;
    bool ongoing = card.status != CardStatus::Digest && card.status != CardStatus::Test;
    if (!ongoing || card.openedAt == TimePoint{}) {
        if (card.updatedAt != TimePoint{}) add(words.time, shown(card.updatedAt));
        return;
    }
    auto since = shown(card.openedAt);
    if (!card.resolvedAt && card.updatedAt > card.openedAt + 1s)
        since += " (" + roughly(card.updatedAt - card.openedAt) + ")";
    add(words.since, since);
    if (!card.resolvedAt) return;
    add(words.resolvedAt, shown(*card.resolvedAt));
    if (*card.resolvedAt > card.openedAt) add(words.lasted, roughly(*card.resolvedAt - card.openedAt));
}

void addMark(const Card& card, std::string_view name, const std::optional<CardMark>& mark,
             std::vector<CardFact>& facts) {
    if (!mark) return;
    const auto& words = wordsFor(card.language);
    std::string value = mark->by;
    auto append = [&](const std::string& part) { value += std::string(words.comma) + part; };
    if (mark->at != TimePoint{}) append(localTime(mark->at, card.utcOffsetMinutes));
    if (mark->until) append(std::string(words.until) + " " + localTime(*mark->until, card.utcOffsetMinutes));
    if (!mark->comment.empty()) append(mark->comment);
    facts.push_back({std::string(name), std::move(value)});
}

std::optional<OutlineChart> chartOf(const Card& card) {
    if (!card.chart) return std::nullopt;
    const auto& chart = *card.chart;
    const auto& words = wordsFor(card.language);
    OutlineChart shown{chart.title, chart.blocks, {}};
    if (chart.from != TimePoint{}) {
        constexpr std::size_t date = 11, zone = 8;  // of "2026-11-23 18:00:05 +08:00"
        shown.labels = localTime(chart.from, card.utcOffsetMinutes).substr(date, zone) + " – " +
                       localTime(chart.to, card.utcOffsetMinutes).substr(date);
    }
    auto add = [&](std::string_view word, const std::string& value) {
        if (value.empty()) return;
        if (!shown.labels.empty()) shown.labels += " · ";
        shown.labels += std::string(word) + " " + value;
    };
    add(words.least, chart.least);
    add(words.greatest, chart.greatest);
    add(words.threshold, chart.threshold);
    return shown;
}

std::vector<OutlineAffected> affectedOf(const Card& card) {
    const auto& words = wordsFor(card.language);
    std::vector<OutlineAffected> affected;
    for (const auto& item : card.affected) {
        auto detail = item.detail;
        if (item.since) {
            if (!detail.empty()) detail += words.comma;
            detail += std::string(words.sinceWithin) + " " + localTime(*item.since, card.utcOffsetMinutes);
        }
        affected.push_back({item.name, std::move(detail)});
    }
    return affected;
}

std::vector<OutlineAction> actionsOf(const Card& card) {
    std::vector<OutlineAction> actions;
    for (const auto& button : card.buttons) {
        if (button.url.empty() && button.command.empty() && button.nonce.empty()) continue;
        actions.push_back({button.label, button.style, button.url, shellCommand(button.command), button.verb,
                           button.nonce, button.confirm, button.inputs});
    }
    for (const auto& link : card.links)
        actions.push_back({link.label, CardButton::Style::Default, link.url, {}, {}, {}, {}, {}});
    return actions;
}

std::string footerOf(const Card& card) {
    const auto& words = wordsFor(card.language);
    std::string footer;
    auto append = [&](const std::string& part) {
        if (!footer.empty()) footer += " · ";
        footer += part;
    };
    if (!card.footer.rule.empty()) append(std::string(words.rule) + " " + card.footer.rule);
    if (!card.footer.incident.empty()) append(std::string(words.incident) + " " + card.footer.incident);
    if (card.footer.startedBefore) append(std::string(words.startedBefore));
    for (const auto& note : card.footer.notes) append(note);
    return footer;
}

}  // namespace

std::string shellCommand(std::string_view command) {
    if (command.empty()) return {};
    std::string quoted = "klaw do \"";
    for (char c : command) {
        if (std::string_view("\\\"$`").find(c) != std::string_view::npos) quoted += '\\';
        quoted += c;
    }
    return quoted + '"';
}

std::string summaryOf(const Card& card) {
    if (card.status == CardStatus::Reply) return oneLine(card.title);
    return std::string(symbolOf(card)) + " [" + std::string(severityWord(card.severity, card.language)) + "] " +
           oneLine(card.title);
}

Outline outlineOf(const SafeCard& card, std::vector<Notice> notices) {
    const auto& words = wordsFor(card.language);
    Outline outline;
    outline.symbol = symbolOf(card);
    outline.severity = severityWord(card.severity, card.language);
    outline.status = statusWord(card.status, card.language);
    outline.title = card.title;
    outline.subtitle = card.subtitle;
    addTimes(card, words, outline.facts);
    outline.facts.insert(outline.facts.end(), card.facts.begin(), card.facts.end());
    if (!card.assignee.empty()) outline.facts.push_back({std::string(words.assignee), card.assignee});
    addMark(card, words.acknowledgedBy, card.acknowledged, outline.facts);
    addMark(card, words.silencedBy, card.silenced, outline.facts);
    outline.affectedHeading =
        std::string(words.affected) + " (" + std::to_string(card.affected.size() + card.more) + ")";
    outline.affected = affectedOf(card);
    if (card.more > 0) outline.more = andMore(card.more, card.language);
    outline.chart = chartOf(card);
    outline.sections = card.sections;
    outline.actions = actionsOf(card);
    outline.footer = footerOf(card);
    outline.notices = std::move(notices);
    return outline;
}

}  // namespace klaw::notifiers
