#include "test/unit/deliver/courier_fixture.hpp"

namespace klaw::deliver::testing {
namespace {

/// What an incident looks like now.
struct Alive {
    std::uint64_t revision = 0;
    std::size_t size = 1;
    bool announced = false;
    bool over = false;
};

/// Hundreds of incidents that begin, grow and end while a chat platform does not answer for an hour, with the real
/// tables behind the courier.
class CourierOutageTest : public CourierTest {
protected:
    void SetUp() override {
        store();
        auto limits = updatable();
        limits.updateGap = 3s;
        limits.budgets = {{8, 1s}, {300, 60s}};
        use(limits);
    }
    static std::string idOf(int number) { return "i" + std::to_string(number); }
    void say(int number, const std::string& reason) {
        auto& incident = incidents[number];
        auto id = idOf(number);
        auto next = delivery(id, ++incident.revision, id + " r" + std::to_string(incident.revision), reason);
        next.createdAt = next.notBefore = clock.now();
        put({sized(std::move(next), incident.size)});
    }
    void fall() {
        chat->outage = [this]() -> std::optional<Error> {
            if (++tries % 3 > 0) return unavailable();
            maybeSeen.insert(idIn(chat->calls.back().card));
            return timedOut();
        };
    }
    std::map<int, Alive> incidents;
    static std::string idIn(const std::string& card) { return card.substr(0, card.find(' ')); }
    std::size_t tries = 0;
    std::set<std::string> maybeSeen;  ///< of these a call got no answer
};

TEST_F(CourierOutageTest, LosesNothingStaysSmallAndSaysOnReturnHowThingsAreNow) {
    for (int i = 0; i < 100; ++i) {
        say(i, "opened");
        incidents[i].announced = true;
        clock.advance(1s);
    }
    fall();
    std::size_t mostQueued = 0;
    for (int step = 0; step < 360; ++step) {  // every ten seconds of an hour
        if (step < 300) say(100 + step, "opened");
        for (int i = step % 7; i < 100 + step; i += 37) {
            auto found = incidents.find(i);
            if (found == incidents.end() || found->second.over) continue;
            ++found->second.size;
            say(i, "grew");
        }
        if (int ended = step * 400 / 360; step % 2 && !incidents[ended].over && incidents[ended].revision > 0) {
            incidents[ended].over = true;
            say(ended, "resolved");
        }
        clock.advance(10s);
        mostQueued = std::max(mostQueued, courier->status()[0].queued);
    }
    EXPECT_LE(tries, 400u) << "a platform that is down is not pressed";
    EXPECT_LE(mostQueued, incidents.size() + maybeSeen.size()) << "one for each incident and each unknown outcome";
    EXPECT_EQ(std::set<std::string>(undelivered.begin(), undelivered.end()).size(), undelivered.size())
        << "a stand-in hears once of each";

    auto before = chat->calls.size();
    chat->outage = nullptr;
    for (int minute = 0; minute < 10; ++minute) clock.advance(1min);
    std::map<std::string, std::string> last;  ///< what was said of each at last
    std::set<std::string> ownCard;
    std::size_t digests = 0;
    for (auto call = chat->calls.begin() + static_cast<std::ptrdiff_t>(before); call != chat->calls.end(); ++call) {
        bool digest = call->card.find("alert updates") != std::string::npos;
        digests += digest;
        if (!digest) ownCard.insert(idIn(call->card));
        for (const auto& said : digest ? call->lines : std::vector<std::string>{call->card}) last[idIn(said)] = said;
    }
    EXPECT_GE(digests, 1u);
    for (const auto& [number, incident] : incidents) {
        auto id = idOf(number);
        bool unheard = incident.over && !incident.announced && !maybeSeen.contains(id);
        if (unheard)
            EXPECT_FALSE(ownCard.contains(id)) << "nobody heard of " << id << ", so it gets no card of its own";
        bool toSay = incident.revision > (incident.announced ? 1u : 0u) && !unheard;
        if (toSay) EXPECT_EQ(last[id], id + " r" + std::to_string(incident.revision)) << "as it is now";
    }
    EXPECT_LE(chat->calls.size() - before, incidents.size() + maybeSeen.size()) << "no flood of history";
    for (const auto& [id, state] : states())
        EXPECT_TRUE(state == "sent" || state == "superseded") << id << " " << state;
    EXPECT_TRUE(courier->idle());
    RecordProperty("calls during the outage", static_cast<int>(tries));
    RecordProperty("calls on return", static_cast<int>(chat->calls.size() - before));
    RecordProperty("digests on return", static_cast<int>(digests));
    RecordProperty("most queued", static_cast<int>(mostQueued));
}

TEST_F(CourierOutageTest, TriesNewCardsSoonAlsoWhileAChannelIsDown) {
    fall();
    say(1, "opened");
    for (int minute = 0; minute < 30; ++minute) clock.advance(1min);
    auto before = chat->calls.size();
    chat->outage = nullptr;
    say(2, "opened");
    clock.advance(15s);
    EXPECT_EQ(chat->calls.size(), before + 2) << "with the first that arrives all others follow";
}

TEST_F(CourierOutageTest, JoinsInOneDigestWhatBeganAndEndedMeanwhile) {
    chat->outage = [] { return std::optional(unavailable()); };
    for (int i = 0; i < 5; ++i) {
        say(i, "opened");
        clock.advance(20s);
    }
    for (int i = 1; i < 5; ++i) say(i, "resolved");
    chat->outage = nullptr;
    clock.advance(10min);
    std::vector<std::string> after;
    for (const auto& call : chat->calls)
        if (call.card.find("alert updates") != std::string::npos) after.push_back(call.card);
    EXPECT_EQ(after.size(), 1u);
}

}  // namespace
}  // namespace klaw::deliver::testing
