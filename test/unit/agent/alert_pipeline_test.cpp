#include "agent/app/alert_pipeline.hpp"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "notifiers/card.hpp"
#include "rules/load/load_rules.hpp"

namespace klaw::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const TimePoint start = *parseRfc3339("2026-11-23T10:00:00Z");

constexpr auto rulesText = R"(rules:
  - alert: PodFailed
    resource: pods
    when: object.status.phase == "Failed"
    title: "${object.metadata.name} failed"
  - alert: PodSlow
    resource: pods
    when: object.status.phase == "Pending"
    for: 5m
    title: "${object.metadata.name} waits"
  - alert: ImageGone
    event: {type: Warning, reason: Failed}
    title: "${event.involvedObject.name}: ${event.message}"
)";

std::shared_ptr<const rules::RuleSet> rulesOf(const std::string& text) {
    auto report = rules::loadRules({{"rules.yaml", text}});
    for (const auto& error : report.errors) ADD_FAILURE() << error.describe();
    return report.rules;
}

/// The Pods of a cluster, as its observer would know them.
class Pods final : public rules::ObjectSource {
public:
    void forEach(std::string_view, std::string_view, const std::function<void(PackedView)>& visit) const override {
        for (const auto& [uid, pod] : all) visit(pod.view());
    }
    PackedView find(std::string_view, std::string_view, std::string_view uid) const override {
        auto found = all.find(uid);
        return found == all.end() ? PackedView() : found->second.view();
    }
    std::map<std::string, PackedObject, std::less<>> all;
};

deliver::DeliveryPlanner planner() {
    deliver::ChannelPlan hook;
    hook.name = "hook";
    hook.canUpdate = true;
    return deliver::DeliveryPlanner({hook}, {});
}

class AlertPipelineTest : public testing::Test {
protected:
    void SetUp() override { begin(); }
    void begin() { pipeline = std::make_unique<AlertPipeline>(rulesOf(rulesText), pods, planner()); }

    void put(const std::string& name, const std::string& phase, bool initial = false, const std::string& owner = {}) {
        auto owners = owner.empty() ? std::string()
                                    : R"(,"ownerReferences":[{"kind":"ReplicaSet","name":")" + owner +
                                          R"(","uid":"rs","controller":true}])";
        auto object = packJson(R"({"metadata":{"name":")" + name + R"(","namespace":"shop","uid":"u-)" + name + "\"" +
                               owners + R"(},"status":{"phase":")" + phase + "\"}}");
        ASSERT_TRUE(object);
        auto before = std::move(pods.all["u-" + name]);
        auto& kept = pods.all["u-" + name] = std::move(*object);
        auto type = before.empty() ? rules::Change::Type::Added : rules::Change::Type::Modified;
        pipeline->change({type, "prod", "pods", kept.view(), before.view(), initial}, now);
    }
    void event(const std::string& pod, const std::string& time, bool initial = false) {
        auto object = packJson(R"({"metadata":{"name":")" + pod + R"(.1","namespace":"shop","uid":"e-)" + pod +
                               R"("},"type":"Warning","reason":"Failed","message":"no such image","count":1,)" +
                               R"("involvedObject":{"kind":"Pod","namespace":"shop","name":")" + pod +
                               R"(","uid":"u-)" + pod + R"("},"lastTimestamp":")" + time + "\"}");
        ASSERT_TRUE(object);
        pipeline->change({rules::Change::Type::Added, "prod", "events", object->view(), {}, initial}, now);
    }
    void pass(Duration time) {
        auto end = now + time;
        for (auto due = pipeline->nextDue(); due && *due <= end; due = pipeline->nextDue()) {
            now = std::max(now, *due);
            pipeline->due(now);
        }
        now = end;
    }
    /// What storage would give back after a restart with all units so far committed.
    void keep(const storage::UnitOfWork& unit) {
        auto forget = [&](const std::string& fingerprint) {
            std::erase_if(stored.alerts, [&](const auto& known) { return known.fingerprint == fingerprint; });
        };
        for (const auto& alert : unit.alerts) forget(alert.fingerprint);
        for (const auto& fingerprint : unit.removedAlerts) forget(fingerprint);
        std::ranges::copy(unit.alerts, std::back_inserter(stored.alerts));
        for (const auto& incident : unit.incidents) {
            std::erase_if(stored.incidents, [&](const auto& known) { return known.id == incident.id; });
            stored.incidents.push_back(incident);
        }
    }
    static std::vector<std::string> actions(const storage::UnitOfWork& unit) {
        std::vector<std::string> all;
        for (const auto& entry : unit.audit) all.push_back(entry.action + " " + entry.target);
        return all;
    }
    static std::vector<std::string> cards(const storage::UnitOfWork& unit) {
        std::vector<std::string> all;
        for (const auto& delivery : unit.newDeliveries) {
            auto card = notifiers::cardFromJson(delivery.payload);
            all.push_back(delivery.reason + " " + (card ? card->title : card.error().describe()));
        }
        return all;
    }

    Pods pods;
    TimePoint now = start;
    std::unique_ptr<AlertPipeline> pipeline;
    storage::RecoveredState stored;
};

