#include <gtest/gtest.h>

#include <array>

#include "base/packed/packed.hpp"
#include "rules/cel/program.hpp"

namespace klaw::rules::cel {
namespace {

std::string rendered(std::string_view text) {
    auto compiled = Template::compile(text, {{"object"}});
    if (!compiled) return compiled.error().place + ": " + compiled.error().message;
    auto object = packJson(R"({"name":"web","count":3})").value();
    std::array<Value, 1> bindings{Value::packed(object.view())};
    return compiled->render(bindings);
}

TEST(CelTemplate, PutsValuesIntoText) {
    EXPECT_EQ(rendered("${object.name} restarted ${object.count} times"), "web restarted 3 times");
    EXPECT_EQ(rendered("plain"), "plain");
    EXPECT_EQ(rendered("反复崩溃：${object.name}"), "反复崩溃：web");
}

TEST(CelTemplate, WritesNothingForAnAbsentField) {
    EXPECT_EQ(rendered("[${object.absent}]"), "[]");
}

TEST(CelTemplate, TakesTwoDollarsAsOne) {
    EXPECT_EQ(rendered("$${x} costs $5"), "${x} costs $5");
}

TEST(CelTemplate, LetsExpressionsHoldBracesAndQuotes) {
    EXPECT_EQ(rendered("${{'a}': 1}['a}'] + 1} ${'}'}"), "2 }");
}

TEST(CelTemplate, SaysWhereAnErrorIsInTheWholeText) {
    EXPECT_EQ(rendered("名 ${object.name +}"), "1:18: Syntax error: mismatched input '<EOF>'");
    EXPECT_EQ(rendered("one\ntwo ${pod}"), "2:7: undeclared reference to 'pod' (in container '')");
    EXPECT_EQ(rendered("x ${object"), "1:3: `${` without its `}` (write $$ for a dollar sign)");
}

}  // namespace
}  // namespace klaw::rules::cel
