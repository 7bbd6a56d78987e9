#include "agent/operate/command_line.hpp"

#include <gtest/gtest.h>

#include "agent/operate/catalogue.hpp"
#include "agent/operate/continuation.hpp"
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

TEST(CommandLine, TakesEveryBlankThatClientsWrite) {
    for (const auto* blank : {"\u00A0", "\u2005", "\u2009", "\u202F", "\u3000", " \u200B", "\uFEFF "}) {
        auto line = parseCommandLine(std::string(blank) + "pods" + blank + "shop" + blank + "--bad");
        ASSERT_TRUE(line);
        EXPECT_EQ(line->verb + " " + line->arguments.at(0), "pods shop") << blank;
        EXPECT_TRUE(line->option("bad")) << blank;
    }
}

/// "verb | arguments | options", or the error.
std::string parsed(const std::string& text) {
    auto line = parseCommandLine(text);
    if (!line) return "! " + line.error().message;
    auto out = line->verb + " |";
    for (const auto& argument : line->arguments) out += " " + argument;
    out += " |";
    for (const auto& [name, value] : line->options) out += " " + name + (value.empty() ? "" : "=" + value);
    return out;
}

TEST(CommandLine, IsReadTheSameOnEveryPlatform) {
    const std::pair<std::string, std::string> table[] = {
        {"pods", "pods | |"},
        {"pods shop", "pods | shop |"},
        {"pods -n prod --bad", "pods | | bad namespace=prod"},
        {"pods -A", "pods | | all"},
        {"pods --all-namespaces", "pods | | all"},
        {"pod web-0 -c east -l app=web,tier=front", "pod | web-0 | cluster=east selector=app=web,tier=front"},
        {"容器组 shop --bad", "容器组 | shop | bad"},
        {"describe deploy/web -n shop", "describe | deploy/web | namespace=shop"},
        {"logs web-0 -n shop --grep 'a b' --previous", "logs | web-0 | grep=a b namespace=shop previous"},
        {"logs web-0 --since=15m --tail 5 -n shop", "logs | web-0 | namespace=shop since=15m tail=5"},
        {"scale deploy/web 3 -n shop --yes", "scale | deploy/web 3 | namespace=shop yes"},
        {"scale --yes -n shop deploy/web 3", "scale | deploy/web 3 | namespace=shop yes"},
        {"set image deploy/web app=shop/web:1.5", "set | image deploy/web app=shop/web:1.5 |"},
        {"rollback deploy/web --to 7", "rollback | deploy/web | to=7"},
        {"silence namespace=~\"shop-.*\" 2h", "silence | namespace=~shop-.* 2h |"},
        {"静默　3f9a　2h　－－comment　“已知”", "静默 | 3f9a 2h | comment=已知"},
        {"ack 3f9a —comment ok", "ack | 3f9a | comment=ok"},
        {"cordon '-n'", "cordon | -n |"},
        {"help -", "help | - |"},
        {"pods -n", "! --namespace needs a value"},
        {"ack '3f9a", "! a ' is not closed"},
        {"", "! the command is empty"}};
    for (const auto& [text, expected] : table) EXPECT_EQ(parsed(text), expected) << text;
}

TEST(CommandLine, IsWrittenWithoutAnOption) {
    EXPECT_EQ(withoutOption("scale web 3 --expect u@4 -n shop", "expect"), "scale web 3 -n shop");
    EXPECT_EQ(withoutOption("scale web 3 --expect=u@4 --yes", "expect"), "scale web 3 --yes");
    EXPECT_EQ(withoutOption("scale web 3 --expected x --expect u", "expect"), "scale web 3 --expected x");
    EXPECT_EQ(withoutOption("scale web 3 --yes -n shop", "yes"), "scale web 3 -n shop");
    EXPECT_EQ(withoutOption("scale web 3", "expect"), "scale web 3");
    EXPECT_EQ(withoutOption("ack 3f9a --comment 'see --expect x' --expect \"u 4\"", "expect"),
              "ack 3f9a --comment 'see --expect x'")
        << "words in quotes are no option";
    EXPECT_EQ(withoutOption("scale web 3 --expect", "expect"), "scale web 3");
}

TEST(Catalogue, NamesTheOptionsOfItsUsages) {
    for (const auto& verb : catalogue()) {
        std::string usage(verb.usage);
        for (auto at = usage.find("--"); at != usage.npos; at = usage.find("--", at + 2)) {
            auto name = usage.substr(at + 2, usage.find_first_of(" ]", at) - at - 2);
            if (name.empty()) continue;  // a program follows
            CommandLine line;
            line.options[name] = isFlag(name) ? "" : "x";
            EXPECT_TRUE(checkOptions(verb, line, false)) << verb.name << " --" << name;
        }
        CommandLine unknown;
        unknown.options["colour"] = "red";
        EXPECT_FALSE(checkOptions(verb, unknown, true)) << verb.name;
    }
}

TEST(CommandLine, AProgramBehindTwoHyphensBecomesOneWord) {
    std::pair<const char*, const char*> commands[] = {
        {"exec web-0 -n shop -- df -h /", "exec web-0 -n shop --command 'df -h /'"},
        {"exec web-0 -n shop -- df", "exec web-0 -n shop --command 'df'"},
        {"exec web-0 -n shop -c app -- ls --all -c", "exec web-0 -n shop --container app --command 'ls --all -c'"},
        {"exec web-0 -n shop -c=app -- df", "exec web-0 -n shop --container=app --command 'df'"},
        {"exec web-0 -n shop -- echo 'two words'", "exec web-0 -n shop --command \"echo 'two words'\""},
        {"exec web-0 -n shop -- echo \"it's\"", "exec web-0 -n shop -- echo \"it's\""},  // both kinds of quotes
        {"exec web-0 -n shop — df", "exec web-0 -n shop --command 'df'"},
        {"exec web-0 -n shop -- echo --yes -- x", "exec web-0 -n shop --command 'echo --yes -- x'"},
        {"exec web-0 -n shop --command 'df -h'", "exec web-0 -n shop --command 'df -h'"},
        {"exec web-0 -n shop --", "exec web-0 -n shop --"},
    };
    for (const auto& [written, meant] : commands) EXPECT_EQ(withProgramAsOption(written), meant);
}

TEST(CommandLine, ArgumentsOfAProgramComeBackAsTheyWere) {
    for (const auto& argument :
         {"plain", "two words", "-h", "--yes", "a;b|c&d", "$(id)", "*", "it's", "\"quoted\"", "路径"}) {
        std::string quote = std::string(argument).find('\'') == std::string::npos ? "'" : "\"";
        auto line = parseCommandLine(withProgramAsOption("exec p -n s -- echo " + quote + argument + quote + " end"));
        ASSERT_TRUE(line);
        auto words = plainWordsOf(line->option("command").value_or(""));
        ASSERT_TRUE(words) << argument;
        if (line->options.contains("")) continue;  // both kinds of quotes: refused, never something else
        EXPECT_EQ(*words, (std::vector<std::string>{"echo", argument, "end"}));
    }
}

TEST(CommandLine, KeepsEveryByteOfAWordWrittenAnew) {
    const std::string withNul("grant anna operator 2h --cluster=pro\0d", 38);
    auto line = parseCommandLine(withNul);
    EXPECT_EQ(line->option("cluster"), std::string("pro\0d", 5));
    EXPECT_EQ(parseCommandLine(written(*line))->options, line->options);
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