TEST_F(AlertPipelineTest, PutsAlertIncidentAuditAndDeliveryOfOneChangeIntoOneUnit) {
    put("web", "Failed");
    auto unit = pipeline->take();
    ASSERT_EQ(unit.alerts.size(), 1u);
    EXPECT_EQ(unit.alerts[0].rule, "PodFailed");
    ASSERT_EQ(unit.incidents.size(), 1u);
    EXPECT_THAT(actions(unit), ElementsAre("alert.fired prod/shop/Pod/web"));
    EXPECT_THAT(cards(unit), ElementsAre("opened web failed"));
    EXPECT_EQ(unit.newDeliveries[0].incidentId, unit.incidents[0].id);
}

/// Cards that were sent anew, over all units.
struct Told {
    std::size_t cards = 0;
    std::set<std::string> incidents;
    void add(const storage::UnitOfWork& unit) {
        for (const auto& delivery : unit.newDeliveries) {
            cards += delivery.reason == "opened";
            incidents.insert(delivery.incidentId);
        }
    }
};

TEST_F(AlertPipelineTest, MakesTwoCardsAtMostOfAnAlertThatFlipsTwentyTimesInTenMinutes) {  // R5
    Told told;
    for (int flip = 0; flip < 20; ++flip) {
        put("web", "Failed");
        told.add(pipeline->take());
        pass(15s);
        put("web", "Running");
        told.add(pipeline->take());
        pass(15s);
    }
    EXPECT_LE(told.cards, 2u);
    EXPECT_EQ(told.incidents.size(), 1u) << "one living card";
    pass(9min);
    EXPECT_TRUE(pipeline->take().newDeliveries.empty()) << "it is held open until it is quiet";
    pass(1min);
    EXPECT_THAT(cards(pipeline->take()), ElementsAre("resolved web failed"));
}

TEST_F(AlertPipelineTest, MakesTwoCardsAtMostOfAnAlertThatFlipsTwentyTimesAlsoWithARestartAnywhere) {  // R5
    for (int restart = 0; restart < 40; ++restart) {
        pods.all.clear();
        stored = {};
        now = start;
        begin();
        Told told;
        auto take = [&] {
            auto unit = pipeline->take();
            keep(unit);
            told.add(unit);
        };
        for (int step = 0; step < 40; ++step) {
            put("web", step % 2 == 0 ? "Failed" : "Running");
            take();
            pass(15s);
            take();
            if (step != restart) continue;
            pods.all.clear();
            begin();
            pipeline->restore(stored, now, now);
            put("web", step % 2 == 0 ? "Failed" : "Running", true);
            take();
        }
        EXPECT_LE(told.cards, 2u) << "restart after step " << restart;
        EXPECT_EQ(told.incidents.size(), 1u) << "restart after step " << restart;
        ASSERT_EQ(stored.incidents.size(), 1u);
        EXPECT_EQ(stored.incidents[0].total, 1u) << "one Pod, however often; restart after step " << restart;
    }
}

TEST_F(AlertPipelineTest, RemembersHowOftenItFiredOfWhatWasWithdrawnSince) {
    auto fireOnce = [&] {
        put("web", "Pending");
        pass(5min);
        put("web", "Running");
        pass(15s);
    };
    fireOnce();
    fireOnce();
    put("web", "Pending");
    put("web", "Running");
    keep(pipeline->take());
    begin();
    pipeline->restore(stored, now, now);
    fireOnce();
    auto unit = pipeline->take();
    ASSERT_EQ(unit.alerts.size(), 1u);
    EXPECT_TRUE(unit.alerts[0].flapping);
    EXPECT_EQ(unit.alerts[0].state(), rules::AlertState::Firing) << "held open until it is quiet";
}

