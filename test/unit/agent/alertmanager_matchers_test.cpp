#include "agent/deliver/alertmanager_matchers.hpp"

#include <gtest/gtest.h>

#include "rules/silence_matchers.hpp"

namespace klaw::deliver {
namespace {

/// The matchers for an Alertmanager of the cluster prod, or the reason why there are none.
std::string translated(const std::string& text) {
    auto matchers = rules::parseSelection(text);
    EXPECT_TRUE(matchers) << text;
    auto out = matchersForAlertmanager(*matchers, "prod");
    return out ? rules::formatMatchers(*out) : out.error().message;
}

TEST(AlertmanagerMatchers, AreTheSameForLabels) {
    EXPECT_EQ(translated(R"(alertname="A", namespace=~"shop-.*", pod!="x", severity!~"info|warning")"),
              R"(alertname="A", namespace=~"shop-.*", pod!="x", severity!~"info|warning")");
    EXPECT_EQ(translated(R"(rule="A")"), R"(alertname="A")");
}

TEST(AlertmanagerMatchers, MeanAlertsWithoutAClusterByTheClusterThatItServes) {
    EXPECT_EQ(translated(R"(rule="A", cluster="prod")"), R"(alertname="A", cluster=~"prod|")");
    EXPECT_EQ(translated(R"(rule="A", cluster=~"prod|test")"), R"(alertname="A", cluster=~"(?:prod|test)|")");
    EXPECT_EQ(translated(R"(rule="A", cluster="test")"), R"(alertname="A", cluster="test")");
    EXPECT_EQ(translated(R"(rule="A", cluster=~"te.*")"), R"(alertname="A", cluster=~"te.*")");
    EXPECT_EQ(translated(R"(rule="A", cluster!="test")"), R"(alertname="A", cluster!="test")");
    EXPECT_EQ(translated(R"(rule="A", cluster!="prod")"), R"(alertname="A", cluster!="prod", cluster!="")");
    EXPECT_EQ(translated(R"(rule="A", cluster!~"pr.*")"), R"(alertname="A", cluster!~"pr.*", cluster!="")");
    EXPECT_EQ(translated(R"(rule="A", cluster!~"|test")"),
              R"(an Alertmanager cannot tell which cluster this condition means: cluster!~"|test")");
}

TEST(AlertmanagerMatchers, QuoteTheNameOfAClusterInAnExpression) {
    auto out = matchersForAlertmanager({{"cluster", rules::Matcher::Kind::Equal, "a.b+c"}}, "a.b+c");
    ASSERT_TRUE(out);
    EXPECT_EQ(out->front().value, R"(a\.b\+c|)");
}

TEST(AlertmanagerMatchers, NeverMeetAnAlertWithoutLabels) {
    EXPECT_EQ(translated(R"(cluster="prod")"), R"(cluster=~"prod|", alertname!="")");
    EXPECT_EQ(translated(R"(namespace!="shop")"), R"(namespace!="shop", alertname!="")");
}

TEST(AlertmanagerMatchers, AreNoneForLabelsThatItCannotHave) {
    EXPECT_EQ(translated(R"(rule="A", app.kubernetes.io/name="x")"),
              "an Alertmanager has no labels such as \"app.kubernetes.io/name\"");
}

TEST(AlertmanagerMatchers, AreNoneForOneOfTheRulesOfAnAlertname) {
    EXPECT_EQ(translated(R"(rule="Slow-2", alertname="Slow")"),
              "an Alertmanager cannot tell rules of the same alertname apart");
}

}  // namespace
}  // namespace klaw::deliver
