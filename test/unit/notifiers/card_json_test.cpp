#include "test/unit/notifiers/notifier_test.hpp"

namespace klaw::notifiers::test {
namespace {

TEST(CardJson, ReadsBackWhatItWroteInEveryStateAndLanguage) {
    for (auto status :
         {CardStatus::Firing, CardStatus::Acknowledged, CardStatus::Acting, CardStatus::Acted, CardStatus::Failed,
          CardStatus::Silenced, CardStatus::Resolved, CardStatus::Digest, CardStatus::Test}) {
        for (const auto* language : {"en", "zh"}) {
            auto card = sampleCard(status, language);
            auto read = cardFromJson(toJson(card));
            ASSERT_TRUE(read) << read.error().describe();
            EXPECT_EQ(*read, card) << toJson(card);
            EXPECT_EQ(toJson(*read), toJson(card));
            EXPECT_EQ(toPrettyJson(*cardFromJson(toPrettyJson(card))), toPrettyJson(card));
        }
    }
}

TEST(CardJson, LeavesOutWhatIsEmptyAndKeepsTheOrder) {
    EXPECT_EQ(toJson(smallCard()), R"({"id":"c1","status":"firing","severity":"warning","title":"t","language":"en"})");
}

TEST(CardJson, ReplacesMalformedBytes) {
    auto card = smallCard();
    card.title = "a\xFFz";
    EXPECT_THAT(toJson(card), testing::HasSubstr("a\xEF\xBF\xBDz"));
}

TEST(CardJson, IgnoresWhatANewerVersionWrote) {
    auto card = cardFromJson(R"({"id":"x","future":{"a":[1]},"footer":{"rule":"r","new":1}})");
    ASSERT_TRUE(card);
    EXPECT_EQ(card->footer.rule, "r");
}

TEST(CardJson, NamesTheFieldOfAWrongType) {
    for (const auto* json : {R"({"id":1})", R"({"id":"x","facts":{}})", R"({"id":"x","facts":[1]})",
                             R"({"id":"x","openedAt":"yesterday"})", R"({"id":"x","status":"odd"})",
                             R"({"id":"x","sections":[{"lines":[1]}]})", R"([])", R"({})", "{", ""}) {
        auto card = cardFromJson(json);
        ASSERT_FALSE(card) << json;
        EXPECT_EQ(card.error().code, ErrorCode::InvalidArgument);
    }
    EXPECT_THAT(cardFromJson(R"({"id":"x","more":"3"})").error().message, testing::HasSubstr("`more`"));
}

TEST(CardStatusNames, AreReadBack) {
    for (auto status : {CardStatus::Firing, CardStatus::Digest, CardStatus::Test})
        EXPECT_EQ(cardStatusFromString(toString(status)), status);
    EXPECT_EQ(cardStatusFromString("x"), std::nullopt);
}

}  // namespace
}  // namespace klaw::notifiers::test