TEST_F(AlertPipelineTest, MakesOneCardOfTwoHundredPodsOfADeployment) {  // R6
    for (int pod = 0; pod < 200; ++pod) put("web-" + std::to_string(pod), "Failed", false, "web-5d9f");
    auto unit = pipeline->take();
    std::set<std::string> incidents;
    for (const auto& delivery : unit.newDeliveries) incidents.insert(delivery.incidentId);
    EXPECT_EQ(incidents.size(), 1u);
    auto last = notifiers::cardFromJson(unit.newDeliveries.back().payload);
    ASSERT_TRUE(last);
    EXPECT_EQ(last->affected.size(), 5u);
    EXPECT_EQ(last->more, 195u);
}

TEST_F(AlertPipelineTest, GivesNothingTwice) {
    put("web", "Failed");
    EXPECT_TRUE(pipeline->dirty());
    pipeline->take();
    EXPECT_FALSE(pipeline->dirty());
    EXPECT_TRUE(pipeline->take().empty());
    put("web", "Failed");
    EXPECT_THAT(cards(pipeline->take()), IsEmpty()) << "the same once more is no news";
}

TEST_F(AlertPipelineTest, GathersWhatHappensBetweenTwoUnits) {
    put("web", "Failed");
    put("db", "Failed");
    put("web", "Running");
    auto unit = pipeline->take();
    EXPECT_THAT(actions(unit), ElementsAre("alert.fired prod/shop/Pod/web", "alert.fired prod/shop/Pod/db",
                                           "alert.resolved prod/shop/Pod/web"));
    EXPECT_EQ(unit.alerts.size(), 2u) << "each alert once, as it is at the end";
    for (const auto& alert : unit.alerts)
        EXPECT_EQ(alert.state(), alert.object.name == "web" ? rules::AlertState::Resolved : rules::AlertState::Firing);
}

TEST_F(AlertPipelineTest, SaysNothingWhileAConditionHasNotLastedAndForgetsItWhenItEnds) {
    put("web", "Pending");
    pass(4min);
    auto pending = pipeline->take();
    EXPECT_THAT(cards(pending), IsEmpty());
    EXPECT_THAT(actions(pending), IsEmpty());
    ASSERT_EQ(pending.alerts.size(), 1u) << "`for` survives a restart";
    put("web", "Running");
    auto unit = pipeline->take();
    EXPECT_THAT(unit.removedAlerts, ElementsAre(pending.alerts[0].fingerprint));
    EXPECT_THAT(cards(unit), IsEmpty());
}

TEST_F(AlertPipelineTest, TellsWhatHasLastedAtTheMomentItIsDue) {
    put("web", "Pending");
    EXPECT_EQ(pipeline->nextDue(), start + 5min);
    pass(5min);
    EXPECT_THAT(cards(pipeline->take()), ElementsAre("opened web waits"));
}

TEST_F(AlertPipelineTest, ResolvesWhatIsNoLongerThereAfterAList) {
    put("web", "Failed");
    pipeline->take();
    pods.all.clear();
    pipeline->listCompleted("prod", "pods", [](std::string_view) { return false; }, now);
    auto unit = pipeline->take();
    EXPECT_THAT(actions(unit), ElementsAre("alert.resolved prod/shop/Pod/web"));
    EXPECT_THAT(cards(unit), ElementsAre("resolved web failed"));
}

TEST_F(AlertPipelineTest, SaysNothingAgainAfterARestartOfWhatIsStillSo) {
    put("web", "Failed");
    keep(pipeline->take());
    pods.all.clear();
    begin();
    pipeline->restore(stored, start, start);
    now += 1min;
    put("web", "Failed", true);
    pipeline->listCompleted("prod", "pods", [](std::string_view uid) { return uid == "u-web"; }, now);
    pass(10min);
    auto unit = pipeline->take();
    EXPECT_THAT(cards(unit), IsEmpty());
    EXPECT_THAT(actions(unit), IsEmpty());
    put("web", "Running");
    auto resolved = pipeline->take();
    EXPECT_THAT(cards(resolved), ElementsAre("resolved web failed"));
    EXPECT_EQ(resolved.newDeliveries[0].incidentId, stored.incidents[0].id) << "on the card from before";
}

