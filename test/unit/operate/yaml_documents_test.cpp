#include "agent/operate/yaml_documents.hpp"

#include <gmock/gmock.h>

namespace klaw::operate {
namespace {

using nlohmann::json;

json valueOf(const std::string& written) {
    auto documents = readYamlDocuments("value: " + written + "\n");
    EXPECT_TRUE(documents) << written;
    return documents ? documents->front().object["value"] : json();
}

/// By sigs.k8s.io/yaml, as kubectl reads.
TEST(YamlDocuments, ScalarsAreWhatKubectlTakesThemFor) {
    EXPECT_EQ(valueOf("8080"), 8080);
    EXPECT_EQ(valueOf("'8080'"), "8080");
    EXPECT_EQ(valueOf("\"true\""), "true");
    EXPECT_EQ(valueOf("true"), true);
    EXPECT_EQ(valueOf("yes"), true);
    EXPECT_EQ(valueOf("Off"), false);
    EXPECT_EQ(valueOf("~"), nullptr);
    EXPECT_EQ(valueOf(""), nullptr);
    EXPECT_EQ(valueOf("0644"), 420);
    EXPECT_EQ(valueOf("0x1F"), 31);
    EXPECT_EQ(valueOf("-3"), -3);
    EXPECT_EQ(valueOf("0.5"), 0.5);
    EXPECT_EQ(valueOf("1e3"), 1000.0);
    EXPECT_EQ(valueOf("500m"), "500m");
    EXPECT_EQ(valueOf("1.2.3"), "1.2.3");
    EXPECT_EQ(valueOf("infinity"), "infinity");
    EXPECT_EQ(valueOf("nan"), "nan");
    EXPECT_EQ(valueOf("99999999999999999999999"), 99999999999999999999999.0);
    EXPECT_EQ(valueOf("|\n  a\n  b\n"), "a\nb\n");
    EXPECT_EQ(valueOf("{a: [1, x]}"), json::parse(R"({"a":[1,"x"]})"));
}

TEST(YamlDocuments, LinesOfThreeHyphensPartThemAndEmptyOnesCountForNothing) {
    auto documents = readYamlDocuments("# first\n---\na: 1\n---   \n\n--- \nb: |\n  text\n  --- more\n");
    ASSERT_TRUE(documents) << documents.error().describe();
    ASSERT_EQ(documents->size(), 2u);
    EXPECT_EQ((*documents)[0].line, 3);
    EXPECT_EQ((*documents)[1].object["b"], "text\n--- more\n");
}

TEST(YamlDocuments, AMistakeSaysItsLineInTheWholeText) {
    auto documents = readYamlDocuments("a: 1\n---\nb: 2\nc: [\n");
    ASSERT_FALSE(documents);
    EXPECT_TRUE(documents.error().place.starts_with("YAML:5") || documents.error().place.starts_with("YAML:4"))
        << documents.error().describe();
    auto twice = readYamlDocuments("a: 1\na: 2\n");
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().place, "YAML:2:1");
}

TEST(YamlDocuments, ThereAreNotMoreThanFifty) {
    std::string text;
    for (int i = 0; i < 51; ++i) text += "a: 1\n---\n";
    ASSERT_FALSE(readYamlDocuments(text));
    EXPECT_EQ(readYamlDocuments(text).error().message, "there are more than 50 documents");
}

}  // namespace
}  // namespace klaw::operate
