// How commands are read, as people write them: each line of the golden file is what was written and what is understood.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "agent/operate/catalogue.hpp"
#include "agent/operate/continuation.hpp"

namespace klaw::operate {
namespace {

constexpr auto tableFile = KLAW_SOURCE_DIR "/test/golden/commands/parse.txt";
constexpr std::string_view arrow = "  =>  ";

/// "pods [shop] bad namespace=prod", or the error with its remedy.
std::string understood(const std::string& text) {
    auto line = parseCommandLine(text);
    if (!line) return "! " + line.error().describe();
    const auto* verb = findVerb(line->verb);
    if (!verb) {
        std::string likely;
        for (auto each : likelyVerbs(line->verb)) likely += (likely.empty() ? "" : ", ") + std::string(each);
        return likely.empty() ? "! unknown" : "! did you mean " + likely + "?";
    }
    if (auto known = checkOptions(*verb, *line, false); !known) return "! " + known.error().describe();
    std::string out(verb->name);
    for (const auto& argument : line->arguments) out += " [" + argument + "]";
    for (const auto& [name, value] : line->options) out += " " + name + (value.empty() ? "" : "=" + value);
    bool changes = verb->changes && verb->changes(*line);
    return out + (changes ? "  (changes)" : "");
}

TEST(Grammar, ReadsWhatItWritesTheSame) {
    std::ifstream in(tableFile);
    std::vector<std::string> texts{"comment 3f9a 'it'\"'\"'s \"quoted\"'",
                                   "cordon '-n'",
                                   "comment 3f9a ''",
                                   "silence 3f9a --comment '--yes'",
                                   "logs web -n shop --grep \"a'b\"",
                                   "silence 3f9a --comment 'two\nlines'",
                                   "create pod a --env A=1 --env '' --env 'B='",
                                   "create pod a --env ''"};
    for (std::string line; std::getline(in, line);)
        if (auto at = line.find(arrow); at != line.npos && line.front() != '#') texts.push_back(line.substr(0, at));
    for (const auto& text : texts) {
        auto line = parseCommandLine(text);
        const auto* verb = line ? findVerb(line->verb) : nullptr;
        if (!verb || !checkOptions(*verb, *line, false)) continue;
        auto again = parseCommandLine(written(*line));
        ASSERT_TRUE(again) << written(*line);
        EXPECT_EQ(again->verb, line->verb) << text;
        EXPECT_EQ(again->arguments, line->arguments) << text;
        EXPECT_EQ(again->options, line->options) << text;
    }
}

/// KLAW_UPDATE_GOLDEN=1 writes what stands behind the arrows anew.
TEST(Grammar, ReadsEachLineOfTheTableAsReviewed) {
    std::ifstream in(tableFile);
    ASSERT_TRUE(in) << tableFile;
    std::ostringstream updated;
    std::size_t lines = 0;
    for (std::string line; std::getline(in, line);) {
        bool isCase = !line.empty() && line.front() != '#';
        if (!isCase) {
            updated << line << "\n";
            continue;
        }
        ++lines;
        auto at = line.find(arrow);
        auto text = line.substr(0, at);
        auto actual = understood(text);
        if (!std::getenv("KLAW_UPDATE_GOLDEN")) EXPECT_EQ(line, text + std::string(arrow) + actual);
        updated << text << arrow << actual << "\n";
    }
    if (std::getenv("KLAW_UPDATE_GOLDEN")) std::ofstream(tableFile) << updated.str();
    EXPECT_GE(lines, 100u);
}

}  // namespace
}  // namespace klaw::operate