TEST_F(AlertPipelineTest, AcknowledgesByTheBeginningOfAnIdAndRefusesWhatIsUnknownOrAmbiguous) {
    put("web", "Failed");
    auto id = pipeline->take().incidents[0].id;
    auto found = pipeline->resolveId(id.substr(0, 5));
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_EQ(*found, id);
    EXPECT_EQ(pipeline->resolveId(id.substr(0, 2)).error().code, ErrorCode::NotFound) << "too short";
    EXPECT_EQ(pipeline->resolveId("zzzz").error().code, ErrorCode::NotFound);
    ASSERT_TRUE(pipeline->acknowledge(id, {"local:ann", now, "looking"}));
    EXPECT_THAT(cards(pipeline->take()), ElementsAre("acknowledged web failed"));
    EXPECT_FALSE(pipeline->acknowledge("0000000000000000", {"local:ann", now, ""}));
}

TEST_F(AlertPipelineTest, KeepsQuietUnderASilenceAndSpeaksWhenItEndsEarly) {
    rules::Silence silence;
    silence.id = "5111";
    silence.matchers = {{"rule", rules::Matcher::Kind::Equal, "PodFailed"}};
    silence.startsAt = now;
    silence.endsAt = now + 1h;
    silence.createdBy = "local:ann";
    pipeline->addSilence(silence, now);
    EXPECT_EQ(pipeline->take().silences.size(), 1u);
    put("web", "Failed");
    auto quiet = pipeline->take();
    EXPECT_THAT(cards(quiet), IsEmpty());
    EXPECT_THAT(actions(quiet), ElementsAre("alert.fired prod/shop/Pod/web")) << "the audit knows it all the same";
    EXPECT_EQ(pipeline->endSilence("5999", "local:ann", now).error().code, ErrorCode::NotFound);
    ASSERT_TRUE(pipeline->endSilence("5111", "local:ann", now + 1min));
    auto heard = pipeline->take();
    ASSERT_EQ(heard.newDeliveries.size(), 1u);
    EXPECT_EQ(heard.newDeliveries[0].reason, "silence_ended");
}

TEST_F(AlertPipelineTest, KeepsQuietUnderASilenceFromBeforeARestart) {  // S1
    rules::Silence silence{"5111", {{"rule", rules::Matcher::Kind::Equal, "PodFailed"}}, now, now + 1h, "local:ann",
                           ""};
    pipeline->addSilence(silence, now);
    stored.silences = pipeline->take().silences;
    begin();
    pipeline->restore(stored, start, now);
    put("web", "Failed");
    EXPECT_THAT(cards(pipeline->take()), IsEmpty());
    pass(1h);
    EXPECT_THAT(cards(pipeline->take()), ElementsAre("silence_ended web failed"));
}

TEST_F(AlertPipelineTest, KeepsQuietDuringMaintenanceAndSpeaksAfterIt) {  // S4
    rules::MaintenanceWindow window{"patches",
                                    {{"cluster", rules::Matcher::Kind::Equal, "prod"}},
                                    *CronSchedule::parse("5 10 * * *"),
                                    1h,
                                    TimeZone::utc(),
                                    ""};
    pipeline->setMaintenance(rules::Maintenance({window}), now);
    put("web", "Failed");
    EXPECT_THAT(cards(pipeline->take()), ElementsAre("opened web failed")) << "before it";
    pass(5min);
    EXPECT_THAT(cards(pipeline->take()), ElementsAre("silenced web failed"));
    put("db", "Failed");
    EXPECT_THAT(cards(pipeline->take()), IsEmpty());
    ASSERT_EQ(pipeline->silencesAt(now).size(), 1u);
    EXPECT_EQ(pipeline->silencesAt(now)[0].createdBy, "maintenance patches");
    pass(1h);
    EXPECT_THAT(cards(pipeline->take()), ElementsAre("silence_ended db failed", "silence_ended web failed"));
}

TEST_F(AlertPipelineTest, SaysAgainWhatWaitsForTheMorningWhenTheQuietHoursAreOthers) {
    auto until = [](const char* schedule) {
        deliver::ChannelPlan hook;
        hook.name = "hook";
        hook.canUpdate = true;
        rules::Route route;
        route.match = *rules::CompiledMatchers::compileSelection({});
        route.quietHours = {
            {*CronSchedule::parse("0 9 * * *"), *CronSchedule::parse(schedule), TimeZone::utc(), std::nullopt}};
        return deliver::DeliveryPlanner({hook}, std::make_shared<rules::Routes>(std::vector{route}));
    };
    auto waits = [&] {
        std::vector<std::string> all;
        for (const auto& delivery : pipeline->take().newDeliveries)
            all.push_back(delivery.reason + (delivery.quiet ? " until " + formatRfc3339(delivery.notBefore) : " now"));
        return all;
    };
    pipeline->replacePlanner(until("0 12 * * *"), now);
    put("web", "Failed");
    EXPECT_THAT(waits(), ElementsAre("opened until 2026-11-23T12:00:00Z"));
    pipeline->replacePlanner(until("0 12 * * *"), now);
    EXPECT_THAT(waits(), IsEmpty()) << "as before";
    pipeline->replacePlanner(until("0 11 * * *"), now);
    EXPECT_THAT(waits(), ElementsAre("changed until 2026-11-23T11:00:00Z"));
    pipeline->replacePlanner(planner(), now);
    EXPECT_THAT(waits(), ElementsAre("changed now"));
}

