#include "notifiers/terminal/terminal.hpp"

#include <cstdlib>

#include "base/text/utf8.hpp"
#include "notifiers/outline.hpp"
#include "notifiers/terminal/wrap.hpp"
#include "test/unit/notifiers/notifier_test.hpp"

namespace klaw::notifiers::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> linesOf(const std::string& text) {
    std::vector<std::string> lines(1);
    for (char c : text) c == '\n' ? lines.emplace_back() : lines.back() += c;
    return lines;
}

TEST(Wrapping, BreaksAtBlanksAndWithinWhatHasNone) {
    using terminal::wrap;
    EXPECT_THAT(wrap("one two three", 8), ElementsAre("one two", "three"));
    EXPECT_THAT(wrap("abcdefghij", 4), ElementsAre("abcd", "efgh", "ij"));
    EXPECT_THAT(wrap("反复崩溃", 5), ElementsAre("反复", "崩溃"));
    EXPECT_THAT(wrap("a bcdefghijkl", 8), ElementsAre("a bcdefg", "hijkl"));  // not a line with one letter
    EXPECT_THAT(wrap("", 8), ElementsAre(""));
    EXPECT_THAT(wrap("反", 1), ElementsAre("反"));
    EXPECT_THAT(terminal::wrapExactly("  a  b  c", 4), ElementsAre("  a ", " b  ", "c"));
}

TEST(TerminalCard, HasStraightEdgesAtEveryWidth) {
    for (std::size_t width : {10, 40, 57, 80, 120, 300}) {
        terminal::Screen screen{width, false};
        auto boxWidth = std::clamp<std::size_t>(width, 40, 120);
        for (const auto* language : {"en", "zh"})
            for (const auto& line : linesOf(renderCard(SafeCard(sampleCard(CardStatus::Firing, language)), screen))) {
                bool inBox = line.starts_with("│") || line.starts_with("╭") || line.starts_with("╰");
                if (inBox) EXPECT_EQ(displayWidth(line), boxWidth) << line;
            }
    }
}

TEST(TerminalCard, LetsNoControlCharacterThrough) {
    auto card = sampleCard(CardStatus::Firing, "en");
    card.title =
        "\x1B]0;owned\x07\x1B[2J\x9B"
        "31mtitle\b\b";
    card.buttons[0].label = "\x1B[5mAck";
    card.buttons[0].command = "ack x\x1B[0m\ny";
    auto text = renderCard(SafeCard(card), terminal::Screen());
    for (unsigned char c : text) EXPECT_TRUE(c >= 0x20 || c == '\n') << int(c);
    EXPECT_THAT(text, HasSubstr("title"));
}

TEST(TerminalCard, IsColouredOnlyWhenAsked) {
    SafeCard card(sampleCard(CardStatus::Firing, "en"));
    EXPECT_THAT(renderCard(card, terminal::Screen{80, true}), HasSubstr("\x1B[31m╭"));
    EXPECT_THAT(renderCard(card, terminal::Screen{80, false}), Not(HasSubstr("\x1B")));
}

TEST(ShellCommand, CanBePastedAsItIs) {
    EXPECT_EQ(shellCommand("ack 3f9a"), "klaw do \"ack 3f9a\"");
    EXPECT_EQ(shellCommand("logs \"a $(reboot) `x` \\"), "klaw do \"logs \\\"a \\$(reboot) \\`x\\` \\\\\"");
    EXPECT_EQ(shellCommand(""), "");
}

TEST(TerminalScreen, HeedsColumnsAndNoColour) {
    setenv("COLUMNS", "101", 1);
    EXPECT_EQ(terminal::detectScreen(-1).width, 101u);
    unsetenv("COLUMNS");
    auto screen = terminal::detectScreen(-1);
    EXPECT_EQ(screen.width, 80u);
    EXPECT_FALSE(screen.colour);
}

class TerminalTest : public NotifierTest {};

TEST_F(TerminalTest, PrintsAndReportsWhatCouldNotBePrinted) {
    std::string screen;
    bool broken = false;
    auto write = [&](std::string_view text) {
        screen += text;
        return !broken;
    };
    terminal::Terminal printer("console", write, [] { return terminal::Screen(); });
    EXPECT_TRUE(run(printer.send(smallCard(), SendContext("k"))));
    EXPECT_THAT(screen, HasSubstr("warning · Firing"));
    EXPECT_FALSE(printer.limits().canUpdate);
    broken = true;
    EXPECT_EQ(run(printer.send(smallCard(), SendContext("k"))).error().retry.kind, Retry::Kind::Later);
}

}  // namespace
}  // namespace klaw::notifiers::test
