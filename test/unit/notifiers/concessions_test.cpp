#include "notifiers/concessions.hpp"

#include "test/unit/notifiers/notifier_test.hpp"

namespace klaw::notifiers::test {
namespace {

/// What is done about the mentions of these people when the platform refuses so.
std::string done(const std::string& refusal, const std::vector<std::string>& people) {
    Concessions attempt;
    for (const auto& id : people) attempt.mentions.emplace_back(Mention::Kind::UserId, id);
    attempt.dropMention(refusal, smallCard());
    return attempt.whatWasDone();
}

TEST(RefusedMention, IsTheOneWhoseWholeIdTheRefusalHas) {
    EXPECT_EQ(done("invalid user: han", {"li", "han"}), "sent without mentioning han");
    EXPECT_EQ(done("no such user12", {"user1", "user12"}), "sent without mentioning user12");
    EXPECT_EQ(done("no such user_1", {"1", "user_1"}), "sent without mentioning user_1");
    EXPECT_EQ(done("user user1, user2 are gone", {"user1"}), "sent without mentioning user1");
    EXPECT_EQ(done("用户user1不存在", {"user1"}), "sent without mentioning user1");
    EXPECT_EQ(done("invalid user", {"li", "han"}), "sent without mentions");
}

}  // namespace
}  // namespace klaw::notifiers::test
