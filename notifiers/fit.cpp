#include "notifiers/fit.hpp"

#include <algorithm>

#include "base/text/utf8.hpp"
#include "notifiers/words.hpp"

namespace klaw::notifiers {
namespace {

std::size_t bytesOf(const CardSection& section) {
    std::size_t bytes = 0;
    for (const auto& line : section.lines) bytes += line.size() + 1;
    return bytes;
}

/// Keeps lines worth at most `bytes` at the end that matters and says how many are gone.
void shorten(CardSection& section, std::size_t bytes, std::string_view language) {
    if (bytesOf(section) <= bytes) return;
    auto& lines = section.lines;
    if (section.keepEnd) std::reverse(lines.begin(), lines.end());
    std::size_t used = 0;
    std::size_t kept = 0;
    while (kept < lines.size() && used + lines[kept].size() + 1 <= bytes) used += lines[kept++].size() + 1;
    if (section.kind == CardSection::Kind::Rows) kept -= kept % 2;  // both lines of a row or none
    if (kept == 0 && bytes >= 80) {
        lines[0] = truncateUtf8(lines[0], bytes - 1);
        kept = 1;
    }
    auto gone = lines.size() - kept;
    lines.resize(kept);
    if (gone > 0) lines.push_back(linesLeftOut(gone, language));
    if (section.keepEnd) std::reverse(lines.begin(), lines.end());
}

SafeCard withSections(SafeCard card, std::size_t bytesEach) {
    for (auto& section : card.sections) shorten(section, bytesEach, card.language);
    return card;
}

template <class T>
void keepFirst(std::vector<T>& list, std::size_t count) {
    if (list.size() > count) list.erase(list.begin() + static_cast<std::ptrdiff_t>(count), list.end());
}

void cut(std::string& text, std::size_t bytes) {
    text = truncateUtf8(text, bytes);
}

/// What remains of a card without sections, from a little less to the bare fact that something is wrong.
SafeCard reduced(SafeCard card, std::size_t items, std::size_t bytes) {
    card.sections.clear();
    card.chart.reset();
    card.more += card.affected.size() - std::min(card.affected.size(), items);
    keepFirst(card.affected, items);
    keepFirst(card.facts, items);
    keepFirst(card.links, items);
    keepFirst(card.buttons, items);
    keepFirst(card.footer.notes, items);
    std::erase_if(card.links, [&](const CardLink& link) { return link.url.size() > 4 * bytes; });
    std::erase_if(card.buttons, [&](const CardButton& button) { return button.url.size() > 4 * bytes; });
    for (auto* text : {&card.title, &card.subtitle, &card.assignee, &card.footer.rule, &card.footer.incident})
        cut(*text, bytes);
    for (auto& fact : card.facts) {
        cut(fact.name, bytes);
        cut(fact.value, bytes);
    }
    for (auto& item : card.affected) {
        cut(item.name, bytes);
        cut(item.detail, bytes);
    }
    for (auto* mark : {&card.acknowledged, &card.silenced}) {
        if (!*mark) continue;
        cut((*mark)->by, bytes);
        cut((*mark)->comment, bytes);
    }
    for (auto& note : card.footer.notes) cut(note, bytes);
    return card;
}

Notice restNotice(const Card& card) {
    const auto& words = wordsFor(card.language);
    auto command = card.restCommand;
    bool named = !command.empty() || !card.restUrl.empty();
    if (!named && !card.footer.incident.empty()) command = "alerts " + card.footer.incident;
    auto text = named || !command.empty() ? words.rest : words.shortened;
    return {std::string(text), card.restUrl, shellCommand(command)};
}

}  // namespace

FittedBody fitBody(const SafeCard& card, std::size_t maxBytes, std::vector<Notice> notices, const RenderBody& render) {
    if (card.leftOut) notices.push_back(restNotice(card));
    auto body = render(card, notices);
    if (body.size() <= maxBytes) return {std::move(body), card.leftOut};

    if (!card.leftOut) notices.push_back(restNotice(card));
    std::size_t fits = 0;
    std::size_t tooMuch = 64u << 10;
    std::string best;
    while (fits + 16 < tooMuch) {
        auto middle = (fits + tooMuch) / 2;
        body = render(withSections(card, middle), notices);
        if (body.size() <= maxBytes) {
            best = std::move(body);
            fits = middle;
        } else {
            tooMuch = middle;
        }
    }
    for (std::size_t items : {20, 10, 5, 2, 0}) {
        if (!best.empty()) break;
        body = render(reduced(card, items, 40 + items * 30), notices);
        if (body.size() <= maxBytes || items == 0) best = std::move(body);
    }
    return {std::move(best), true};
}

}  // namespace klaw::notifiers
