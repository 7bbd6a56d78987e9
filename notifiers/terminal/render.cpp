#include "notifiers/terminal/render.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/text/utf8.hpp"
#include "notifiers/outline.hpp"
#include "notifiers/terminal/wrap.hpp"
#include "notifiers/words.hpp"

namespace klaw::notifiers::terminal {
namespace {

enum class Style { Plain, Frame, Bold, Dim };

/// ANSI foreground of what the card says.
const char* frameColour(const Card& card) {
    switch (card.status) {
        case CardStatus::Acknowledged:
        case CardStatus::Acted:
            return "\x1B[33m";
        case CardStatus::Acting:
            return "\x1B[34m";
        case CardStatus::Silenced:
        case CardStatus::Continued:
            return "\x1B[90m";
        case CardStatus::Resolved:
            return "\x1B[32m";
        case CardStatus::Test:
        case CardStatus::Reply:
            return "\x1B[34m";
        case CardStatus::Firing:
        case CardStatus::Failed:
        case CardStatus::Digest:
            break;
    }
    if (card.severity == rules::Severity::Critical) return "\x1B[31m";
    return card.severity == rules::Severity::Warning ? "\x1B[33m" : "\x1B[34m";
}

class Box {
public:
    Box(std::size_t width, bool colour, std::string frame)
        : inner_(width - 4), colour_(colour), frame_(std::move(frame)) {}

    std::size_t inner() const { return inner_; }

    void top(const std::string& label) { rule("╭", label, "╮"); }
    void middle() { rule("├", "", "┤"); }
    void bottom() { rule("╰", "", "╯"); }

    /// `text` on as many lines as it needs, the following ones indented by `indent`.
    void text(const std::string& text, Style style = Style::Plain, std::size_t indent = 0) {
        std::string margin;
        for (auto& part : wrap(text, inner_ - indent)) {
            line(margin + part, style);
            margin = std::string(indent, ' ');
        }
    }
    void code(const std::string& text) {
        for (auto& part : wrapExactly(text, inner_ - 2)) line("  " + part, Style::Dim);
    }
    void line(const std::string& content, Style style) {
        out_ += paint("│", Style::Frame) + " " + paint(padded(content, inner_), style) + " " +
                paint("│", Style::Frame) + "\n";
    }
    void blank() { line("", Style::Plain); }
    /// Below the box.
    void outside(const std::string& text, Style style = Style::Plain) { out_ += "  " + paint(text, style) + "\n"; }

    std::string finished() && { return std::move(out_); }

private:
    void rule(const char* left, const std::string& label, const char* right) {
        auto shown = label.empty() ? "" : " " + label + " ";
        std::string dashes;
        for (auto used = displayWidth(shown); used < inner_ + 1; ++used) dashes += "─";
        out_ += paint(left + std::string("─"), Style::Frame) + paint(shown, Style::Bold) +
                paint(dashes + right, Style::Frame) + "\n";
    }
    std::string paint(const std::string& text, Style style) const {
        if (!colour_ || style == Style::Plain || text.empty()) return text;
        std::string begin = style == Style::Frame ? frame_ : style == Style::Bold ? "\x1B[1m" : "\x1B[2m";
        return begin + text + "\x1B[0m";
    }

    std::size_t inner_;
    bool colour_;
    std::string frame_;
    std::string out_;
};

void addFacts(Box& box, const Outline& outline) {
    std::size_t names = 0;
    for (const auto& fact : outline.facts) names = std::max(names, displayWidth(fact.name));
    names = std::min(names, box.inner() / 3);
    for (const auto& fact : outline.facts) {
        auto name = displayWidth(fact.name) > names ? fact.name + "  " : padded(fact.name, names + 2);
        box.text(name + fact.value, Style::Plain, names + 2);
    }
}

void addAffected(Box& box, const Outline& outline) {
    if (outline.affected.empty()) return;
    box.blank();
    box.text(outline.affectedHeading, Style::Bold);
    for (const auto& item : outline.affected)
        box.text("• " + item.name + (item.detail.empty() ? "" : "  " + item.detail), Style::Plain, 2);
    if (!outline.more.empty()) box.text("• " + outline.more, Style::Dim, 2);
}

void addChart(Box& box, const Outline& outline) {
    if (!outline.chart) return;
    box.blank();
    box.text(outline.chart->title + "  " + outline.chart->blocks, Style::Bold);
    box.text(outline.chart->labels, Style::Dim);
}

void addSection(Box& box, const CardSection& section) {
    box.blank();
    box.text(section.heading, Style::Bold);
    bool rows = section.kind == CardSection::Kind::Rows;
    for (std::size_t i = 0; rows && i < section.lines.size(); ++i)
        i % 2 == 0 ? box.text(section.lines[i]) : box.text("  " + section.lines[i], Style::Dim, 2);
    if (rows) return;
    for (const auto& line : section.lines) {
        if (section.kind == CardSection::Kind::Code)
            box.code(line);
        else
            box.text("• " + line, Style::Plain, 2);
    }
}

/// Label and command or address, aligned and never broken.
void addActions(Box& box, const Outline& outline) {
    std::size_t labels = 0;
    for (const auto& action : outline.actions) labels = std::max(labels, displayWidth(action.label));
    for (const auto& action : outline.actions)
        box.outside(padded(action.label, labels) + "  " + (action.command.empty() ? action.url : action.command));
}

}  // namespace

Screen detectScreen(int fileDescriptor) {
    auto setting = [](const char* name) {
        const char* value = std::getenv(name);
        return std::string(value == nullptr ? "" : value);
    };
    Screen screen;
    winsize size{};
    bool terminal = isatty(fileDescriptor) == 1;
    if (auto columns = std::strtoul(setting("COLUMNS").c_str(), nullptr, 10); columns > 0)
        screen.width = columns;
    else if (terminal && ioctl(fileDescriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        screen.width = size.ws_col;
    screen.colour = terminal && setting("NO_COLOR").empty() && setting("TERM") != "dumb";
    return screen;
}

std::string renderCard(const SafeCard& card, const Screen& screen) {
    auto outline = outlineOf(card, {});
    Box box(std::clamp<std::size_t>(screen.width, 40, 120), screen.colour, frameColour(card));
    box.top(outline.symbol + " " + outline.severity + " · " + outline.status);
    box.text(outline.title, Style::Bold);
    if (!outline.subtitle.empty()) box.text(outline.subtitle, Style::Dim);
    if (!outline.facts.empty()) box.middle();
    addFacts(box, outline);
    addAffected(box, outline);
    addChart(box, outline);
    for (const auto& section : outline.sections) addSection(box, section);
    if (!outline.footer.empty()) {
        box.middle();
        box.text(outline.footer, Style::Dim);
    }
    box.bottom();
    addActions(box, outline);
    return std::move(box).finished();
}

}  // namespace klaw::notifiers::terminal
