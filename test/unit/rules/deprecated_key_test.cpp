#include <gtest/gtest.h>

#include "rules/load/yaml_cursor.hpp"

namespace klaw::rules {
namespace {

struct Section {
    std::string colour;
};

constexpr Field<Section> sectionFields[] = {
    {"colour", [](const YamlCursor& v, Section& s) { s.colour = v.text("colour").value; }},
    {"color", [](const YamlCursor& v, Section& s) { s.colour = v.text("color").value; }, "colour"},
};

struct Reading {
    Section section;
    std::string errors, warnings;
};

Reading read(const std::string& text) {
    Reading reading;
    Problems problems;
    auto file = std::make_shared<SourceFile>("klaw.yaml", text);
    auto root = YamlCursor::parse(file, text, problems);
    if (root) decodeFields<Section>(*root, "the section", sectionFields, reading.section);
    for (const auto& error : problems.errors()) reading.errors += error.describe();
    for (const auto& warning : problems.warnings()) reading.warnings += warning.describe();
    return reading;
}

TEST(DeprecatedKey, IsReadAsBeforeWithAWarningThatNamesTheNewOne) {
    auto reading = read("color: red");
    EXPECT_EQ(reading.section.colour, "red");
    EXPECT_EQ(reading.errors, "");
    EXPECT_EQ(reading.warnings, "klaw.yaml:1:1: \"color\" in the section is deprecated (write \"colour\" instead)");
}

TEST(DeprecatedKey, IsAnErrorBesideTheNewOne) {
    auto reading = read("colour: blue\ncolor: red");
    EXPECT_EQ(reading.errors,
              "klaw.yaml:2:1: \"color\" in the section is the old name of \"colour\", which is given as well (keep "
              "\"colour\")");
}

TEST(DeprecatedKey, IsNotProposedToWhoeverMisspellsIt) {
    EXPECT_EQ(read("colou: red").errors,
              "klaw.yaml:1:1: unknown key \"colou\" in the section (did you mean \"colour\"?)");
}

TEST(DeprecatedKey, LeavesTheNewOneWithoutAWarning) {
    EXPECT_EQ(read("colour: red").warnings, "");
}

}  // namespace
}  // namespace klaw::rules
