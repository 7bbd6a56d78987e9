#include <gtest/gtest.h>

#include "rules/silence_set.hpp"

namespace klaw::rules {
namespace {

Alert alertOf(Labels labels, const std::string& rule = "PodOOMKilled") {
    Alert alert;
    alert.rule = rule;
    alert.cluster = "c1";
    alert.severity = Severity::Warning;
    alert.labels = std::move(labels);
    return alert;
}

bool matches(const std::string& text, const Alert& alert) {
    auto parsed = parseMatchers(text);
    EXPECT_TRUE(parsed) << text;
    if (!parsed) return false;
    auto compiled = CompiledMatchers::compile(*parsed);
    EXPECT_TRUE(compiled) << text;
    return compiled && compiled->match(alert);
}

TEST(Matchers, CompareLabels) {
    auto alert = alertOf({{"namespace", "shop"}, {"pod", "web-1"}});
    EXPECT_TRUE(matches(R"(namespace="shop")", alert));
    EXPECT_FALSE(matches(R"(namespace="sho")", alert));
    EXPECT_TRUE(matches(R"(pod=~"web-.*")", alert));
    EXPECT_FALSE(matches(R"(pod=~"web")", alert)) << "a regular expression meets the whole value";
    EXPECT_TRUE(matches(R"(namespace="shop", pod!="web-2")", alert));
    EXPECT_FALSE(matches(R"(namespace="shop", pod!="web-1")", alert));
    EXPECT_FALSE(matches(R"(namespace="shop", pod!~"web-.")", alert));
}

TEST(Matchers, MustAllMatch) {
    EXPECT_FALSE(matches(R"(namespace="shop", pod="web-2")", alertOf({{"namespace", "shop"}, {"pod", "web-1"}})));
}

TEST(Matchers, KnowWhatIsNoLabel) {
    auto alert = alertOf({});
    EXPECT_TRUE(matches("alertname=PodOOMKilled", alert));
    EXPECT_TRUE(matches("rule=PodOOMKilled, cluster=c1, severity=warning", alert));
    EXPECT_FALSE(matches("severity=critical", alert));
}

TEST(Matchers, TakeAnAbsentLabelForEmpty) {
    EXPECT_TRUE(matches(R"(alertname="PodOOMKilled", pod="")", alertOf({})));
    EXPECT_FALSE(matches(R"(pod="web")", alertOf({})));
}

TEST(Matchers, AreWrittenAsTheyAreRead) {
    for (const auto* text : {R"(namespace="shop")", R"(namespace="shop", pod=~"web-.*", team!="a", x!~"b|c")",
                             R"(message="say \"hi\" to \\")", R"(app.kubernetes.io/name="web")"}) {
        auto parsed = parseMatchers(text);
        ASSERT_TRUE(parsed) << text;
        EXPECT_EQ(formatMatchers(*parsed), text);
    }
    EXPECT_EQ(*parseMatchers(R"({namespace="shop"})"), *parseMatchers("namespace=shop"));
}

TEST(Matchers, ThatAreNotWellFormedAreRefusedWithTheColumn) {
    auto messageOf = [](const char* text) {
        auto parsed = parseMatchers(text);
        return parsed ? std::string("accepted") : parsed.error().message;
    };
    EXPECT_EQ(messageOf("namespace"), "expected =, !=, =~ or !~ at column 10");
    EXPECT_EQ(messageOf(R"(namespace="shop)"), "the quotes are not closed at column 16");
    EXPECT_EQ(messageOf(R"(a="b" c="d")"), "expected a comma at column 7");
    EXPECT_EQ(messageOf(R"({a="b")"), "expected } at column 7");
    EXPECT_EQ(messageOf(R"(a="b"} c)"), "unexpected text at column 6");
    EXPECT_TRUE(messageOf(R"(pod=~"(")").starts_with("bad regular expression \"(\"")) << messageOf(R"(pod=~"(")");
}

TEST(Matchers, OfEverythingAreRefused) {
    for (const auto* text : {"", "{}", R"(namespace=~".*")", R"(alertname=~".+")", R"(pod="")", R"(namespace!="shop")",
                             R"(cluster!~"x")", R"(pod=~".*|x", namespace!="")"})
        EXPECT_FALSE(parseMatchers(text)) << text;
    EXPECT_TRUE(parseMatchers(R"(namespace=~".*", alertname="A")"));
}

TimePoint at(int minute) {
    return *parseRfc3339("2026-11-23T10:00:00Z") + std::chrono::minutes(minute);
}

Silence silenceOf(const std::string& id, const std::string& matchers, int from, int to) {
    return {id, *parseMatchers(matchers), at(from), at(to), "ann", "known"};
}

TEST(Silences, CoverFromTheirStartUntilTheirEnd) {
    SilenceSet silences;
    silences.assign({silenceOf("s", "namespace=shop", 10, 20)});
    auto alert = alertOf({{"namespace", "shop"}});
    EXPECT_EQ(silences.covering(alert, at(10) - 1ns), nullptr);
    ASSERT_NE(silences.covering(alert, at(10)), nullptr);
    EXPECT_NE(silences.covering(alert, at(20) - 1ns), nullptr);
    EXPECT_EQ(silences.covering(alert, at(20)), nullptr);
    EXPECT_EQ(silences.covering(alertOf({{"namespace", "pay"}}), at(15)), nullptr);
}

TEST(Silences, ThatOverlapCoverUntilTheLastEnds) {
    SilenceSet silences;
    silences.assign({silenceOf("short", "namespace=shop", 0, 10), silenceOf("long", "alertname=PodOOMKilled", 0, 30)});
    EXPECT_EQ(silences.covering(alertOf({{"namespace", "shop"}}), at(5))->id, "long");
}

TEST(Silences, TellWhenTheyChange) {
    SilenceSet silences;
    EXPECT_EQ(silences.nextChange(at(0)), std::nullopt);
    silences.assign({silenceOf("a", "namespace=shop", 10, 20), silenceOf("b", "namespace=pay", 5, 40)});
    EXPECT_EQ(silences.nextChange(at(0)), at(5));
    EXPECT_EQ(silences.nextChange(at(5)), at(10));
    EXPECT_EQ(silences.nextChange(at(20)), at(40));
    EXPECT_EQ(silences.nextChange(at(40)), std::nullopt);
}

TEST(Silences, WithMatchersThatAreRefusedMuteNothing) {
    SilenceSet silences;
    Silence everything{"s", {}, at(0), at(60), "mallory", ""};
    Silence broken{"t", {{"pod", Matcher::Kind::Matches, "("}}, at(0), at(60), "mallory", ""};
    silences.assign({everything, broken});
    EXPECT_EQ(silences.covering(alertOf({{"pod", "("}}), at(1)), nullptr);
}

}  // namespace
}  // namespace klaw::rules
