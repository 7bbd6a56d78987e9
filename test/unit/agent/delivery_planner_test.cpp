#include "agent/deliver/delivery_planner.hpp"

#include <gtest/gtest.h>

namespace klaw::deliver {
namespace {

using Reason = rules::IncidentUpdate::Reason;

const TimePoint start = *parseRfc3339("2026-11-23T10:00:00Z");

rules::IncidentUpdate update(Reason reason, Duration after = {}) {
    rules::IncidentUpdate made;
    made.reason = reason;
    made.at = start + after;
    made.incident.id = "3f9a21c07be4d815";
    made.incident.rule = "PodCrashLooping";
    made.incident.cluster = "prod";
    made.incident.owner = {"prod", "deployments.apps", "Deployment", "shop", "web", "u1"};
    made.incident.title = {"web keeps crashing", "web 反复崩溃"};
    made.incident.firing = made.incident.total = 2;
    made.incident.openedAt = start;
    made.incident.updatedAt = made.at;
    made.incident.revision = 1;
    return made;
}

ChannelPlan channel(const std::string& name, bool canUpdate) {
    ChannelPlan plan;
    plan.name = name;
    plan.canUpdate = canUpdate;
    return plan;
}

std::vector<std::string> channelsOf(const std::vector<storage::Delivery>& deliveries) {
    std::vector<std::string> names;
    for (const auto& delivery : deliveries) names.push_back(delivery.channel);
    return names;
}

const std::vector<std::string> both{"hook", "robot"}, hookOnly{"hook"}, nobody;

TEST(DeliveryPlanner, SaysEveryChangeWhereCardsCanBeUpdatedAndElsewhereWhatMatters) {
    DeliveryPlanner planner({channel("hook", true), channel("robot", false)}, {});
    EXPECT_EQ(channelsOf(planner.plan(update(Reason::Opened))), both);
    EXPECT_EQ(channelsOf(planner.plan(update(Reason::Grew, 1s))), both)
        << "within the group wait the first card shows it";
    EXPECT_EQ(channelsOf(planner.plan(update(Reason::Grew, 1min))), hookOnly);
    EXPECT_EQ(channelsOf(planner.plan(update(Reason::Changed, 1min))), hookOnly);
    EXPECT_EQ(channelsOf(planner.plan(update(Reason::Acknowledged, 1min))), both);
    EXPECT_EQ(channelsOf(planner.plan(update(Reason::Resolved, 1min))), both);
}

TEST(DeliveryPlanner, SaysAMilestoneOfAGrowingIncident) {
    DeliveryPlanner planner({channel("robot", false)}, {});
    auto grown = update(Reason::Grew, 1min);
    grown.incident.total = 50;
    EXPECT_EQ(planner.plan(grown).size(), 1u);
}

TEST(DeliveryPlanner, KeepsQuietAboutWhatWasSilencedFromTheBeginning) {
    DeliveryPlanner planner({channel("hook", true)}, {});
    auto opened = update(Reason::Opened);
    opened.incident.silenced = rules::Mark{"local:ann", start - 1h, ""};
    EXPECT_EQ(channelsOf(planner.plan(opened)), nobody);
    opened.reason = Reason::Resolved;
    EXPECT_EQ(channelsOf(planner.plan(opened)), nobody);
}

TEST(DeliveryPlanner, GivesTheFirstCardTimeToGatherWhereItCannotBeUpdated) {
    DeliveryPlanner planner({channel("hook", true), channel("robot", false)}, {});
    auto deliveries = planner.plan(update(Reason::Opened));
    EXPECT_EQ(deliveries[0].notBefore, start);
    EXPECT_EQ(deliveries[1].notBefore, start + 2s);
    EXPECT_EQ(planner.plan(update(Reason::Grew, 1s))[1].notBefore, start + 2s) << "growing does not put it off";
}

TEST(DeliveryPlanner, SendsToWhomTheRuleNamesElseToTheDefault) {
    DeliveryPlanner planner(
        {channel("hook", true), channel("robot", false)},
        std::make_shared<rules::Routes>(std::vector<rules::Route>(), std::vector<std::string>{"robot"}));
    EXPECT_EQ(channelsOf(planner.plan(update(Reason::Opened))), (std::vector<std::string>{"robot"}));
    auto named = update(Reason::Opened);
    named.incident.alerts.emplace_back().notify = {"hook"};
    EXPECT_EQ(channelsOf(planner.plan(named)), hookOnly);
    named.incident.alerts[0].notify = {"gone"};
    EXPECT_EQ(channelsOf(planner.plan(named)), (std::vector<std::string>{"robot"})) << "never to nobody";
}

rules::Route routeOf(const char* match, std::vector<std::string> notify) {
    rules::Route route;
    route.match = *rules::CompiledMatchers::compileSelection(*rules::parseSelection(match));
    route.notify = std::move(notify);
    return route;
}

TEST(DeliveryPlanner, FollowsTheFirstRouteThatMatchesAndThoseItGoesOnTo) {
    auto first = routeOf("severity=\"critical\"", {"phone"});
    first.goOn = true;
    std::vector<rules::Route> routes{first, routeOf("", {"hook"}), routeOf("", {"never"})};
    DeliveryPlanner planner({channel("hook", true), channel("phone", true), channel("never", true)},
                            std::make_shared<rules::Routes>(routes));
    auto opened = update(Reason::Opened);
    EXPECT_EQ(channelsOf(planner.plan(opened)), hookOnly);
    opened.incident.severity = rules::Severity::Critical;
    EXPECT_EQ(channelsOf(planner.plan(opened)), (std::vector<std::string>{"hook", "phone"}));
}

TEST(DeliveryPlanner, SendsToEverybodyWhereARuleSaysSo) {
    DeliveryPlanner planner({channel("hook", true), channel("robot", false)},
                            std::make_shared<rules::Routes>(std::vector{routeOf("", {"robot"})}));
    auto named = update(Reason::Opened);
    named.incident.alerts.emplace_back().notify = {"*"};
    EXPECT_EQ(channelsOf(planner.plan(named)), both);
}

TEST(DeliveryPlanner, TellsTheChannelThatStandsInAndKeepsItUpToDate) {
    DeliveryPlanner planner({channel("hook", true), channel("robot", false), channel("lead", true)},
                            std::make_shared<rules::Routes>(std::vector{routeOf("", {"robot"})}));
    auto diverted = update(Reason::Diverted, 10s);
    diverted.incident.diversions = {{"robot", "lead"}};
    auto told = planner.plan(diverted);
    ASSERT_EQ(channelsOf(told), std::vector<std::string>{"lead"});
    EXPECT_EQ(notifiers::cardFromJson(told[0].payload)->footer.notes,
              std::vector<std::string>{"robot cannot be reached"});
    auto resolved = diverted;
    resolved.reason = Reason::Resolved;
    EXPECT_EQ(channelsOf(planner.plan(resolved)), (std::vector<std::string>{"robot", "lead"}));
}

/// The night is from 10:00 to 12:00 here.
rules::Route sleeping(rules::Route route) {
    route.quietHours = {{*CronSchedule::parse("0 10 * * *"), *CronSchedule::parse("0 12 * * *"), TimeZone::utc(),
                         *rules::CompiledMatchers::compileSelection(*rules::parseSelection("severity=critical"))}};
    return route;
}

TEST(DeliveryPlanner, WritesDownForTheMorningWhatIsNewInQuietHours) {
    DeliveryPlanner planner({channel("hook", true)},
                            std::make_shared<rules::Routes>(std::vector{sleeping(routeOf("", {"hook"}))}));
    auto opened = planner.plan(update(Reason::Opened)).at(0);
    EXPECT_EQ(opened.notBefore, start + 2h);
    EXPECT_TRUE(opened.quiet);
    auto later = planner.plan(update(Reason::Opened, 2h)).at(0);
    EXPECT_EQ(later.notBefore, start + 2h) << "the night is over";
    EXPECT_FALSE(later.quiet);
    auto critical = update(Reason::Opened);
    critical.incident.severity = rules::Severity::Critical;
    EXPECT_FALSE(planner.plan(critical).at(0).quiet) << "excepted";
}

TEST(DeliveryPlanner, KeepsWhatWaitsForTheMorningUpToDateAlsoWhereCardsCannotBeChanged) {
    DeliveryPlanner planner({channel("robot", false)},
                            std::make_shared<rules::Routes>(std::vector{sleeping(routeOf("", {"robot"}))}));
    auto grown = planner.plan(update(Reason::Grew, 1h));
    ASSERT_EQ(grown.size(), 1u);
    EXPECT_TRUE(grown[0].onlyRefines);
    auto byDay = planner.plan(update(Reason::Grew, 3h));
    ASSERT_EQ(byDay.size(), 1u);
    EXPECT_TRUE(byDay[0].onlyRefines) << "what waits no longer is not said again";
    EXPECT_FALSE(byDay[0].quiet);
}

TEST(DeliveryPlanner, CallsNobodyWhoIsAssignedInQuietHours) {
    auto hook = channel("hook", true);
    hook.people = {{"ann", "ou_1"}};
    DeliveryPlanner planner({hook}, std::make_shared<rules::Routes>(std::vector{sleeping(routeOf("", {"hook"}))}));
    auto calls = [&](Duration after) {
        auto assigned = update(Reason::Assigned, after);
        assigned.incident.assignee = "ann";
        return notifiers::cardFromJson(planner.plan(assigned).at(0).payload)->mentions.size();
    };
    EXPECT_EQ(calls(1h), 0u);
    EXPECT_EQ(calls(3h), 1u);
}

TEST(DeliveryPlanner, CallsTheReceiversOfEachStepOfTheEscalationAndTellsThemWhenItIsOver) {
    auto route = routeOf("", {"robot"});
    route.escalate = {{15min, {"lead"}}, {1h, {"boss"}}};
    DeliveryPlanner planner({channel("robot", false), channel("lead", false), channel("boss", false)},
                            std::make_shared<rules::Routes>(std::vector{route}));
    auto escalated = update(Reason::Escalated, 15min);
    escalated.incident.escalated = 1;
    EXPECT_EQ(channelsOf(planner.plan(escalated)), std::vector<std::string>{"lead"});
    escalated.incident.escalated = 2;
    EXPECT_EQ(channelsOf(planner.plan(escalated)), std::vector<std::string>{"boss"});
    auto resolved = update(Reason::Resolved, 2h);
    resolved.incident.escalated = 1;
    EXPECT_EQ(channelsOf(planner.plan(resolved)), (std::vector<std::string>{"robot", "lead"}));
}

TEST(DeliveryPlanner, CallsPeopleByTheIdsOfEachPlatformWhenACardBeginsAndWhenNobodyTakesIt) {
    rules::Route route;
    route.match = *rules::CompiledMatchers::compileSelection({});
    route.mention = {"Li", "all"};
    route.escalate = {{15min, {}, {"Han"}}};
    auto feishu = channel("feishu", true), dingtalk = channel("dingtalk", true);
    feishu.people = {{"Li", "ou_li"}, {"Han", "ou_han"}};
    dingtalk.people = {{"Li", "li"}};
    DeliveryPlanner planner({feishu, dingtalk}, std::make_shared<rules::Routes>(std::vector{route}));
    auto called = [&](const rules::IncidentUpdate& about) {
        std::vector<std::vector<std::string>> ids;
        for (const auto& delivery : planner.plan(about)) {
            auto card = *notifiers::cardFromJson(delivery.payload);
            ids.emplace_back();
            for (const auto& mention : card.mentions) ids.back().push_back(mention.id);
        }
        return ids;
    };
    using Ids = std::vector<std::vector<std::string>>;
    EXPECT_EQ(called(update(Reason::Opened)), (Ids{{"ou_li", "all"}, {"li", "all"}}));
    EXPECT_EQ(called(update(Reason::Changed, 1min)), (Ids{{}, {}}));
    auto escalated = update(Reason::Escalated, 15min);
    escalated.incident.escalated = 1;
    EXPECT_EQ(called(escalated), (Ids{{"ou_han"}, {}}));
}

std::vector<std::string> calledBy(const storage::Delivery& delivery) {
    std::vector<std::string> ids;
    auto card = notifiers::cardFromJson(delivery.payload);
    for (const auto& mention : card->mentions) ids.push_back(mention.id);
    return ids;
}

/// Calls Li on a channel that can ring; critical things by phone.
DeliveryPlanner ringing(rules::Ring ring, rules::Ring ofTheStep = rules::Ring::None) {
    rules::Route route;
    route.match = *rules::CompiledMatchers::compileSelection({});
    route.mention = {"Li"};
    route.ring = ring;
    route.escalate = {{15min, {}, {"Han"}, ofTheStep}};
    auto chat = channel("chat", true), hook = channel("hook", true);
    chat.people = hook.people = {{"Li", "ou_li"}, {"Han", "ou_han"}};
    chat.canRing = true;
    return DeliveryPlanner({chat, hook}, std::make_shared<rules::Routes>(std::vector{route}));
}

TEST(DeliveryPlanner, HoldsACardForWhatIsBeingLookedUpAndCallsPeopleWithWhicheverLeaves) {
    auto planner = ringing(rules::Ring::None);
    DeliveryPlanner::Hold hold{start + 800ms, Reason::Opened};
    auto opened = planner.plan(update(Reason::Opened), hold);
    ASSERT_EQ(opened.size(), 2u);
    EXPECT_EQ(opened[0].notBefore, start + 800ms);
    hold.until = start + 200ms;
    auto enriched = planner.plan(update(Reason::Enriched, 200ms), hold);
    ASSERT_EQ(enriched.size(), 2u);
    EXPECT_EQ(enriched[0].notBefore, start + 200ms);
    EXPECT_EQ(enriched[0].reason, "opened") << "it is the first card that people see";
    EXPECT_EQ(calledBy(enriched[0]), std::vector<std::string>{"ou_li"});
    EXPECT_EQ(calledBy(planner.plan(update(Reason::Grew, 100ms), hold)[0]), std::vector<std::string>{"ou_li"});
    EXPECT_TRUE(calledBy(planner.plan(update(Reason::Grew, 1min))[0]).empty());
}

TEST(DeliveryPlanner, RingsThoseItCallsOnceAndOnlyWhereTheChannelCan) {
    auto planner = ringing(rules::Ring::Phone, rules::Ring::Sms);
    auto deliveries = planner.plan(update(Reason::Opened));
    ASSERT_EQ(channelsOf(deliveries), (std::vector<std::string>{"chat", "chat", "hook"}));
    const auto& ring = deliveries[1];
    EXPECT_EQ(ring.reason, "ring");
    EXPECT_FALSE(ring.livingCard) << "no newer card takes its place";
    EXPECT_EQ(calledBy(ring), std::vector<std::string>{"ou_li"});
    EXPECT_EQ(notifiers::cardFromJson(ring.payload)->ring, rules::Ring::Phone);
    EXPECT_NE(ring.id, deliveries[0].id);
    EXPECT_EQ(channelsOf(planner.plan(update(Reason::Changed, 1min))), (std::vector<std::string>{"chat", "hook"}));
    auto escalated = update(Reason::Escalated, 15min);
    escalated.incident.escalated = 1;
    auto step = planner.plan(escalated);
    ASSERT_EQ(step.size(), 3u);
    EXPECT_EQ(calledBy(step[1]), std::vector<std::string>{"ou_han"});
    EXPECT_EQ(notifiers::cardFromJson(step[1].payload)->ring, rules::Ring::Sms);
    auto taken = update(Reason::Reminded, 1h);
    taken.incident.acknowledged = rules::Mark{"Li", start, ""};
    EXPECT_EQ(planner.plan(taken).size(), 2u) << "nobody is rung about what somebody has taken";
    EXPECT_EQ(ringing(rules::Ring::None).plan(update(Reason::Opened)).size(), 2u);
}

TEST(DeliveryPlanner, RingsThoseWhomTheRouteCallsWhereARuleSaysSo) {
    auto opened = update(Reason::Opened);
    rules::Alert alert;
    alert.firedAt = start;
    alert.ring = rules::Ring::Phone;
    opened.incident.alerts = {alert};
    auto deliveries = ringing(rules::Ring::App).plan(opened);
    ASSERT_EQ(channelsOf(deliveries), (std::vector<std::string>{"chat", "chat", "hook"}));
    EXPECT_EQ(notifiers::cardFromJson(deliveries[1].payload)->ring, rules::Ring::Phone) << "the more insistent one";
    EXPECT_EQ(calledBy(deliveries[1]), std::vector<std::string>{"ou_li"});
    opened.incident.alerts[0].resolvedAt = start;
    EXPECT_EQ(ringing(rules::Ring::None).plan(opened).size(), 2u) << "what is over rings nobody";
}

TEST(DeliveryPlanner, CallsWhoIsOnDutyThenAndTheNextOneWhenNobodyTakesIt) {  // S5
    rules::Rota rota;
    rota.name = "ops";
    rota.people = {"Li", "Han"};
    rota.firstDay = toUnixNanos(start) / (24 * 3'600'000'000'000);
    rota.handoverSeconds = 10 * 3600;
    rota.days = 1;
    rota.zone = TimeZone::utc();
    rules::Route route;
    route.match = *rules::CompiledMatchers::compileSelection({});
    route.mention = {"on-call:ops"};
    route.escalate = {{10min, {}, {"on-call:ops+1"}}};
    auto chat = channel("chat", true);
    chat.people = {{"Li", "ou_li"}, {"Han", "ou_han"}};
    DeliveryPlanner planner(
        {chat}, std::make_shared<rules::Routes>(std::vector{route}, std::vector<std::string>(), std::vector{rota}));
    EXPECT_EQ(calledBy(planner.plan(update(Reason::Opened))[0]), std::vector<std::string>{"ou_li"});
    auto escalated = update(Reason::Escalated, 10min);
    escalated.incident.escalated = 1;
    EXPECT_EQ(calledBy(planner.plan(escalated)[0]), std::vector<std::string>{"ou_han"});
    EXPECT_EQ(calledBy(planner.plan(update(Reason::Opened, 24h))[0]), std::vector<std::string>{"ou_han"});
}

TEST(DeliveryPlanner, CallsWhomAnAlertIsAssignedTo) {
    auto planner = ringing(rules::Ring::Phone);
    auto assigned = update(Reason::Assigned, 1min);
    assigned.incident.assignee = "Han";
    auto deliveries = planner.plan(assigned);
    ASSERT_EQ(deliveries.size(), 2u) << "who is not called by a route is not rung";
    EXPECT_EQ(calledBy(deliveries[0]), std::vector<std::string>{"ou_han"});
    EXPECT_EQ(notifiers::cardFromJson(deliveries[0].payload)->assignee, "Han");
}

TEST(DeliveryPlanner, RemindsEverywhereAlsoWhereCardsCanBeUpdated) {
    DeliveryPlanner planner({channel("hook", true), channel("robot", false)});
    EXPECT_EQ(channelsOf(planner.plan(update(Reason::Reminded, 4h))), both);
}

TEST(DeliveryPlanner, GivesTheSameThingSaidTheSameKeyAndOthersOthers) {
    DeliveryPlanner planner({channel("hook", true)}, {});
    auto first = planner.plan(update(Reason::Opened)).front();
    EXPECT_EQ(planner.plan(update(Reason::Opened)).front().idempotencyKey, first.idempotencyKey);
    auto next = update(Reason::Changed);
    next.incident.revision = 2;
    EXPECT_NE(planner.plan(next).front().idempotencyKey, first.idempotencyKey);
    EXPECT_LE(first.idempotencyKey.size(), 50u);
}

TEST(CardBuilder, WritesInTheLanguageOfTheChannel) {
    auto incident = update(Reason::Opened).incident;
    auto card = buildCard(incident, {"zh", 480, "http://127.0.0.1:8917"});
    EXPECT_EQ(card.title, "web 反复崩溃");
    EXPECT_EQ(card.subtitle, "prod · shop · Deployment web");
    ASSERT_EQ(card.buttons.size(), 2u);
    EXPECT_EQ(card.buttons[0].label, "认领");
    EXPECT_EQ(card.buttons[0].command, "ack 3f9a21c07be4d815");
}

TEST(CardBuilder, OffersNothingOnceItIsOverAndNoSecondAcknowledgement) {
    auto incident = update(Reason::Opened).incident;
    incident.acknowledged = rules::Mark{"local:ann", start, "mine"};
    auto card = buildCard(incident, {});
    ASSERT_EQ(card.buttons.size(), 1u);
    EXPECT_EQ(card.buttons[0].verb, "silence");
    EXPECT_EQ(card.status, notifiers::CardStatus::Acknowledged);
    incident.resolvedAt = start + 5min;
    EXPECT_TRUE(buildCard(incident, {}).buttons.empty());
}

/// Headings of the card's sections with their lines, and its links.
std::string runbookOf(const std::string& runbook) {
    auto incident = update(Reason::Opened).incident;
    rules::Alert alert;
    alert.firedAt = start;
    alert.runbook.en = runbook;
    incident.alerts = {alert};
    auto card = buildCard(incident, {});
    std::string text;
    for (const auto& section : card.sections)
        for (const auto& line : section.lines) text += "<" + line + ">";
    for (const auto& link : card.links) text += "[" + link.url + "]";
    return text;
}

TEST(CardBuilder, ShowsTheStepsOfARunbookAndLinksWhatIsBelowThem) {
    EXPECT_EQ(runbookOf("1. look\n2. mend\nhttps://example.com/book"), "<1. look><2. mend>[https://example.com/book]");
    EXPECT_EQ(runbookOf("https://example.com/book"), "[https://example.com/book]");
    EXPECT_EQ(runbookOf("Ask the owners."), "<Ask the owners.>");
    EXPECT_EQ(runbookOf(""), "");
}

TEST(CardBuilder, PutsSharedFactsOnceAndTheOthersBesideTheirObject) {
    auto incident = update(Reason::Opened).incident;
    for (const auto* name : {"web-1", "web-2"}) {
        rules::Alert alert;
        alert.object = {"prod", "pods", "Pod", "shop", name, name};
        alert.firedAt = start;
        alert.facts = {{"reason", "Error"}, {"node", std::string("node-of-") + name}};
        incident.alerts.push_back(alert);
    }
    auto card = buildCard(incident, {});
    ASSERT_EQ(card.facts.size(), 1u);
    EXPECT_EQ(card.facts[0].value, "Error");
    ASSERT_EQ(card.affected.size(), 2u);
    EXPECT_EQ(card.affected[0].detail, "node node-of-web-1");
}

}  // namespace
}  // namespace klaw::deliver
