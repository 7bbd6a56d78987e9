#include "agent/operate/command_line.hpp"

#include <gtest/gtest.h>

#include "agent/operate/catalogue.hpp"
#include "agent/operate/table.hpp"

namespace klaw::operate {
namespace {

TEST(CommandLine, SplitsWordsQuotesAndOptions) {
    auto line = parseCommandLine("silence 3f9a 2h --comment \"known, see ticket\" -n shop --cluster=prod");
    ASSERT_TRUE(line);
    EXPECT_EQ(line->verb, "silence");
    EXPECT_EQ(line->arguments, (std::vector<std::string>{"3f9a", "2h"}));
    EXPECT_EQ(line->option("comment"), "known, see ticket");
    EXPECT_EQ(line->option("namespace"), "shop");
    EXPECT_EQ(line->option("cluster"), "prod");
}

TEST(CommandLine, ReadsWhatChineseKeyboardsWrite) {
    auto line = parseCommandLine("静默　3f9a －－comment “已知 问题”");
    ASSERT_TRUE(line);
    EXPECT_EQ(line->verb, "静默");
    EXPECT_EQ(line->arguments, (std::vector<std::string>{"3f9a"}));
    EXPECT_EQ(line->option("comment"), "已知 问题");
}

TEST(CommandLine, IsRefusedWhereItCannotBeMeant) {
    EXPECT_EQ(parseCommandLine("ack \"3f9a").error().message, "a \" is not closed");
    EXPECT_EQ(parseCommandLine("   ").error().message, "the command is empty");
    EXPECT_EQ(parseCommandLine("ack 3f9a --comment").error().message, "--comment needs a value");
}

TEST(Catalogue, KnowsItsVerbsInBothLanguages) {
    EXPECT_EQ(findVerb("ack"), findVerb("认领"));
    EXPECT_EQ(findVerb("alerts"), findVerb("告警"));
    EXPECT_EQ(findVerb("drop"), nullptr);
    for (const auto& verb : catalogue()) {
        EXPECT_FALSE(verb.summary.en.empty()) << verb.name;
        EXPECT_FALSE(verb.summary.zh.empty()) << verb.name;
    }
}

TEST(Table, CountsTheColumnsOfWideCharacters) {
    EXPECT_EQ(formatTable({"A", "B"}, {{"汉字", "1"}, {"x", "2"}}), "A      B\n汉字   1\nx      2\n");
}

}  // namespace
}  // namespace klaw::operate
