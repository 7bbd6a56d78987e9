#include "agent/lead/members.hpp"

#include <gmock/gmock.h>

#include <map>
#include <memory>

#include "base/async/task_group.hpp"
#include "base/digest.hpp"

namespace klaw::lead {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const TimePoint start = *parseRfc3339("2026-11-27T00:00:00Z");

/// What an API server has.
struct ServedMembers {
    std::map<std::string, MemberRecord> records;
    int version = 0;
    int lists = 0, writes = 0;
    bool away = false;
    std::set<std::string> forged;  ///< names
    Duration looksTake{};
};

class FakeMemberStore final : public MemberStore {
public:
    FakeMemberStore(ServedMembers& served, LoopClock& clock) : served_(served), clock_(clock) {}
    Task<Result<std::vector<MemberRecord>>> list(Duration) override {
        if (served_.away) co_return fail(ErrorCode::Unavailable, "no connection could be made");
        ++served_.lists;
        if (served_.looksTake > Duration::zero()) co_await clock_.sleepFor(served_.looksTake);
        std::vector<MemberRecord> records;
        for (const auto& [name, record] : served_.records) {
            records.push_back(record);
            records.back().proved = !served_.forged.contains(name);
        }
        co_return records;
    }
    Task<Result<void>> put(MemberRecord record, Duration) override {
        if (served_.away) co_return fail(ErrorCode::Unavailable, "no connection could be made");
        auto found = served_.records.find(record.name);
        auto known = found == served_.records.end() ? std::string() : found->second.lease.resourceVersion;
        if (known != record.lease.resourceVersion) co_return fail(ErrorCode::Conflict, "it is another version");
        ++served_.writes;
        record.lease.resourceVersion = std::to_string(++served_.version);
        served_.records[record.name] = record;
        co_return Result<void>();
    }
    Task<Result<void>> remove(std::string name, Duration) override {
        if (served_.away) co_return fail(ErrorCode::Unavailable, "no connection could be made");
        if (served_.records.erase(name) == 0) co_return fail(ErrorCode::NotFound, "there is none");
        co_return Result<void>();
    }

private:
    ServedMembers& served_;
    LoopClock& clock_;
};

class MembersTest : public ::testing::Test {
protected:
    struct Replica {
        Replica(MembersTest& test, const std::string& name)
            : store(test.served, test.time),
              members(
                  store, test.time, [&test] { return test.time.now().time_since_epoch(); },
                  {"klaw", name, "http://" + name, 10s, 2s}, [this] { ++changes; }),
              tasks(test.loop, [](const std::string&, const std::string& what) { ADD_FAILURE() << what; }) {
            tasks.spawn(name, members.run());
            test.loop.poll();
        }
        std::vector<std::string> others() const {
            std::vector<std::string> names;
            for (const auto& each : members.others()) names.push_back(each.identity);
            return names;
        }
        int changes = 0;
        FakeMemberStore store;
        Members members;
        TaskGroup tasks;
    };
    ~MembersTest() override {
        for (auto& each : replicas) kill(*each);
    }
    Replica& replica(const std::string& name) {
        replicas.push_back(std::make_unique<Replica>(*this, name));
        return *replicas.back();
    }
    /// Nothing more is heard of it.
    void kill(Replica& replica) {
        ends.spawn("end", replica.tasks.stop());
        EXPECT_TRUE(loop.runUntil([&] { return ends.empty(); }));
    }
    void pass(Duration howLong) {
        for (auto left = howLong; left > 0s; left -= 100ms) time.advance(std::min<Duration>(left, 100ms));
    }

