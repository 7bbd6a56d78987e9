#include "agent/deliver/silence_mirror.hpp"

#include <gmock/gmock.h>

#include "test/unit/agent/fake_alertmanager.hpp"

namespace klaw::deliver {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using State = SilenceCopyStatus::State;

const TimePoint start = *parseRfc3339("2026-11-23T10:00:00Z");

rules::Silence silence(const std::string& id, Duration length = 2h) {
    return {id, {{"alertname", rules::Matcher::Kind::Equal, id}}, start, start + length, "local:ann", "deploy"};
}

class SilenceMirrorTest : public testing::Test {
protected:
    void SetUp() override { begin({}, {}); }
    void TearDown() override {
        tasks.spawn("mirrors", mirrors->stop());
        tasks.spawn("server", alertmanager.stop());
        EXPECT_TRUE(loop.runUntil([&] { return tasks.empty(); }));
    }

    void begin(const std::vector<rules::Silence>& silences, const std::vector<storage::SilenceCopy>& copies) {
        auto commit = [this](storage::UnitOfWork unit, std::function<void(Result<storage::Committed>)> done) {
            for (auto& copy : unit.silenceCopies) {
                stored[copy.silenceId] = copy;
                callsAtCommit.push_back(alertmanager.calls.size());
            }
            loop.post([done = std::move(done)] { done(storage::Committed()); });
        };
        mirrors = std::make_unique<SilenceMirrors>(loop, clock, random, http, commit);
        mirrors->restore(silences, copies);
        mirrors->follow({target()});
    }
    /// As after kill -9: what the mirror knew is gone, what was committed is there.
    void restart(const std::vector<rules::Silence>& silences) {
        tasks.spawn("mirrors", mirrors->stop());
        ASSERT_TRUE(loop.runUntil([&] { return tasks.empty(); }));
        std::vector<storage::SilenceCopy> copies;
        for (const auto& [id, copy] : stored)
            if (copy.endsAt > clock.now()) copies.push_back(copy);
        begin(silences, copies);
    }
    AlertmanagerTarget target() const { return {"prod-alerts", "prod", alertmanager.url(), "s3cret", {}}; }

    SilenceMirrorStatus status() const { return mirrors->status().at(0); }
    SilenceCopyStatus statusOf(const rules::Silence& one) const { return mirrors->statusOf(one).at(0); }
    bool done() {
        return loop.runUntil([&] { return status().waiting == 0; });
    }
    bool waitsAfterFailure() {
        return loop.runUntil([&] { return !status().lastError.empty() && clock.sleepers() == 1; });
    }
    rules::Silence ended(rules::Silence one) const {
        one.endsAt = clock.now();
        return one;
    }