TEST_F(AlertPipelineTest, SaysAgainAfterAStartWhatNoLongerHasToWaitForTheMorning) {
    put("web", "Failed");
    auto unit = pipeline->take();
    keep(unit);
    stored.deliveries = unit.newDeliveries;
    stored.deliveries.at(0).notBefore = now + 10h;
    begin();
    pipeline->restore(stored, now, now + 1h);
    EXPECT_THAT(cards(pipeline->take()), ElementsAre("changed web failed"));
}

TEST_F(AlertPipelineTest, NotesWhenTheEventHappenedThatACardTellsOf) {  // M3
    put("web", "Failed");
    now += 30s;
    event("db", "2026-11-23T10:00:28Z");
    auto unit = pipeline->take();
    EXPECT_THAT(cards(unit), ElementsAre("opened web failed", "opened db: no such image"));
    EXPECT_EQ(unit.newDeliveries[0].causedAt, std::nullopt) << "no Event, no time";
    EXPECT_EQ(unit.newDeliveries[1].causedAt, start + 28s);
    event("old", "2026-11-23T09:59:50Z", true);
    auto old = pipeline->take();
    ASSERT_EQ(old.newDeliveries.size(), 1u);
    EXPECT_EQ(old.newDeliveries[0].causedAt, std::nullopt) << "nobody watched when it happened";
}

TEST_F(AlertPipelineTest, ResolvesAlertsOfARuleThatIsTakenAway) {
    put("web", "Failed");
    pipeline->take();
    auto all = std::string(rulesText);
    auto rest = "rules:\n" + all.substr(all.find("  - alert: PodSlow"));
    pipeline->replaceRules(rulesOf(rest), now);
    EXPECT_THAT(cards(pipeline->take()), ElementsAre("resolved web failed"));
}

TEST_F(AlertPipelineTest, GivesTheSameUnitsForTheSameCalls) {
    auto story = [this] {
        pods.all.clear();
        now = start;
        begin();
        std::string told;
        auto note = [&] {
            auto unit = pipeline->take();
            for (const auto& delivery : unit.newDeliveries)
                told += delivery.id + " " + delivery.idempotencyKey + " " + delivery.payload + "\n";
            for (const auto& entry : unit.audit) told += entry.action + " " + entry.target + " " + entry.detail + "\n";
        };
        for (const char* name : {"a", "b", "c"}) put(name, "Failed");
        note();
        put("d", "Pending");
        pass(6min);
        note();
        put("b", "Running");
        note();
        return told;
    };
    auto first = story();
    EXPECT_EQ(first, story());
    EXPECT_THAT(first, testing::HasSubstr("d waits"));
}

/// Everything is looked up, and what is found is told when a test says so.
class LookUpTest : public AlertPipelineTest {
protected:
    void SetUp() override {
        begin();
        pipeline->setLookUp([this](const rules::IncidentUpdate& update) {
            asked.push_back(std::string(rules::toString(update.reason)));
            return answer;
        });
    }
    static rules::Findings findings() {
        rules::Findings found;
        found.at = start;
        found.pod = "web";
        found.logs = {"panic: no database"};
        return found;
    }
    std::vector<std::string> asked;
    AlertPipeline::LookUp answer = AlertPipeline::LookUp::UnderWay;
};

TEST_F(LookUpTest, HoldsTheFirstCardForWhatIsFoundAndSendsOne) {
    put("web", "Failed");
    auto unit = pipeline->take();
    ASSERT_EQ(unit.newDeliveries.size(), 1u);
    EXPECT_EQ(unit.newDeliveries[0].notBefore, start + AlertPipeline::lookUpWait);
    now += 100ms;
    ASSERT_TRUE(pipeline->lookedUp(unit.incidents[0].id, findings(), now));
    auto enriched = pipeline->take();
    ASSERT_EQ(enriched.newDeliveries.size(), 1u) << "takes the place of the one that waits";
    EXPECT_EQ(enriched.newDeliveries[0].notBefore, now);
    EXPECT_EQ(enriched.newDeliveries[0].reason, "opened");
    EXPECT_NE(enriched.newDeliveries[0].payload.find("panic: no database"), std::string::npos);
    EXPECT_EQ(enriched.incidents[0].findings, findings());
}

