#include "notifiers/safe_text.hpp"

#include <algorithm>
#include <cctype>

#include "base/digest.hpp"
#include "base/text/secrets.hpp"
#include "base/text/utf8.hpp"
#include "notifiers/words.hpp"

namespace klaw::notifiers {
namespace {

constexpr std::size_t kTitleBytes = 400;
constexpr std::size_t kLineBytes = 4096;
constexpr std::size_t kSectionBytes = 64u << 10;
constexpr std::size_t kListItems = 200;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Length of the escape sequence that begins at `at` (an ESC), at least 1.
std::size_t escapeLength(std::string_view text, std::size_t at) {
    auto rest = text.substr(at);
    if (rest.size() < 2) return 1;
    if (rest[1] == '[') {
        std::size_t end = 2;
        while (end < rest.size() && static_cast<unsigned char>(rest[end] - 0x20) < 0x20) ++end;
        bool complete = end < rest.size() && rest[end] >= 0x40 && rest[end] <= 0x7E;
        return end + (complete ? 1 : 0);
    }
    if (rest[1] == ']') {
        auto end = rest.find_first_of("\x07\x1B\n", 2);
        if (end == std::string_view::npos) return rest.size();
        if (rest[end] == '\n') return end;
        return rest[end] == '\x1B' && end + 1 < rest.size() && rest[end + 1] == '\\' ? end + 2 : end + 1;
    }
    return rest[1] >= 0x20 && rest[1] <= 0x7E ? 2 : 1;
}

/// Bytes of a character at `at` that must not be shown although it is valid: controls and direction overrides.
std::size_t forbiddenLength(std::string_view text, std::size_t at) {
    auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u; };
    if (byte(0) < 0x20 || byte(0) == 0x7F) return 1;
    if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) <= 0x9F) return 2;  // C1
    if (byte(0) == 0xEF && byte(1) == 0xBB && byte(2) == 0xBF) return 3;  // byte order mark
    if (byte(0) != 0xE2) return 0;
    bool overrides = byte(1) == 0x80 && byte(2) >= 0xA8 && byte(2) <= 0xAE;  // U+2028–202E
    bool isolates = byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9;   // U+2066–2069
    bool marks = byte(1) == 0x80 && (byte(2) == 0x8E || byte(2) == 0x8F);    // U+200E, U+200F
    return overrides || isolates || marks ? 3 : 0;
}

/// Everything but line feeds and tabs made harmless.
std::string cleaned(std::string_view raw) {
    auto text = validUtf8(raw);
    std::string clean;
    clean.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '\x1B') {
            at += escapeLength(text, at);
        } else if (text[at] == '\n' || text[at] == '\t') {
            clean += text[at++];
        } else if (text[at] == '\r') {
            if (at + 1 >= text.size() || text[at + 1] != '\n') clean += '\n';
            ++at;
        } else if (auto length = forbiddenLength(text, at)) {
            clean += kReplacement;
            at += length;
        } else {
            clean += text[at++];
        }
    }
    return clean;
}

std::string bounded(std::string_view text, std::size_t bytes) {
    // Cleaning never makes text longer than three times itself, so this keeps huge input cheap.
    return truncateUtf8(oneLine(maskSecrets(cleaned(text.substr(0, bytes * 4)))), bytes);
}

void bound(std::string& text, std::size_t bytes = kLineBytes) {
    text = bounded(text, bytes);
}

/// Keeps lines worth kSectionBytes at the end that matters, each of at most kLineBytes. Whole lines and their
/// beginnings stay, so that the value of a key is not parted from it before it is masked.
bool bound(CardSection& section, std::string_view language) {
    auto& lines = section.lines;
    bool cut = false;
    if (section.keepEnd) std::reverse(lines.begin(), lines.end());
    std::size_t used = 0;
    std::size_t kept = 0;
    for (; kept < lines.size() && used < kSectionBytes; ++kept) {
        cut = cut || lines[kept].size() > kLineBytes;
        lines[kept] = truncateUtf8(lines[kept], kLineBytes);
        used += lines[kept].size() + 1;
    }
    auto gone = lines.size() - kept;
    lines.resize(kept);
    if (gone > 0) lines.push_back(linesLeftOut(gone, language));
    if (section.keepEnd) std::reverse(lines.begin(), lines.end());
    return cut || gone > 0;
}

