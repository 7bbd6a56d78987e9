#include <gtest/gtest.h>

#include "rules/cel/functions.hpp"
#include "rules/cel/program.hpp"
#include "rules/cel/signatures.hpp"

namespace klaw::rules::cel {
namespace {

/// The type of an expression over `object`, of which nothing is known, or why it is refused.
std::string typeOf(std::string_view expression) {
    auto program = Program::compile(expression, {.variables = {"object"}});
    return program ? program->type().text() : program.error().message;
}

struct Row {
    std::string_view expression, type;
};
void PrintTo(const Row& row, std::ostream* out) {
    *out << row.expression;
}

class CelTypes : public testing::TestWithParam<Row> {};

TEST_P(CelTypes, AreInferred) {
    EXPECT_EQ(typeOf(GetParam().expression), GetParam().type);
}

INSTANTIATE_TEST_SUITE_P(
    Results, CelTypes,
    testing::Values(Row{"object.a", "dyn"}, Row{"1 + 2", "int"}, Row{"object.a + 1", "int"}, Row{"[]", "list(dyn)"},
                    Row{"[1, 2]", "list(int)"}, Row{"[1, 'a']", "list(dyn)"}, Row{"[[], [1]]", "list(list(int))"},
                    Row{"{'a': [1u]}", "map(string, list(uint))"}, Row{"[1].map(x, string(x))", "list(string)"},
                    Row{"{'a': 1}.map(k, k)", "list(string)"},
                    Row{"[3].transformMap(i, v, string(v))", "map(int, string)"},
                    Row{"['a'].filter(x, x != '')", "list(string)"}, Row{"['b'].sortBy(x, size(x))[0]", "string"},
                    Row{"object.?a", "optional_type(dyn)"}, Row{"{'a': 1}.?a.orValue(2)", "int"},
                    Row{"optional.of(1).optMap(x, x > 0)", "optional_type(bool)"}, Row{"true ? 1 : object.a", "dyn"},
                    Row{"cel.bind(x, [1.5], x[0])", "double"}, Row{"math.greatest(1, 2, 3)", "int"},
                    Row{"quantity('1').add(2)", "kubernetes.Quantity"}));

INSTANTIATE_TEST_SUITE_P(
    Refusals, CelTypes,
    testing::Values(
        Row{"[1, 2].exists(x, x == 'a')", "found no matching overload for '_==_' applied to '(int, string)'"},
        Row{"true ? 1 : 'a'", "found no matching overload for '_?_:_' applied to '(bool, int, string)'"},
        Row{"[1].join(',')", "found no matching overload for 'join' applied to 'list(int).(string)'"},
        Row{"1 in ['a']", "found no matching overload for '@in' applied to '(int, list(string))'"},
        Row{"{'a': 1}[1]", "found no matching overload for '_[_]' applied to '(map(string, int), int)'"},
        Row{"1 == null", "found no matching overload for '_==_' applied to '(int, null_type)'"},
        Row{"optional.of('a').orValue(1)",
            "found no matching overload for 'orValue' applied to 'optional_type(string).(int)'"},
        Row{"quantity('1') > 2", "found no matching overload for '_>_' applied to '(kubernetes.Quantity, int)'"}));

INSTANTIATE_TEST_SUITE_P(
    Formats, CelTypes,
    testing::Values(
        Row{"'%s %d %x'.format([['a'], object.a, b'c'])", "string"},
        Row{"'%d'.format(['a'])",
            "error during formatting: decimal clause can only be used on ints, uints, and doubles, was given string"},
        Row{"'%d %d'.format([1])", "index 1 out of range"},
        Row{"'%d'.format([1, 2])", "too many arguments supplied to string.format"},
        Row{"'%y'.format([1])", "could not parse formatting clause: unrecognized formatting clause \"y\""}));

TEST(CelSignatures, AreKnownOfEachFunctionAndOfNothingElse) {
    auto named = namesWithSignatures();
    for (auto name : named) {
        bool method = name.starts_with('.'), operation = name.find_first_of("_@!") != name.npos;
        bool any = operation;
        for (std::size_t arguments = 0; arguments < 5; ++arguments)
            any |= findFunction(method ? name.substr(1) : name, method, arguments).has_value();
        EXPECT_TRUE(any) << name;
    }
    for (const auto& function : allFunctions())
        EXPECT_FALSE(signaturesOf((function.method ? "." : "") + std::string(function.name)).empty()) << function.name;
}

TEST(CelTypes, ThatGrowOutOfHandAreCutOffByDyn) {
    std::string expression = "[1]";
    for (int i = 0; i < 60; ++i) expression = "cel.bind(x, " + expression + ", {x: x})";
    EXPECT_LT(typeOf(expression).size(), 10'000u);
}

}  // namespace
}  // namespace klaw::rules::cel
