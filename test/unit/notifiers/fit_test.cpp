#include "notifiers/fit.hpp"

#include "test/unit/notifiers/notifier_test.hpp"

namespace klaw::notifiers::test {
namespace {

/// The notices of a card that does not fit.
std::vector<Notice> noticesOf(Card card) {
    std::vector<Notice> seen;
    fitBody(SafeCard(std::move(card)), 10, {}, [&](const SafeCard&, const std::vector<Notice>& notices) {
        seen = notices;
        return std::string(20, 'x');
    });
    return seen;
}

TEST(ShortenedCard, NamesACommandForTheRestOnlyWhereThereIsOne) {
    auto answer = smallCard(), alert = smallCard(), nothing = smallCard();
    answer.restCommand = "logs web-0 -n shop";
    alert.footer.incident = "3f9a";
    EXPECT_EQ(noticesOf(answer).at(0).command, "klaw do \"logs web-0 -n shop\"");
    EXPECT_EQ(noticesOf(alert).at(0).command, "klaw do \"alerts 3f9a\"");
    EXPECT_EQ(noticesOf(nothing).at(0), (Notice{"Shortened to fit.", {}, {}}));
}

}  // namespace
}  // namespace klaw::notifiers::test
