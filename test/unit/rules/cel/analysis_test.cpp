#include <gtest/gtest.h>

#include "rules/cel/program.hpp"

namespace klaw::rules::cel {
namespace {

/// Paths as FieldTree::add takes them, sorted; inner nodes that keep nothing end in "{}".
void appendPaths(const FieldTree& tree, const std::string& prefix, std::string& out) {
    auto line = [&](const std::string& text) { out += (out.empty() ? "" : " ") + text; };
    if (tree.whole) line(prefix);
    for (const auto& [name, child] : tree.fields) appendPaths(child, prefix.empty() ? name : prefix + "." + name, out);
    if (tree.elements && tree.elements->empty())
        line(prefix + "[]{}");
    else if (tree.elements)
        appendPaths(*tree.elements, prefix + "[]", out);
}

std::string fieldsRead(std::string_view expression) {
    auto program = Program::compile(expression, {{"object", "old", "now"}});
    if (!program) return program.error().message;
    std::string paths;
    appendPaths(program->fieldsOf("object"), "", paths);
    return paths;
}

TEST(CelFieldsRead, AreThePathsAnExpressionFollows) {
    EXPECT_EQ(fieldsRead("object.spec.replicas > 1 && old.spec.paused"), "spec.replicas");
    EXPECT_EQ(fieldsRead("object.metadata.labels['app']"), "metadata.labels.app");
    EXPECT_EQ(fieldsRead("has(object.spec.paused)"), "spec.paused");
    EXPECT_EQ(fieldsRead("object.?status.?phase.orValue('') == 'x'"), "status.phase");
    EXPECT_EQ(fieldsRead("now > timestamp('2026-01-01T00:00:00Z')"), "");
}

TEST(CelFieldsRead, FollowMacroVariables) {
    EXPECT_EQ(fieldsRead("object.spec.containers.all(c, c.image != '')"), "spec.containers[].image");
    EXPECT_EQ(fieldsRead("object.spec.containers.filter(c, c.tty).map(c, c.name)"),
              "spec.containers[].name spec.containers[].tty");
    EXPECT_EQ(fieldsRead("object.status.conditions.exists(c, c.type == 'Ready' && c.status != 'True')"),
              "status.conditions[].status status.conditions[].type");
    EXPECT_EQ(fieldsRead("object.metadata.finalizers.exists(f, f == 'x')"), "metadata.finalizers[]");
    EXPECT_EQ(fieldsRead("object.items.exists(i, true)"), "items[]{}");
}

TEST(CelFieldsRead, KeepEverythingWhereAValueIsUsedAsAWhole) {
    EXPECT_EQ(fieldsRead("object.spec == old.spec"), "spec");
    EXPECT_EQ(fieldsRead("object.spec.containers.size() > 2"), "spec.containers");
    EXPECT_EQ(fieldsRead("(object.a.b ? object.c : object.d).e"), "a.b c.e d.e");
}

/// "a=x, b|c=y" and so on: clauses with a space between, their guards with a bar.
std::string clausesOf(std::string_view expression) {
    auto program = Program::compile(expression, {{"object", "item"}});
    if (!program) return program.error().message;
    std::string text;
    for (const auto& clause : program->clauses()) {
        text += text.empty() ? "" : " ";
        for (const auto& guard : clause) {
            text += &guard == &clause.front() ? "" : "|";
            text += guard.variable;
            for (const auto& segment : guard.path) text += "." + segment;
            for (const auto& value : guard.anyOf) text += (&value == &guard.anyOf.front() ? "=" : ",") + value;
        }
    }
    return text;
}

TEST(CelClauses, AreEqualitiesThatMustHold) {
    EXPECT_EQ(clausesOf("item.state.waiting.reason == 'CrashLoopBackOff'"),
              "item.state.waiting.reason=CrashLoopBackOff");
    EXPECT_EQ(clausesOf("'Failed' == object.status.phase && item.type == 'x'"),
              "object.status.phase=Failed item.type=x");
    EXPECT_EQ(clausesOf("object.reason in ['A', 'B']"), "object.reason=A,B");
    EXPECT_EQ(clausesOf("object.reason == 'A' || object.reason == 'B'"), "object.reason=A,B");
}

TEST(CelClauses, AreOneGuardOfEachAlternative) {
    EXPECT_EQ(clausesOf("object.reason == 'A' || item.other == 'B'"), "object.reason=A|item.other=B");
    EXPECT_EQ(clausesOf("(object.a == 'x' && object.b == 'y') || object.c > 1"), "object.a=x|object.c");
    EXPECT_EQ(clausesOf("object.reason == 'A' || true"), "");
}

TEST(CelClauses, AreFieldsWithoutWhichTheEvaluationFails) {
    EXPECT_EQ(clausesOf("object.spec.replicas > 0 && item.count != object.spec.count"),
              "object.spec.replicas item.count object.spec.count");
    EXPECT_EQ(clausesOf("has(object.metadata.deletionTimestamp)"), "object.metadata.deletionTimestamp");
    EXPECT_EQ(clausesOf("object.spec.paused"), "object.spec.paused");
}

TEST(CelClauses, AreNeverTakenFromWhatNeedNotHold) {
    EXPECT_EQ(clausesOf("!(object.reason == 'A')"), "");
    EXPECT_EQ(clausesOf("!has(object.reason)"), "");
    EXPECT_EQ(clausesOf("object.a == 'x' ? true : false"), "");
    EXPECT_EQ(clausesOf("object.?spec.?replicas.orValue(0) == 0"), "");
    EXPECT_EQ(clausesOf("object.list.exists(x, x.a == 'b')"), "");
}

}  // namespace
}  // namespace klaw::rules::cel
