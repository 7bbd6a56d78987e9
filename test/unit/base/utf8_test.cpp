#include "base/text/utf8.hpp"

#include <gtest/gtest.h>

namespace klaw {
namespace {

TEST(Utf8, ReplacesEveryMalformedByteAndKeepsTheRest) {
    EXPECT_EQ(validUtf8("plain"), "plain");
    EXPECT_EQ(validUtf8("反复崩溃"), "反复崩溃");
    EXPECT_EQ(validUtf8("a\xFFz"), "a\xEF\xBF\xBDz");
    EXPECT_EQ(validUtf8("\xE5\x8F"), "\xEF\xBF\xBD\xEF\xBF\xBD");  // cut in the middle
    EXPECT_EQ(validUtf8("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");  // overlong
    EXPECT_FALSE(isValidUtf8("\xED\xA0\x80"));                     // surrogate
}

TEST(Utf8, IsCutOnACodePointBoundary) {
    EXPECT_EQ(truncateUtf8("反复崩溃", 12), "反复崩溃");
    EXPECT_EQ(truncateUtf8("反复崩溃", 11), "反复…");
    EXPECT_EQ(truncateUtf8("abcdef", 5, ""), "abcde");
    EXPECT_EQ(truncateUtf8("反", 1), "");
}

TEST(Utf8, KnowsHowWideATerminalDrawsIt) {
    EXPECT_EQ(displayWidth("pods"), 4u);
    EXPECT_EQ(displayWidth("反复崩溃"), 8u);
    EXPECT_EQ(displayWidth("e\xCC\x81"), 1u);  // combining accent
    EXPECT_EQ(displayWidth("🔥"), 2u);
    EXPECT_EQ(displayWidth("⚪✅⚡"), 6u);
    EXPECT_EQ(displayWidth("•│…✓"), 4u);
}

}  // namespace
}  // namespace klaw
