#include "agent/lead/elector.hpp"

#include <gmock/gmock.h>

#include <memory>

#include "base/async/task_group.hpp"
#include "test/unit/lead/fake_lease_store.hpp"

namespace klaw::lead {
namespace {

using testing::FakeLeaseStore;
using testing::ServedLease;

const TimePoint start = *parseRfc3339("2026-11-27T00:00:00Z");

/// The wall clock of one machine, which may be wrong by a fixed time, over the time that passes for all of them.
class SkewedClock final : public LoopClock {
public:
    SkewedClock(LoopClock& real, Duration wrongBy) : real_(real), wrongBy_(wrongBy) {}
    TimePoint now() const override { return real_.now() + wrongBy_; }
    Task<void> sleepFor(Duration wait) override { return real_.sleepFor(wait); }

private:
    LoopClock& real_;
    Duration wrongBy_;
};

class ElectorTest : public ::testing::Test {
protected:
    using Prepare = std::function<void(FakeLeaseStore& store)>;
    struct Candidate {
        Candidate(ElectorTest& test, const std::string& name, Duration wrongBy, const Prepare& prepare)
            : clock(test.time, wrongBy),
              store(test.served, test.time),
              tenure([&test] { return test.time.now().time_since_epoch(); },
                     [this](const std::string& reason) { endedBy = reason; }),
              elector(store, clock, [&test] { return test.time.now().time_since_epoch(); }, test.random, tenure,
                      {name, 10s, 6s, 2s}, {[this] { ++elections; }, {}}),
              tasks(test.loop,
                    [](const std::string& task, const std::string& what) { ADD_FAILURE() << task << what; }) {
            if (prepare) prepare(store);
            tasks.spawn(name, elector.run());
            test.loop.poll();
        }
        bool leads() const { return elector.leads() && tenure.holds(); }

        SkewedClock clock;
        FakeLeaseStore store;
        std::string endedBy;
        int elections = 0;
        Tenure tenure;
        Elector elector;
        TaskGroup tasks;
    };

    ~ElectorTest() override {
        for (auto& candidate : candidates) end(*candidate);
    }

    Candidate& candidate(const std::string& name, Duration wrongBy = {}, const Prepare& prepare = {}) {
        candidates.push_back(std::make_unique<Candidate>(*this, name, wrongBy, prepare));
        return *candidates.back();
    }
    /// As `kill -9`: nothing more is heard of it.
    void end(Candidate& candidate) {
        bool ended = false;
        auto stop = [](Candidate& of, bool& done) -> Task<void> {
            co_await of.tasks.stop();
            done = true;
        };
        others.spawn("end", stop(candidate, ended));
        EXPECT_TRUE(loop.runUntil([&] { return ended; }));
    }
    void resign(Candidate& candidate) {
        end(candidate);
        others.spawn("resign", candidate.elector.resign());
        time.advance(0s);
    }
    void pass(Duration howLong) {
        for (auto left = howLong; left > 0s; left -= 100ms) {
            time.advance(std::min<Duration>(left, 100ms));
            int leaders = 0;
            for (const auto& each : candidates) leaders += each->leads() ? 1 : 0;
            EXPECT_LE(leaders, 1) << "at " << formatRfc3339(time.now());
        }
    }
    void leaseOf(const std::string& holder, std::int64_t seconds, const std::string& renewTime) {
        Lease lease;
        lease.holder = holder;
        lease.seconds = seconds;
        lease.renewTime = lease.acquireTime = renewTime;
        lease.transitions = 7;
        served.put(lease);
    }

