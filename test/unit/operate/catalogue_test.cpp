#include "agent/operate/catalogue.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

namespace klaw::operate {
namespace {

TEST(Catalogue, IsTheTableOfTheDocuments) {
    std::ostringstream text;
    text << std::ifstream(KLAW_SOURCE_DIR "/docs/commands.md").rdbuf();
    EXPECT_TRUE(text.str().find(markdownTable()) != std::string::npos)
        << "docs/commands.md is out of date: replace its table by the output of `klaw commands`";
}

TEST(Catalogue, GivesEachWordToOneVerb) {
    std::set<std::string_view> words;
    for (const auto& verb : catalogue()) {
        EXPECT_TRUE(words.insert(verb.name).second) << verb.name;
        for (auto alias : verb.aliases) EXPECT_TRUE(words.insert(alias).second) << alias;
    }
}

TEST(Catalogue, SaysEverythingInBothLanguagesAndHowItIsCarriedOut) {
    for (const auto& verb : catalogue()) {
        EXPECT_TRUE(verb.usage.starts_with(verb.name)) << verb.name;
        EXPECT_FALSE(verb.summary.en.empty()) << verb.name;
        EXPECT_NE(verb.summary.zh, verb.summary.en) << verb.name;
        bool judges = verb.judgement != Verb::Judgement::None;
        EXPECT_EQ((verb.run != nullptr) + (verb.ask != nullptr) + (verb.plan != nullptr) + judges, 1) << verb.name;
        if (verb.plan) EXPECT_TRUE(verb.changes) << verb.name << " plans changes and says that it makes none";
    }
}

}  // namespace
}  // namespace klaw::operate