std::string joined(const std::vector<std::string>& lines) {
    std::string all;
    for (const auto& line : lines) all += (&line == &lines.front() ? "" : "\n") + line;
    return all;
}

bool makeSafe(CardSection& section, std::string_view language) {
    bound(section.heading, kTitleBytes);
    if (section.lines.empty()) return false;
    bool cut = bound(section, language);
    section.lines = cleanLines(maskSecrets(cleaned(joined(section.lines))));
    return cut;
}

void makeSafe(std::optional<CardMark>& mark) {
    if (!mark) return;
    bound(mark->by, kTitleBytes);
    bound(mark->comment);
}

template <class List>
void dropWithoutUrl(List& links) {
    for (auto& link : links) {
        bound(link.label, kTitleBytes);
        link.url = safeUrl(link.url);
    }
}

}  // namespace

std::string oneLine(std::string_view text) {
    auto line = cleaned(text);
    std::replace(line.begin(), line.end(), '\n', ' ');
    std::replace(line.begin(), line.end(), '\t', ' ');
    auto end = line.find_last_not_of(' ');
    line.resize(end == std::string::npos ? 0 : end + 1);
    return line;
}

std::vector<std::string> cleanLines(std::string_view text) {
    auto clean = cleaned(text);
    std::vector<std::string> lines(1);
    for (char c : clean) {
        if (c == '\n')
            lines.emplace_back();
        else if (c == '\t')
            lines.back().append(4, ' ');
        else
            lines.back() += c;
    }
    return lines;
}

std::string safeUrl(std::string_view url) {
    auto startsWith = [&](std::string_view scheme) {
        return url.size() > scheme.size() && std::equal(scheme.begin(), scheme.end(), url.begin(), [](char a, char b) {
                   return a == std::tolower(static_cast<unsigned char>(b));
               });
    };
    if (url.size() > kLineBytes || !(startsWith("http://") || startsWith("https://"))) return {};
    std::string safe;
    for (char c : url) {
        auto byte = static_cast<unsigned char>(c);
        bool plain = std::isalnum(byte) || std::string_view("-._~:/?#@!$&'*+,;=%").find(c) != std::string_view::npos;
        safe += plain ? std::string(1, c) : "%" + hexEncode(std::string_view(&c, 1));
    }
    return safe;
}

SafeCard::SafeCard(Card unsafe) : Card(std::move(unsafe)) {
    Card& card = *this;
    bound(card.title, kTitleBytes);
    bound(card.subtitle, kTitleBytes);
    if (card.affected.size() > kListItems) {
        card.more += card.affected.size() - kListItems;
        card.affected.resize(kListItems);
    }
    card.facts.resize(std::min(card.facts.size(), kListItems));
    for (auto& fact : card.facts) {
        bound(fact.name, kTitleBytes);
        bound(fact.value);
    }
    for (auto& item : card.affected) {
        bound(item.name, kTitleBytes);
        bound(item.detail);
    }
    for (auto& section : card.sections) leftOut = makeSafe(section, card.language) || leftOut;
    if (card.chart) {
        auto& chart = *card.chart;
        chart.values.resize(std::min(chart.values.size(), kListItems));
        for (auto* text : {&chart.title, &chart.unit, &chart.blocks, &chart.least, &chart.greatest, &chart.threshold})
            bound(*text, kTitleBytes);
    }
    bound(card.assignee, kTitleBytes);
    makeSafe(card.acknowledged);
    makeSafe(card.silenced);
    bound(card.footer.rule, kTitleBytes);
    bound(card.footer.incident, kTitleBytes);
    for (auto& note : card.footer.notes) bound(note);
    dropWithoutUrl(card.links);
    std::erase_if(card.links, [](const CardLink& link) { return link.url.empty(); });
    dropWithoutUrl(card.buttons);
    for (auto& button : card.buttons) {
        button.command = oneLine(button.command);
        button.confirm = oneLine(button.confirm);
        for (auto& input : button.inputs) input.label = oneLine(input.label);
    }
    card.restUrl = safeUrl(card.restUrl);
    card.restCommand = oneLine(card.restCommand);
}

}  // namespace klaw::notifiers