    Loop loop;
    FakeLoopClock time{loop, start};
    SeededRandom random{8};
    ServedLease served;
    std::vector<std::unique_ptr<Candidate>> candidates;
    TaskGroup others{loop, [](const std::string& task, const std::string& what) { ADD_FAILURE() << task << what; }};
};

TEST_F(ElectorTest, MakesALeaseThatIsNotThereYetAndLeads) {
    auto& a = candidate("a");
    EXPECT_TRUE(a.leads());
    EXPECT_EQ(a.elections, 1);
    EXPECT_EQ(served.lease->holder, "a");
    EXPECT_EQ(served.lease->seconds, 10);
    EXPECT_EQ(served.lease->transitions, 0);
    EXPECT_EQ(served.lease->renewTime, "2026-11-27T00:00:00.000000Z");
    EXPECT_EQ(served.lease->acquireTime, served.lease->renewTime);
}

TEST_F(ElectorTest, RenewsItEachTwoSecondsAndKeepsTheTimeOfItsAcquisition) {
    auto& a = candidate("a");
    pass(7s);
    EXPECT_TRUE(a.leads());
    EXPECT_EQ(served.writes, 4);
    EXPECT_EQ(served.lease->renewTime, "2026-11-27T00:00:06.000000Z");
    EXPECT_EQ(served.lease->acquireTime, "2026-11-27T00:00:00.000000Z");
    EXPECT_EQ(a.elections, 1);
}

TEST_F(ElectorTest, TakesALeaseThatWasGivenUpAtOnce) {
    leaseOf("", 1, "2026-11-26T23:59:59.000000Z");
    EXPECT_TRUE(candidate("b").leads());
    EXPECT_EQ(served.lease->transitions, 8);
}

TEST_F(ElectorTest, WaitsForAsLongAsAnUnknownLeaseSaysHoweverOldItLooks) {
    leaseOf("a", 15, "2020-01-01T00:00:00.000000Z");
    auto& b = candidate("b");
    pass(14900ms);
    EXPECT_FALSE(b.leads());
    EXPECT_EQ(served.writes, 1);
    pass(200ms);
    EXPECT_TRUE(b.leads());
    EXPECT_EQ(served.lease->transitions, 8);
}

TEST_F(ElectorTest, NeverTakesALivingOne) {
    auto& a = candidate("a");
    auto& b = candidate("b");
    pass(5min);
    EXPECT_TRUE(a.leads());
    EXPECT_FALSE(b.leads());
    EXPECT_EQ(b.elector.holder(), "a");
}

TEST_F(ElectorTest, LeadsWithinTheDurationAndOneLookAfterTheLeaderWasKilled) {
    auto& a = candidate("a");
    auto& b = candidate("b");
    pass(4s);
    end(a);
    pass(8s);
    EXPECT_FALSE(b.leads());
    pass(3200ms);
    EXPECT_TRUE(b.leads());
    EXPECT_EQ(served.lease->transitions, 1);
}

TEST_F(ElectorTest, LeadsWithinASecondAndAFifthAfterTheLeaderResigned) {
    auto& a = candidate("a");
    auto& b = candidate("b");
    pass(4s);
    resign(a);
    EXPECT_FALSE(a.leads());
    EXPECT_EQ(a.endedBy, "");
    EXPECT_EQ(served.lease->holder, "");
    pass(1200ms);
    EXPECT_TRUE(b.leads());
}

TEST_F(ElectorTest, OfTwoThatFindAFreeLeaseAtTheSameTimeOneGetsIt) {
    leaseOf("", 1, "2026-11-26T23:59:59.000000Z");
    auto isSlow = [](FakeLeaseStore& store) { store.takes = 1s; };
    auto& b = candidate("b", {}, isSlow);
    auto& c = candidate("c", {}, isSlow);
    pass(1min);
    EXPECT_NE(b.leads(), c.leads());
    EXPECT_EQ(b.elections + c.elections, 1);
    EXPECT_EQ(served.lease->transitions, 8);
}

TEST_F(ElectorTest, LetsGoOfAFreeLeaseThatAnotherWroteInBetween) {
    leaseOf("a", 10, "2026-11-26T23:59:59.000000Z");
    auto& b = candidate("b");
    b.store.beforeWrite = [&] { leaseOf("c", 10, "2026-11-27T00:00:10.000000Z"); };
    pass(10s);
    EXPECT_FALSE(b.leads());
    pass(5s);
    EXPECT_FALSE(b.leads());
    EXPECT_EQ(b.elector.holder(), "c");
    EXPECT_EQ(b.elector.trouble(), "");
}

TEST_F(ElectorTest, StopsBeforeAnotherMayBeginWhenTheServerIsAway) {
    auto& a = candidate("a");
    auto& b = candidate("b");
    pass(3s);  // renewed at 2 s
    a.store.away = true;
    pass(4900ms);
    EXPECT_TRUE(a.leads());
    pass(200ms);
    EXPECT_FALSE(a.leads());
    EXPECT_THAT(a.endedBy, ::testing::HasSubstr("could not be renewed in time"));
    EXPECT_FALSE(b.leads());
    pass(5s);
    EXPECT_TRUE(b.leads());
}

TEST_F(ElectorTest, GoesOnLeadingWhenTheServerWasAwayForAWhile) {
    auto& a = candidate("a");
    auto& b = candidate("b");
    pass(3s);
    a.store.away = b.store.away = true;
    pass(3s);
    a.store.away = b.store.away = false;
    pass(1min);
    EXPECT_TRUE(a.leads());
    EXPECT_EQ(a.elections, 1);
    EXPECT_FALSE(b.leads());
}

TEST_F(ElectorTest, CountsFromTheMomentAtWhichARenewalWasSentNotFromItsAnswer) {
    auto& a = candidate("a");
    pass(1900ms);
    a.store.takes = 5s;
    pass(5500ms);  // sent at 2 s, answered at 7 s
    EXPECT_FALSE(a.leads()) << "the renewal before was at 0 s";
}

TEST_F(ElectorTest, GoesOnWhenOnlyTheAnswerToARenewalWasLost) {
    auto& a = candidate("a");
    a.store.lostReplies = 1;
    pass(30s);
    EXPECT_TRUE(a.leads());
    EXPECT_EQ(a.endedBy, "");
    EXPECT_EQ(served.lease->transitions, 0);
}

TEST_F(ElectorTest, LeadsOnceItSeesItsNameThoughTheAnswerToItsAcquisitionWasLost) {
    auto& a = candidate("a", {}, [](FakeLeaseStore& store) { store.lostReplies = 1; });
    EXPECT_FALSE(a.leads());
    EXPECT_EQ(served.lease->holder, "a");
    pass(1200ms);
    EXPECT_TRUE(a.leads());
    EXPECT_EQ(a.elections, 1);
}

TEST_F(ElectorTest, EndsAtOnceWhenTheLeaseNamesAnother) {
    auto& a = candidate("a");
    pass(1s);
    leaseOf("b", 10, "2026-11-27T00:00:01.000000Z");
    pass(1100ms);
    EXPECT_FALSE(a.leads());
    EXPECT_EQ(a.endedBy, "b leads now");
    EXPECT_EQ(served.lease->holder, "b");
}

TEST_F(ElectorTest, MakesItsLeaseAnewWhenSomebodyDeletedIt) {
    auto& a = candidate("a");
    served.lease.reset();
    pass(3s);
    EXPECT_TRUE(a.leads());
    EXPECT_EQ(served.lease->holder, "a");
}

TEST_F(ElectorTest, DoesNotMindClocksThatAreAnHourApart) {
    for (Duration wrongBy : {Duration(-1h), Duration(1h)}) {
        auto& a = candidate("a", wrongBy);
        auto& b = candidate("b");
        pass(1min);
        EXPECT_TRUE(a.leads());
        EXPECT_FALSE(b.leads());
        end(a);
        pass(8s);
        EXPECT_FALSE(b.leads());
        pass(3200ms);
        EXPECT_TRUE(b.leads());
        resign(b);
        for (auto& each : candidates) end(*each);
        candidates.clear();
        served.lease.reset();
    }
}

TEST_F(ElectorTest, LeavesWhatOthersPutIntoTheLease) {
    Lease lease;
    lease.seconds = 1;
    lease.document =
        R"({"kind":"Lease","metadata":{"labels":{"app":"klaw"}},"spec":{"strategy":"OldestEmulationVersion"}})";
    served.put(lease);
    auto& a = candidate("a");
    ASSERT_TRUE(a.leads());
    EXPECT_THAT(toJson(*served.lease, "klaw", "klaw"), ::testing::HasSubstr(R"("labels":{"app":"klaw"})"));
    EXPECT_THAT(toJson(*served.lease, "klaw", "klaw"), ::testing::HasSubstr(R"("strategy":"OldestEmulationVersion")"));
}

}  // namespace
}  // namespace klaw::lead
