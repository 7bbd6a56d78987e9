#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "base/text/utf8.hpp"
#include "notifiers/defuse.hpp"
#include "notifiers/dingtalk/escape.hpp"
#include "notifiers/feishu/escape.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::notifiers {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kBreak = "\xE2\x80\x8B";

std::string without(std::string text, const std::string& part) {
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at)) text.erase(at, part.size());
    return text;
}

TEST(DingTalkEscape, LeavesNoMarkup) {
    EXPECT_EQ(dingtalk::escapeMarkdown("a_b *c* `d` ~e~ #f |g|"), "a\\_b \\*c\\* \\`d\\` \\~e\\~ \\#f \\|g\\|");
    EXPECT_EQ(dingtalk::escapeMarkdown("![x](y) [l](u)"), "\\!\\[x\\](y) \\[l\\](u)");
    EXPECT_EQ(dingtalk::escapeMarkdown("<at id=all></at> & <b>"), "&lt;at id=all&gt;&lt;/at&gt; &amp; &lt;b&gt;");
    EXPECT_EQ(dingtalk::escapeMarkdown("- item"), "\\- item");
    EXPECT_EQ(dingtalk::escapeMarkdown("12. item"), "12\\. item");
    EXPECT_EQ(dingtalk::escapeMarkdown("> quote"), "&gt; quote");
    EXPECT_EQ(dingtalk::escapeMarkdown("exit-code 1.5"), "exit-code 1.5");
}

TEST(FeishuEscape, LeavesNoMarkup) {
    EXPECT_EQ(feishu::escapeMarkdown("<at id=all></at>"), "&lt;at id=all&gt;&lt;/at&gt;");
    EXPECT_EQ(feishu::escapeMarkdown("a_b"), "a&#95;b");
    EXPECT_EQ(feishu::escapeMarkdown("[l](u)"), "&#91;l&#93;&#40;u&#41;");
    EXPECT_EQ(feishu::escapeMarkdown("&lt;at id=all&gt;"), "&amp;lt;at id=all&amp;gt;");
    EXPECT_EQ(feishu::escapeMarkdown("- item"), "&#45; item");
    EXPECT_EQ(feishu::escapeMarkdown("12. item"), "12&#46; item");
}

TEST(Defusing, BreaksAddressesAndMentionsButNotImages) {
    EXPECT_EQ(defuseText("http://x"), std::string("http:") + kBreak + "//x");
    EXPECT_EQ(defuseText("www.x.cn"), std::string("www") + kBreak + ".x.cn");
    EXPECT_EQ(defuseText("@all x"), std::string("@") + kBreak + "all x");
    EXPECT_EQ(defuseText("nginx@sha256:ab"), "nginx@sha256:ab");
}

TEST(CodeLines, HoldNoTagNoFenceAndKeepTheirIndentation) {
    for (auto escape : {dingtalk::escapeCodeLine, feishu::escapeCodeLine}) {
        auto line = escape("```<at id=all></at> ~~~");
        EXPECT_THAT(line, Not(HasSubstr("```")));
        EXPECT_THAT(line, Not(HasSubstr("~~~")));
        EXPECT_THAT(line, Not(HasSubstr("<at")));
        EXPECT_EQ(without(line, kBreak), "```<at id=all></at> ~~~");
        EXPECT_EQ(escape("a < b <= c"), "a < b <= c");
    }
    EXPECT_EQ(dingtalk::escapeCodeLine("  x"), "\xC2\xA0\xC2\xA0x");
    EXPECT_EQ(feishu::escapeCodeLine("  x"), "  x");
}

TEST(InlineCode, CannotBeClosedFromWithin) {
    EXPECT_EQ(dingtalk::inlineCode("a`b"),
              "`a\xCB\x8B"
              "b`");
    EXPECT_EQ(feishu::inlineCode("a`b"),
              "`a\xCB\x8B"
              "b`");
    EXPECT_EQ(feishu::inlineCode(""), "");
}

TEST(FeishuText, HoldsNoMentionTag) {
    EXPECT_THAT(feishu::escapeText("<at user_id=\"all\">x</at>"), Not(HasSubstr("<at")));
}

/// Whatever the cluster writes, no character that could begin markup is left bare.
TEST(Escaping, HoldsForRandomText) {
    SeededRandom random(11);
    static constexpr std::string_view kAlphabet = "<>&*_~`[]()#\\!-+.@:/ 1a\n\x1B\xE5\x8F\xFF";
    for (int round = 0; round < 3000; ++round) {
        std::string text;
        for (auto length = random.next() % 30; length > 0; --length)
            text += kAlphabet[random.next() % kAlphabet.size()];
        auto line = oneLine(text);
        ASSERT_TRUE(isValidUtf8(line));
        auto feishu = feishu::escapeMarkdown(line);
        ASSERT_EQ(feishu.find_first_of("<>*_~`[]()\\!\n\x1B"), std::string::npos) << text;
        auto ding = dingtalk::escapeMarkdown(line);
        ASSERT_EQ(ding.find_first_of("<>\n\x1B"), std::string::npos) << text;
        ASSERT_THAT(ding, Not(HasSubstr("://"))) << text;
        for (std::size_t at = 0; at < ding.size(); ++at) {
            bool markup = std::string_view("*_~`[]!").find(ding[at]) != std::string_view::npos;
            if (ding[at] == '\\')
                ++at;  // whatever follows is literal
            else
                ASSERT_FALSE(markup) << text;
        }
    }
}

TEST(OneLine, RemovesTerminalSequencesAndDirectionOverrides) {
    EXPECT_EQ(oneLine("\x1B[31mred\x1B[0m"), "red");
    EXPECT_EQ(oneLine("\x1B]0;title\x07x\x1B]8;;http://e\x1B\\y"), "xy");
    EXPECT_EQ(oneLine("a\r\nb\rc\td"), "a b c d");
    EXPECT_EQ(oneLine("a\xE2\x80\xAE"
                      "b"),
              "a\xEF\xBF\xBD"
              "b");
    EXPECT_EQ(oneLine("a\xC2\x9B"
                      "31m"),
              "a\xEF\xBF\xBD"
              "31m");
    EXPECT_EQ(oneLine(std::string("a\0\x07z", 4)), "a\xEF\xBF\xBD\xEF\xBF\xBDz");
    EXPECT_EQ(oneLine("\x1B"), "");
    EXPECT_EQ(oneLine("\x1B[999999"), "");
}

TEST(SafeUrl, TakesOnlyWebAddressesAndEncodesWhatCouldEndThem) {
    EXPECT_EQ(safeUrl("https://a.b/c?d=e#f"), "https://a.b/c?d=e#f");
    EXPECT_EQ(safeUrl("HTTP://a/(x) \"y\"<z>"), "HTTP://a/%28x%29%20%22y%22%3cz%3e");
    EXPECT_EQ(safeUrl("javascript:alert(1)"), "");
    EXPECT_EQ(safeUrl("https://"), "");
    EXPECT_EQ(safeUrl(""), "");
}

}  // namespace
}  // namespace klaw::notifiers