TEST_F(LookUpTest, TellsOnceWhatComesLateAndLetsWhatIsFoundAgainRideWithTheNextCard) {
    put("web", "Failed");
    auto id = pipeline->take().incidents.at(0).id;
    now += 2s;
    ASSERT_TRUE(pipeline->lookedUp(id, findings(), now));
    auto late = pipeline->take();
    ASSERT_EQ(late.newDeliveries.size(), 1u);
    EXPECT_EQ(late.newDeliveries[0].reason, "enriched");
    EXPECT_NE(late.newDeliveries[0].payload.find("panic: no database"), std::string::npos);
    ASSERT_TRUE(pipeline->lookedUp(id, findings(), now));
    auto unit = pipeline->take();
    EXPECT_TRUE(unit.newDeliveries.empty()) << "a call of its own is not worth it";
    ASSERT_EQ(unit.incidents.size(), 1u) << "it is stored all the same";
    EXPECT_EQ(unit.incidents[0].findings, findings());
    pipeline->acknowledge(id, {"ann", now, ""});
    EXPECT_NE(pipeline->take().newDeliveries.at(0).payload.find("panic: no database"), std::string::npos);
}

TEST_F(LookUpTest, SaysOnTheCardThatNothingWasLookedUpInAStormWithoutHoldingIt) {
    answer = AlertPipeline::LookUp::Skipped;
    put("web", "Failed");
    auto unit = pipeline->take();
    EXPECT_EQ(unit.newDeliveries[0].notBefore, start);
    EXPECT_NE(unit.newDeliveries[0].payload.find("too much happens at once"), std::string::npos);
    EXPECT_TRUE(unit.incidents[0].findings.skipped);
}

TEST_F(LookUpTest, KeepsWhatWasFoundOverARestartAndLooksForWhatIsMissing) {
    put("web", "Failed");
    auto unit = pipeline->take();
    keep(unit);
    pipeline->lookedUp(unit.incidents[0].id, findings(), now + 2s);
    stored.incidents = pipeline->take().incidents;
    SetUp();
    asked.clear();
    pipeline->restore(stored, now, now);
    pipeline->lookUpMissing(now);
    EXPECT_TRUE(asked.empty()) << "it is there";
    EXPECT_EQ(pipeline->incidents().find(unit.incidents[0].id)->findings, findings());
    stored.incidents[0].findings = {};
    SetUp();
    pipeline->restore(stored, now, now);
    pipeline->lookUpMissing(now);
    EXPECT_THAT(asked, ElementsAre("changed"));
}

TEST_F(LookUpTest, OfWhatHasResolvedMeanwhileTellsNobody) {
    put("web", "Failed");
    auto id = pipeline->take().incidents.at(0).id;
    put("web", "Running");
    pipeline->take();
    EXPECT_FALSE(pipeline->lookedUp(id, findings(), now));
    EXPECT_TRUE(pipeline->take().newDeliveries.empty());
}

TEST_F(AlertPipelineTest, ShowsWhoIsToLookAfterItAndWhatWasWritten) {
    put("web", "Failed");
    auto id = pipeline->take().incidents.at(0).id;
    ASSERT_TRUE(pipeline->assign(id, "han", {"ann", now, ""}));
    auto assigned = pipeline->take();
    EXPECT_THAT(cards(assigned), ElementsAre("assigned web failed"));
    EXPECT_EQ(assigned.incidents[0].assignee, "han");
    ASSERT_TRUE(pipeline->assign(id, "han", {"bob", now, ""}));
    EXPECT_TRUE(pipeline->take().newDeliveries.empty()) << "that is so already";
    ASSERT_TRUE(pipeline->comment(id, {"ann", now, "looks like <at id=all></at> the disk"}));
    auto commented = pipeline->take();
    EXPECT_THAT(cards(commented), ElementsAre("commented web failed"));
    EXPECT_NE(commented.newDeliveries[0].payload.find("ann: looks like"), std::string::npos);
    EXPECT_FALSE(pipeline->comment("nothing", {"ann", now, "x"}));
}

}  // namespace
}  // namespace klaw::app
