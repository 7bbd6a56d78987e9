#include <gtest/gtest.h>

#include "test/unit/rules/cel/cel_test.hpp"

namespace klaw::rules::cel {
namespace {

struct Row {
    std::string_view expression;
    std::string_view result;
};

void PrintTo(const Row& row, std::ostream* out) {
    *out << row.expression;
}

class CelLanguage : public testing::TestWithParam<Row> {};

TEST_P(CelLanguage, GivesWhatTheSpecificationSays) {
    EXPECT_EQ(evaluated(GetParam().expression), GetParam().result);
}

INSTANTIATE_TEST_SUITE_P(
    Arithmetic, CelLanguage,
    testing::Values(Row{"1 + 2 * 3", "7"}, Row{"(1 + 2) * 3", "9"}, Row{"7 / 2", "3"}, Row{"-7 % 3", "-1"},
                    Row{"7.0 / 2.0", "3.5"}, Row{"1 / 0", "error: division by zero"},
                    Row{"9223372036854775807 + 1", "error: integer overflow"},
                    Row{"-9223372036854775808", "-9223372036854775808"}, Row{"5u - 3u", "2"}, Row{"0x1F", "31"},
                    Row{"'a' + \"b\"", "ab"}, Row{"[1] + [2]", "[1,2]"}, Row{"--5", "5"}, Row{"[,]", "[]"},
                    Row{"[1].map(for, 1)", "error: 1:9: Syntax error: reserved identifier: for"}, Row{"{,}", "{}"},
                    Row{".cel.bind(x, 1, x)", "error: 1:1: undeclared reference to 'cel' (in container '')"},
                    Row{"--9223372036854775808", "error: 1:3: Syntax error: invalid int literal"}, Row{"1e3", "1000"}));

INSTANTIATE_TEST_SUITE_P(Comparison, CelLanguage,
                         testing::Values(Row{"1 < 2 && 2 <= 2 && 3 > 2 && 2 >= 2", "true"},
                                         Row{"dyn(1) == 1.0 && dyn(1u) == 1", "true"}, Row{"dyn(1) < 1.5", "true"},
                                         Row{"'a' < 'b'", "true"}, Row{"[1, 2] == [1, 2]", "true"},
                                         Row{"{'a': 1} == {'a': 1}", "true"}, Row{"dyn('a') == 1", "false"},
                                         Row{"2 in [1, 2]", "true"}, Row{"'b' in {'a': 1}", "false"},
                                         Row{"null == null", "true"},
                                         Row{"9007199254740993 == dyn(9007199254740992.0)", "true"}));

INSTANTIATE_TEST_SUITE_P(Logic, CelLanguage,
                         testing::Values(Row{"true || object.absent", "true"}, Row{"object.absent || true", "true"},
                                         Row{"object.absent && false", "false"},
                                         Row{"object.absent && true", "absent: no such key: absent"},
                                         Row{"!false ? 'yes' : 'no'", "yes"}, Row{"false ? object.absent : 1", "1"},
                                         Row{"has(object.absent)", "false"}));

INSTANTIATE_TEST_SUITE_P(
    Macros, CelLanguage,
    testing::Values(Row{"[1, 2, 3].all(x, x > 0)", "true"}, Row{"[1, 2, 3].exists(x, x > 2)", "true"},
                    Row{"[1, 2, 2].exists_one(x, x == 2)", "false"}, Row{"[1, 2, 3].filter(x, x > 1)", "[2,3]"},
                    Row{"[1, 2].map(x, x * 2)", "[2,4]"}, Row{"[1, 2].map(x, x > 1, x * 2)", "[4]"},
                    Row{"{'a': 1}.all(k, k == 'a')", "true"},
                    Row{"[[1, 2], [3]].map(x, x.map(y, y + 1))", "[[2,3],[4]]"},
                    Row{"[1].all(x, [2].all(y, x < y))", "true"}, Row{"['a', 1].exists(x, x == 1)", "true"}));

INSTANTIATE_TEST_SUITE_P(
    Strings, CelLanguage,
    testing::Values(Row{"'hello'.contains('ell')", "true"},
                    Row{"'hello'.startsWith('he') && 'hello'.endsWith('lo')", "true"},
                    Row{"'web-7f'.matches('^web-[0-9a-f]+$')", "true"}, Row{"matches('abc', 'b')", "true"},
                    Row{"'汉字'.size()", "2"}, Row{"'汉字'.substring(1)", "字"}, Row{"'汉字'.indexOf('字')", "1"},
                    Row{"'a,b,c'.split(',')", R"(["a","b","c"])"}, Row{"'a,b,c'.split(',', 2)", R"(["a","b,c"])"},
                    Row{"['a', 'b'].join('-')", "a-b"}, Row{"'abab'.replace('a', 'x')", "xbxb"},
                    Row{"'abab'.replace('a', 'x', 1)", "xbab"}, Row{"'ab'.replace('', '-')", "-a-b-"},
                    Row{"' x '.trim()", "x"}, Row{"'AbC'.lowerAscii() + 'AbC'.upperAscii()", "abcABC"},
                    Row{"'abc'.charAt(3)", ""}, Row{"'abc'.charAt(4)", "error: index out of range: 4"},
                    Row{"r'\\d'", "\\d"}, Row{"'\\u4e2d\\n'", "中\n"}, Row{"'ab'.reverse()", "ba"}));

INSTANTIATE_TEST_SUITE_P(
    Time, CelLanguage,
    testing::Values(
        Row{"now - timestamp('2026-11-23T09:00:00Z')", "1h"}, Row{"now + duration('90m')", "2026-11-23T11:30:00Z"},
        Row{"duration('1h') > duration('59m')", "true"}, Row{"now.getHours()", "10"},
        Row{"now.getHours('+08:00')", "18"}, Row{"now.getDayOfWeek()", "1"}, Row{"now.getFullYear()", "2026"},
        Row{"now.getMonth()", "10"}, Row{"now.getDayOfYear()", "326"}, Row{"duration('-90s').getMinutes()", "-1"},
        Row{"int(timestamp('1970-01-01T00:01:00Z'))", "60"}, Row{"string(duration('1h30m'))", "5400s"},
        Row{"timestamp('soon')", "error: 1:11: type conversion error from 'string' to 'google.protobuf.Timestamp'"}));

INSTANTIATE_TEST_SUITE_P(Conversions, CelLanguage,
                         testing::Values(Row{"int('42') + 1", "43"}, Row{"int(3.9)", "3"}, Row{"double('0.5')", "0.5"},
                                         Row{"string(12)", "12"}, Row{"type(1) == int", "true"},
                                         Row{"int('x')", "error: type conversion error from 'string' to 'int'"},
                                         Row{"bool('true')", "true"}));

INSTANTIATE_TEST_SUITE_P(Optionals, CelLanguage,
                         testing::Values(Row{"object.?a.?b.orValue('none')", "none"},
                                         Row{"optional.of(1).value()", "1"}, Row{"optional.none().hasValue()", "false"},
                                         Row{"{'a': 1}[?'a'].orValue(0)", "1"}, Row{"[1][?5].orValue(0)", "0"},
                                         Row{"optional.of(2).optMap(x, x + 1).value()", "3"}));

INSTANTIATE_TEST_SUITE_P(
    Refusals, CelLanguage,
    testing::Values(Row{"1 + 'a'", "error: 1:3: found no matching overload for '_+_' applied to '(int, string)'"},
                    Row{"1 && true", "error: 1:3: found no matching overload for '_&&_' applied to '(int, bool)'"},
                    Row{"'a'.matches('(')", "error: 1:13: error parsing regexp: missing ): ("},
                    Row{"pod.name", "error: 1:1: undeclared reference to 'pod' (in container '')"},
                    Row{"object.all(x)", "error: 1:12: argument must be a simple name"},
                    Row{"lower('x')", "error: 1:6: undeclared reference to 'lower' (in container '')"}));

TEST(CelData, IsReadFromAPackedObjectWithoutCopy) {
    constexpr auto pod =
        R"({"metadata":{"name":"web","labels":{"app.kubernetes.io/name":"shop"}},"status":{"containerStatuses":[{"name":"a","restartCount":3}]}})";
    EXPECT_EQ(evaluated("object.metadata.labels['app.kubernetes.io/name']", pod), "shop");
    EXPECT_EQ(evaluated("object.status.containerStatuses.exists(c, c.restartCount > 2)", pod), "true");
    EXPECT_EQ(evaluated("object.status.containerStatuses[0].name", pod), "a");
    EXPECT_EQ(evaluated("object.status.containerStatuses[1].name", pod), "absent: index out of bounds: 1");
    EXPECT_EQ(evaluated("object.status.phase", pod), "absent: no such key: phase");
}

TEST(CelQuantity, OfZeroKeepsTheDecimalsThatItWasWrittenWith) {
    EXPECT_EQ(evaluated("quantity('0Pi').add(quantity('.5G')).asApproximateFloat() == 500000000.0"), "true");
    EXPECT_EQ(evaluated("quantity('0.5Ki').add(quantity('.5G')).asApproximateFloat() == 500000512.00000006"), "true");
}

TEST(CelCost, OfOneEvaluationIsBounded) {
    std::string list = "[0";
    for (int i = 1; i < 2000; ++i) list += "," + std::to_string(i);
    EXPECT_EQ(evaluated("object.a.all(x, object.a.all(y, x + y >= 0))", "{\"a\":" + list + "]}"),
              "error: operation cancelled: actual cost limit exceeded");
}

TEST(CelCost, ThatCouldRunAwayIsRefusedWithItsPlace) {
    EXPECT_EQ(evaluated("object.a.exists(x, object.a.exists(y, x == y))", R"({"a":[1]})"), "true");
    EXPECT_EQ(evaluated("true && object.a.all(x,\n object.a.all(y, object.a.all(z, x + y == z)))"),
              "error: 1:21: estimated cost 6030304 exceeds the limit of 1000000 (lists and maps are taken to have 100 "
              "elements)");
}

TEST(CelCost, CountsWrittenListsByTheirLength) {
    EXPECT_EQ(evaluated("[1, 2].all(a, [1, 2].all(b, [1, 2].all(c, [1, 2].all(d, a + b + c + d > 3))))"), "true");
    EXPECT_EQ(evaluated("lists.range(3000000).all(a, true)").substr(0, 21), "error: 1:25: estimate");
}

TEST(CelNesting, BeyondTheLimitIsRefusedWithoutOverflowingTheStack) {
    EXPECT_TRUE(evaluated(std::string(50'000, '(')).starts_with("error: 1:"));
    EXPECT_TRUE(evaluated(std::string(50'000, '[')).starts_with("error: 1:"));
    EXPECT_TRUE(evaluated("1" + std::string(40'000, '+') + "1").starts_with("error: 1:"));
}

INSTANTIATE_TEST_SUITE_P(
    Schedules, CelLanguage,
    testing::Values(
        Row{"cronNext('30 2 * * *', '', timestamp('2026-11-23T02:30:00Z')).value()", "2026-11-24T02:30:00Z"},
        Row{"cronNext('30 2 * * *', 'Asia/Shanghai', timestamp('2026-11-23T02:30:00Z')).value()",
            "2026-11-23T18:30:00Z"},
        Row{"cronNext('@every 90m', 'UTC', timestamp('2026-11-23T02:30:00Z')).value()", "2026-11-23T04:00:00Z"},
        Row{"cronNext('0 0 30 2 *', '', timestamp('2026-11-23T00:00:00Z')).hasValue()", "false"},
        Row{"cronNext('@every nonsense', '', timestamp('2026-11-23T00:00:00Z'))",
            "error: no schedule: @every nonsense"},
        Row{"cronNext('0 0 * * *', 'Nowhere/Town', timestamp('2026-11-23T00:00:00Z'))",
            "error: unknown time zone Nowhere/Town"},
        Row{"cronNext('soon', '', timestamp('2026-11-23T00:00:00Z'))", "error: \"soon\" is no schedule"}));

}  // namespace
}  // namespace klaw::rules::cel
