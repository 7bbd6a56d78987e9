#include "agent/access/grant_book.hpp"

#include <gtest/gtest.h>

namespace klaw::access {
namespace {

Grant grantOf(std::string id, TimePoint until) {
    Grant grant;
    grant.id = std::move(id);
    grant.binding = {"Li", {"feishu:ou_li"}, {}, "operator", {"prod"}, {"shop"}, until};
    grant.by = "Han";
    grant.reason = "release";
    grant.at = TimePoint(1h);
    return grant;
}

GrantBook::Meta metaOf(const std::vector<storage::MetaEntry>& entries) {
    GrantBook::Meta meta{{"change:1", "{}"}, {"grants", "x"}};
    for (const auto& entry : entries) meta[entry.key] = entry.value;
    return meta;
}

TEST(GrantBook, CountsAGrantOnlyOnceItIsStored) {
    GrantBook book;
    book.add(grantOf("12ab", TimePoint(5h)));
    auto changes = book.takeChanges(TimePoint(1h));
    EXPECT_TRUE(book.grants().empty());
    book.stored(changes);
    ASSERT_EQ(book.grants().count("12ab"), 1u);
    EXPECT_EQ(book.grants().at("12ab").binding.grant, "12ab");
    EXPECT_TRUE(book.takeChanges(TimePoint(1h)).empty());
}

TEST(GrantBook, KnowsAfterARestartWhatStillHolds) {
    GrantBook before;
    before.add(grantOf("12ab", TimePoint(5h)));
    before.add(grantOf("34cd", TimePoint(2h)));
    GrantBook after;
    after.restore(metaOf(before.takeChanges(TimePoint(1h))), TimePoint(3h));
    ASSERT_EQ(after.grants().size(), 1u);
    const auto& grant = after.grants().at("12ab");
    EXPECT_EQ(grant.binding.identities, std::vector<std::string>{"feishu:ou_li"});
    EXPECT_EQ(grant.binding.role, "operator");
    EXPECT_EQ(grant.binding.clusters, std::vector<std::string>{"prod"});
    EXPECT_EQ(grant.binding.namespaces, std::vector<std::string>{"shop"});
    EXPECT_EQ(grant.binding.until, TimePoint(5h));
    EXPECT_EQ(grant.by + grant.reason, "Hanrelease");
}

TEST(GrantBook, TakesAGrantBackByTheBeginningOfItsId) {
    GrantBook book;
    book.add(grantOf("12ab", TimePoint(5h)));
    book.add(grantOf("12cd", TimePoint(5h)));
    book.stored(book.takeChanges(TimePoint(1h)));
    EXPECT_EQ(book.revoke("12").error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(book.revoke("9").error().code, ErrorCode::NotFound);
    EXPECT_EQ(book.revoke("").error().code, ErrorCode::NotFound);
    ASSERT_TRUE(book.revoke("12a"));
    EXPECT_EQ(book.grants().size(), 2u) << "until that is stored";
    book.stored(book.takeChanges(TimePoint(1h)));
    EXPECT_EQ(book.grants().size(), 1u);
}

TEST(GrantBook, RemovesWhatHasEnded) {
    GrantBook book;
    book.add(grantOf("12ab", TimePoint(5h)));
    book.stored(book.takeChanges(TimePoint(1h)));
    auto changes = book.takeChanges(TimePoint(5h));
    ASSERT_EQ(changes.size(), 1u);
    EXPECT_TRUE(changes.front().value.empty());
}

TEST(GrantBook, GivesNobodyAnythingByWhatCannotBeRead) {
    GrantBook book;
    book.restore({{"grant:1", "{"},
                  {"grant:2", R"({"identities":"feishu:ou_x","role":"admin","until":"2100-01-01T00:00:00Z"})"},
                  {"grant:3", R"({"identities":["feishu:ou_x"],"role":"admin"})"},
                  {"grant:4", R"({"identities":["feishu:ou_x"],"role":7,"until":"2100-01-01T00:00:00Z"})"}},
                 TimePoint(1h));
    EXPECT_TRUE(book.grants().empty());
}

TEST(GrantBook, KnowsTheGrantOfADepartmentAfterARestart) {
    auto grant = grantOf("12ab", TimePoint(5h));
    grant.binding.identities.clear();
    grant.binding.departments = {"dingtalk_department:42"};
    GrantBook before, after;
    before.add(grant);
    after.restore(metaOf(before.takeChanges(TimePoint(1h))), TimePoint(3h));
    ASSERT_EQ(after.grants().count("12ab"), 1u);
    EXPECT_EQ(after.grants().at("12ab").binding.departments, std::vector<std::string>{"dingtalk_department:42"});
}

}  // namespace
}  // namespace klaw::access
