#include "notifiers/words.hpp"

#include <array>
#include <bit>

#include "test/unit/notifiers/notifier_test.hpp"

namespace klaw::notifiers::test {
namespace {

/// Every word of the catalogue, whatever is added to it.
auto allOf(const Words& words) {
    return std::bit_cast<std::array<std::string_view, sizeof(Words) / sizeof(std::string_view)>>(words);
}

bool hasChinese(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0xE3; });
}

constexpr CardStatus everyStatus[] = {CardStatus::Firing,   CardStatus::Acknowledged, CardStatus::Silenced,
                                      CardStatus::Resolved, CardStatus::Digest,       CardStatus::Test};
constexpr rules::Severity everySeverity[] = {rules::Severity::Critical, rules::Severity::Warning,
                                             rules::Severity::Info};

TEST(Words, AreCompleteInBothLanguages) {
    for (auto word : allOf(wordsFor("en"))) {
        EXPECT_FALSE(word.empty());
        EXPECT_FALSE(hasChinese(word)) << word;
    }
    for (auto word : allOf(wordsFor("zh"))) EXPECT_TRUE(hasChinese(word)) << "'" << word << "'";
}

TEST(Words, NameEveryStatusAndSeverityInBothLanguages) {
    std::set<std::string_view> english, chinese;
    for (auto status : everyStatus) {
        english.insert(statusWord(status, "en"));
        chinese.insert(statusWord(status, "zh"));
    }
    EXPECT_EQ(english.size(), std::size(everyStatus));
    EXPECT_EQ(chinese.size(), std::size(everyStatus));
    for (auto severity : everySeverity) {
        english.insert(severityWord(severity, "en"));
        chinese.insert(severityWord(severity, "zh"));
    }
    EXPECT_EQ(english.size(), std::size(everyStatus) + std::size(everySeverity));
    EXPECT_EQ(chinese.size(), std::size(everyStatus) + std::size(everySeverity));
    for (auto word : english) EXPECT_TRUE(!word.empty() && !hasChinese(word)) << word;
    for (auto word : chinese) EXPECT_TRUE(hasChinese(word)) << word;
}

TEST(Words, AreChineseForEveryKindOfChineseAndElseEnglish) {
    for (const auto* language : {"zh", "zh-CN", "zh_CN.UTF-8"}) EXPECT_EQ(wordsFor(language).since, "开始时间");
    for (const auto* language : {"en", "", "de", "C"}) EXPECT_EQ(wordsFor(language).since, "Since");
}

TEST(Words, CountInBothLanguages) {
    EXPECT_EQ(andMore(45, "en"), "… and 45 more");
    EXPECT_EQ(andMore(45, "zh"), "… 另有 45 个");
    EXPECT_EQ(linesLeftOut(1, "en"), "… 1 line left out");
    EXPECT_EQ(linesLeftOut(12, "en"), "… 12 lines left out");
    EXPECT_EQ(linesLeftOut(12, "zh"), "… 省略 12 行");
}

TEST(Words, ShowWithTheColourWhatTheCardSays) {
    Card card;
    std::set<std::string_view> symbols;
    for (auto status : {CardStatus::Acknowledged, CardStatus::Silenced, CardStatus::Resolved}) {
        card.status = status;
        symbols.insert(symbolOf(card));
    }
    card.status = CardStatus::Firing;
    for (auto severity : everySeverity) {
        card.severity = severity;
        symbols.insert(symbolOf(card));
    }
    EXPECT_EQ(symbols.size(), 6u);
}

TEST(LocalTime, IsShownWithItsZone) {
    EXPECT_EQ(localTime(sampleTime(), 0), "2026-11-23 10:00:00 UTC");
    EXPECT_EQ(localTime(sampleTime(), 480), "2026-11-23 18:00:00 +08:00");
    EXPECT_EQ(localTime(sampleTime() + 999ms, -570), "2026-11-23 00:30:00 -09:30");
    EXPECT_EQ(localTime(sampleTime(), 840), "2026-11-24 00:00:00 +14:00");
}

TEST(Roughly, KeepsTheTwoLargestUnits) {
    EXPECT_EQ(roughly(40s), "40s");
    EXPECT_EQ(roughly(3min + 20s), "3m20s");
    EXPECT_EQ(roughly(12min + 20s), "12m");
    EXPECT_EQ(roughly(2h + 5min + 9s), "2h5m");
    EXPECT_EQ(roughly(51h + 20min), "2d3h");
}

}  // namespace
}  // namespace klaw::notifiers::test
