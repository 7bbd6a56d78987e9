#include <gmock/gmock.h>

#include "agent/access/approval_book.hpp"
#include "agent/access/approval_rule.hpp"
#include "agent/access/change_counts.hpp"

namespace klaw::access {
namespace {

using testing::HasSubstr;

const TimePoint start = *parseRfc3339("2026-11-25T10:00:00Z");

Request change(const std::string& verb, const std::string& permission, Place place,
               std::optional<std::int64_t> replicas = {}) {
    Request request;
    request.verb = verb;
    request.permission = permission;
    request.place = std::move(place);
    request.replicas = replicas;
    return request;
}

TEST(ApprovalRule, IsAboutVerbsPlacesAndWhatIsLeft) {
    ApprovalRule rule;
    rule.verbs = {"drain", "scale"};
    rule.clusters = {"prod-*"};
    const Place web{"prod-1", "shop", "deployments", "web"};
    EXPECT_TRUE(covers(rule, change("scale", "workloads", web)));
    EXPECT_FALSE(covers(rule, change("restart", "workloads", web)));
    EXPECT_FALSE(covers(rule, change("scale", "workloads", {"test", "shop", "deployments", "web"})));
    rule.verbs = {"workloads"};
    EXPECT_TRUE(covers(rule, change("restart", "workloads", web))) << "a permission stands for its verbs";
    rule.namespaces = {"shop"};
    EXPECT_FALSE(covers(rule, change("cordon", "workloads", {"prod-1", "", "nodes", "n1"})));
    rule.names = {"db-*"};
    EXPECT_FALSE(covers(rule, change("restart", "workloads", web)));
    rule.names.clear();
    rule.replicas = 1;
    EXPECT_TRUE(covers(rule, change("scale", "workloads", web, 0)));
    EXPECT_TRUE(covers(rule, change("scale", "workloads", web, 1)));
    EXPECT_FALSE(covers(rule, change("scale", "workloads", web, 2)));
    EXPECT_FALSE(covers(rule, change("restart", "workloads", web))) << "it leaves what is there";
}

TEST(ApprovalRule, IsAboutACommandAlsoWhereItsObjectNeedsAWordOfItsOwn) {
    struct Case {
        const char* verb;
        const char* command;
        const char* permission;
        Place place;
    };
    for (const auto& [verb, command, permission, place] :
         {Case{"delete namespaces", "delete", "namespaces", {"prod-1", "shop", "namespaces", "shop"}},
          Case{"apply access", "apply", "access", {"prod-1", "shop", "rolebindings", "me"}}}) {
        auto wanted = change(verb, permission, place);
        wanted.command = command;
        for (const char* written : {verb, command, permission, "*"}) {
            ApprovalRule rule;
            rule.verbs = {written};
            EXPECT_TRUE(covers(rule, wanted)) << written;
        }
        ApprovalRule other;
        other.verbs = {"scale", "workloads"};
        EXPECT_FALSE(covers(other, wanted)) << verb;
    }
}

TEST(ApprovalBook, IsTheSameAfterARestart) {
    Approval approval;
    approval.id = "12ab34cd";
    approval.verb = "scale";
    approval.place = {"prod", "shop", "deployments", "web"};
    approval.parts = {{"scale", "scale", "workloads", {"prod", "shop", "deployments", "web"}, 0},
                      {"apply access", "apply", "access", {"prod", "bank", "roles", "me"}, {}}};
    approval.command = "scale deploy/web 0 -n shop --expect u@4 --yes";
    approval.attachment = "kind: Secret";
    approval.summary = "scale";
    approval.target = "prod/shop/Deployment/web";
    approval.identity = "feishu:ou_li";
    approval.name = "李雷";
    approval.chat = "feishu:oc_1";
    approval.language = "zh";
    approval.departments = {"feishu_department:od-1"};
    approval.incident = "3f9a";
    approval.replyTo = "{}";
    approval.card = "card-1";
    approval.askedAt = start;
    approval.expiresAt = start + 30min;
    auto entry = ApprovalBook::entryOf(approval);
    ApprovalBook book;
    book.restore({{entry.key, entry.value}, {"approval:broken", "{}"}, {"approval:worse", "["}, {"grant:1", "{}"}});
    ASSERT_EQ(book.all().size(), 1u);
    auto restored = book.find("12ab");
    ASSERT_TRUE(restored);
    EXPECT_EQ(ApprovalBook::entryOf(*restored).value, entry.value);
    EXPECT_EQ(restored->state, Approval::State::Waiting);
    EXPECT_EQ(restored->place.name, "web");
    EXPECT_EQ(restored->parts, approval.parts);
    EXPECT_EQ(restored->expiresAt, approval.expiresAt);
    EXPECT_EQ(book.find("").error().code, ErrorCode::NotFound);
    EXPECT_EQ(book.find("ff").error().code, ErrorCode::NotFound);
    approval.id = "12ac";
    book.noted(approval);
    EXPECT_EQ(book.find("12a").error().code, ErrorCode::InvalidArgument);
}

TEST(ApprovalBook, ReadsWhatAnEarlierVersionKept) {
    ApprovalBook book;
    book.restore({{"approval:12ab",
                   R"({"verb":"scale","permission":"workloads","cluster":"prod","ns":"shop","resource":"deployments",)"
                   R"("object":"web","replicas":0,"command":"scale deploy/web 0","identity":"feishu:ou_li",)"
                   R"("expiresAt":"2026-11-25T10:30:00Z","state":"waiting"})"}});
    auto restored = book.find("12ab");
    ASSERT_TRUE(restored);
    EXPECT_EQ(restored->parts,
              (std::vector<Approval::Part>{{"scale", "", "workloads", {"prod", "shop", "deployments", "web"}, 0}}));
}

TEST(ApprovalBook, ForgetsWhatWasDecidedYesterday) {
    ApprovalBook book;
    Approval waiting, decided;
    waiting.id = "a";
    decided.id = "b";
    decided.state = Approval::State::Refused;
    decided.decidedAt = start;
    book.noted(waiting);
    book.noted(decided);
    EXPECT_TRUE(book.forgetOld(start + 23h).empty());
    auto removed = book.forgetOld(start + 24h);
    ASSERT_EQ(removed.size(), 1u);
    EXPECT_EQ(removed[0].key, "approval:b");
    EXPECT_EQ(removed[0].value, "");
    EXPECT_TRUE(book.find("a"));
}

TEST(ChangeCounts, KeepPeopleWithinAnHourlyLimit) {
    Limit limit;
    limit.clusters = {"prod"};
    limit.changesPerPerson = 2;
    ChangeCounts counts;
    auto by = [](const std::string& who, TimePoint at, const std::string& cluster = "prod") {
        return ChangeCounts::Change{at, who, {cluster, "shop", "", ""}};
    };
    counts.add(by("Li", start));
    counts.add(by("Li", start + 20min));
    counts.add(by("Li", start + 21min, "test"));
    auto third = counts.check({limit}, by("Li", start + 30min));
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code, ErrorCode::ResourceExhausted);
    EXPECT_EQ(third.error().message, "the limit of 2 changes an hour for one person is reached");
    EXPECT_THAT(third.error().remedy, HasSubstr("wait until 2026-11-25T11:00:00Z"));
    EXPECT_TRUE(counts.check({limit}, by("Han", start + 30min)));
    EXPECT_TRUE(counts.check({limit}, by("Li", start + 30min, "test"))) << "the limit is about prod";
    EXPECT_TRUE(counts.check({limit}, by("Li", start + 1h)));
    counts.takeBack(by("Li", start + 20min));
    EXPECT_TRUE(counts.check({limit}, by("Li", start + 30min)));
}

TEST(ChangeCounts, KeepAClusterWithinAnHourlyLimitOfEverybody) {
    Limit limit;
    limit.changesPerCluster = 2;
    ChangeCounts counts;
    counts.add({start, "Li", {"prod", "shop", "", ""}});
    counts.add({start + 1min, "Han", {"prod", "", "", ""}});
    auto third = counts.check({limit}, {start + 2min, "Mei", {"prod", "shop", "", ""}});
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().message, "the limit of 2 changes an hour for the cluster prod is reached");
    EXPECT_TRUE(counts.check({limit}, {start + 2min, "Mei", {"test", "shop", "", ""}}));
}

TEST(ChangeCounts, ALimitOfNoneForbidsEveryChange) {
    Limit frozen;
    frozen.changesPerCluster = 0;
    EXPECT_FALSE(ChangeCounts().check({frozen}, {start, "Li", {"prod", "shop", "", ""}}));
}

TEST(PlaceOfTarget, IsReadFromARow) {
    auto at = [](const char* target) {
        auto place = placeOfTarget(target);
        return place.cluster + "|" + place.ns;
    };
    EXPECT_EQ(at("prod/shop/Deployment/web"), "prod|shop");
    EXPECT_EQ(at("prod/Node/n1"), "prod|");
    EXPECT_EQ(at("prod/shop"), "prod|shop");
    EXPECT_EQ(at("prod"), "prod|");
    EXPECT_EQ(at(""), "|");
}

}  // namespace
}  // namespace klaw::access