    ServedMembers served;
    Loop loop;
    FakeLoopClock time{loop, start};
    TaskGroup ends{loop, [](const std::string&, const std::string& what) { ADD_FAILURE() << what; }};
    std::vector<std::unique_ptr<Replica>> replicas;
};

TEST_F(MembersTest, KnowEachOther) {
    auto &a = replica("a"), &b = replica("b"), &c = replica("c");
    pass(3s);
    EXPECT_THAT(a.others(), ElementsAre("b", "c"));
    EXPECT_THAT(b.others(), ElementsAre("a", "c"));
    EXPECT_THAT(c.others(), ElementsAre("a", "b"));
    EXPECT_EQ(a.members.others()[0].address, "http://b");
}

TEST_F(MembersTest, SayWhenTheyServe) {
    auto &a = replica("a"), &b = replica("b");
    pass(3s);
    EXPECT_FALSE(a.members.others()[0].serving);
    b.members.setServing(true);
    pass(4s);
    EXPECT_TRUE(a.members.others()[0].serving);
}

TEST_F(MembersTest, ListAndWriteOnceForEachRenewal) {
    replica("a");
    pass(20s);
    EXPECT_NEAR(served.lists, 10, 1);
    EXPECT_NEAR(served.writes, 10, 1);
}

TEST_F(MembersTest, AreDeadWhenTheirRecordHasNotChangedForItsTime) {
    auto &a = replica("a"), &b = replica("b");
    pass(4s);
    kill(b);
    pass(7s);
    EXPECT_THAT(a.others(), ElementsAre("b"));
    pass(5s);
    EXPECT_THAT(a.others(), IsEmpty());
    EXPECT_GE(a.changes, 2);
}

TEST_F(MembersTest, AreGoneAtOnceWhenTheyLeave) {
    auto &a = replica("a"), &b = replica("b");
    pass(4s);
    kill(b);
    ends.spawn("leave", b.members.leave());
    pass(2s);
    EXPECT_THAT(a.others(), IsEmpty());
}

TEST_F(MembersTest, DoNotDieWhileNothingCanBeSeen) {
    auto &a = replica("a"), &b = replica("b");
    pass(4s);
    served.away = true;
    pass(60s);
    EXPECT_THAT(a.others(), ElementsAre("b"));
    EXPECT_THAT(a.members.trouble(), HasSubstr("no connection"));
    served.away = false;
    pass(2s);
    EXPECT_THAT(a.others(), ElementsAre("b"));
    EXPECT_THAT(b.others(), ElementsAre("a"));
    EXPECT_EQ(a.members.trouble(), "");
}

TEST_F(MembersTest, DieAlsoWhereEachLookTakesLong) {
    served.looksTake = 3s;
    auto &a = replica("a"), &b = replica("b");
    pass(12s);
    ASSERT_THAT(a.others(), ElementsAre("b"));
    kill(b);
    pass(21s);
    EXPECT_THAT(a.others(), IsEmpty());
}

TEST_F(MembersTest, AreNotWhoIsNotProvedToBeOne) {
    served.forged.insert("klaw-member-" + sha256Hex("b").substr(0, 10));
    auto &a = replica("a"), &b = replica("b");
    pass(4s);
    EXPECT_THAT(a.others(), IsEmpty());
    EXPECT_THAT(b.others(), ElementsAre("a"));
    kill(b);
    a.members.setLeads(true);
    pass(100s);
    EXPECT_EQ(served.records.size(), 1u) << "it does not stay for ever";
}

TEST_F(MembersTest, AreKnownOfAlsoWhereTheLeasesMayNotBeRead) {
    served.away = true;
    auto& a = replica("a");
    EXPECT_TRUE(a.members.known());
    EXPECT_EQ(a.changes, 1);
}

TEST_F(MembersTest, OnlyTheLeaderRemovesTheLeasesOfTheDeadAndLate) {
    auto &a = replica("a"), &b = replica("b");
    pass(4s);
    kill(b);
    pass(100s);
    EXPECT_EQ(served.records.size(), 2u);
    a.members.setLeads(true);
    pass(4s);
    EXPECT_EQ(served.records.size(), 1u);
}

TEST_F(MembersTest, WriteTheirLeaseAnewWhenItWasDeleted) {
    auto &a = replica("a"), &b = replica("b");
    pass(4s);
    served.records.clear();
    pass(5s);
    EXPECT_THAT(a.others(), ElementsAre("b"));
    EXPECT_THAT(b.others(), ElementsAre("a"));
}

}  // namespace
}  // namespace klaw::lead