    Loop loop;
    FakeLoopClock clock{loop, start};
    SeededRandom random{7};
    net::HttpClient http{loop, net::HttpClientOptions()};
    FakeAlertmanager alertmanager{loop};
    TaskGroup tasks{loop,
                    [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << ": " << what; }};
    std::map<std::string, storage::SilenceCopy> stored;
    std::vector<std::size_t> callsAtCommit;
    std::unique_ptr<SilenceMirrors> mirrors;
};

TEST_F(SilenceMirrorTest, MakesASilenceThereWithItsEndAndItsId) {  // I1
    mirrors->apply({silence("A")});
    EXPECT_EQ(statusOf(silence("A")).state, State::Waiting);
    ASSERT_TRUE(done());
    EXPECT_THAT(alertmanager.silences(), ElementsAre("active alertname=A until 12:00:00: deploy [klaw silence A]"));
    EXPECT_EQ(alertmanager.authorization, "Bearer s3cret");
    EXPECT_EQ(statusOf(silence("A")).state, State::Copied);
    EXPECT_EQ(stored.at("A"), (storage::SilenceCopy{"A", "prod-alerts", "r1", start + 2h}));
    EXPECT_THAT(callsAtCommit, ElementsAre(0u, 2u)) << "what is about to leave is durable before it leaves";
}

TEST_F(SilenceMirrorTest, ChangesTheSameOneWhenItIsExtended) {
    mirrors->apply({silence("A")});
    ASSERT_TRUE(done());
    mirrors->apply({silence("A", 4h)});
    ASSERT_TRUE(done());
    EXPECT_THAT(alertmanager.silences(), ElementsAre("active alertname=A until 14:00:00: deploy [klaw silence A]"));
    EXPECT_EQ(stored.at("A").endsAt, start + 4h);
}

TEST_F(SilenceMirrorTest, ExpiresItWhenItEndsHereAlsoWhenThatWasBeforeARestart) {
    mirrors->apply({silence("A"), silence("B")});
    ASSERT_TRUE(done());
    clock.advance(10min);
    mirrors->apply({ended(silence("A"))});
    ASSERT_TRUE(done());
    EXPECT_THAT(alertmanager.silences(),
                ElementsAre(HasSubstr("expired alertname=A"), HasSubstr("active alertname=B")));
    restart({});
    ASSERT_TRUE(done());
    EXPECT_THAT(alertmanager.silences(),
                ElementsAre(HasSubstr("expired alertname=A"), HasSubstr("expired alertname=B")));
    EXPECT_LE(stored.at("A").endsAt, clock.now());
}

TEST_F(SilenceMirrorTest, HasNothingToDoAfterARestartAndAtItsOrdinaryEnd) {
    mirrors->apply({silence("A")});
    ASSERT_TRUE(done());
    auto calls = alertmanager.calls.size();
    restart({silence("A")});
    EXPECT_EQ(statusOf(silence("A")).state, State::Copied);
    clock.advance(3h);
    mirrors->apply({silence("B", 4h)});
    ASSERT_TRUE(done());
    EXPECT_EQ(alertmanager.calls.size(), calls + 2) << "those of B";
}

TEST_F(SilenceMirrorTest, TriesAgainWithPausesThatGrowWhileItIsAway) {
    alertmanager.answers = {503, 503};
    mirrors->apply({silence("A")});
    ASSERT_TRUE(waitsAfterFailure());
    EXPECT_THAT(statusOf(silence("A")).reason, HasSubstr("HTTP status 503: no reason"));
    EXPECT_EQ(status().failures, 1u);
    clock.advance(1s);
    ASSERT_TRUE(loop.runUntil([&] { return status().failures == 2 && clock.sleepers() == 1; }));
    clock.advance(900ms);
    EXPECT_EQ(alertmanager.calls.size(), 2u) << "the second pause is longer";
    clock.advance(1100ms);
    ASSERT_TRUE(done());
    ASSERT_TRUE(loop.runUntil([&] { return status().lastError.empty(); }));
    EXPECT_THAT(alertmanager.silences(), ElementsAre(HasSubstr("active alertname=A")));
}

TEST_F(SilenceMirrorTest, MakesNoSecondOneWhenTheAnswerWasLost) {
    alertmanager.answers = {200, 0};
    mirrors->apply({silence("A")});
    ASSERT_TRUE(waitsAfterFailure());
    EXPECT_EQ(stored.at("A").remoteId, "");
    clock.advance(1s);
    ASSERT_TRUE(done());
    EXPECT_THAT(alertmanager.silences(), ElementsAre(HasSubstr("active alertname=A")));
    EXPECT_EQ(stored.at("A").remoteId, "r1");
}

TEST_F(SilenceMirrorTest, FindsItsOwnAfterAKillBeforeTheAnswer) {
    alertmanager.answers = {200, 0};
    mirrors->apply({silence("A"), silence("B")});
    ASSERT_TRUE(waitsAfterFailure());
    restart({silence("A"), silence("B")});
    ASSERT_TRUE(done());
    EXPECT_THAT(alertmanager.silences(), ElementsAre(HasSubstr("active alertname=A"), HasSubstr("active alertname=B")));
}

TEST_F(SilenceMirrorTest, ExpiresWhatItMayHaveMadeBeforeAKill) {
    alertmanager.answers = {200, 0};
    mirrors->apply({silence("A")});
    ASSERT_TRUE(waitsAfterFailure());
    restart({});  // ended meanwhile
    ASSERT_TRUE(done());
    EXPECT_THAT(alertmanager.silences(), ElementsAre(HasSubstr("expired alertname=A")));
}

TEST_F(SilenceMirrorTest, IsContentWithOneThatPeopleExpiredThere) {
    mirrors->apply({silence("A"), silence("B")});
    ASSERT_TRUE(done());
    alertmanager.expire(0);
    alertmanager.expire(1);
    mirrors->apply({ended(silence("A")), silence("B", 4h)});
    ASSERT_TRUE(done());
    EXPECT_EQ(status().lastError, "");
    EXPECT_THAT(alertmanager.silences(), ElementsAre(HasSubstr("expired alertname=A"), HasSubstr("expired alertname=B"),
                                                     HasSubstr("active alertname=B until 14:00:00")));
}

TEST_F(SilenceMirrorTest, NamesWhyOneIsRefusedAndTriesItNoMore) {
    alertmanager.refusals = {{"\"A\"", 400}};
    auto odd = silence("C");
    odd.matchers[0].label = "app/name";
    mirrors->apply({silence("A"), silence("B"), odd});
    ASSERT_TRUE(done());
    EXPECT_EQ(statusOf(silence("A")).state, State::Refused);
    EXPECT_THAT(statusOf(silence("A")).reason, HasSubstr("HTTP status 400: no reason"));
    EXPECT_EQ(statusOf(silence("B")).state, State::Copied);
    EXPECT_THAT(statusOf(odd).reason, HasSubstr("app/name"));
    EXPECT_EQ(status().refused, 2u);
    auto calls = alertmanager.calls.size();
    mirrors->apply({silence("D")});
    ASSERT_TRUE(done());
    EXPECT_EQ(alertmanager.calls.size(), calls + 2) << "those of D";
}

TEST_F(SilenceMirrorTest, LetsOneThatFailsHoldUpNoOther) {
    alertmanager.refusals = {{"\"A\"", 500}};
    mirrors->apply({silence("A"), silence("B")});
    ASSERT_TRUE(loop.runUntil([&] { return statusOf(silence("B")).state == State::Copied; }));
    EXPECT_EQ(statusOf(silence("A")).state, State::Waiting);
    EXPECT_EQ(status().waiting, 1u);
    EXPECT_NE(status().lastError, "");
    mirrors->apply({ended(silence("A"))});
    ASSERT_TRUE(waitsAfterFailure());
    clock.advance(1s);
    ASSERT_TRUE(loop.runUntil([&] { return status().lastError.empty(); })) << "the trouble ends with its cause";
}

TEST_F(SilenceMirrorTest, LeavesAnAlertmanagerAloneThatIsConfiguredNoMore) {
    mirrors->follow({});
    mirrors->apply({silence("A")});
    EXPECT_THAT(mirrors->status(), IsEmpty());
    loop.poll();
    EXPECT_THAT(alertmanager.calls, IsEmpty());
    mirrors->follow({target()});
    ASSERT_TRUE(done());
    EXPECT_THAT(alertmanager.silences(), ElementsAre(HasSubstr("active alertname=A")));
}

}  // namespace
}  // namespace klaw::deliver
