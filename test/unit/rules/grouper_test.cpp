#include "rules/grouper.hpp"

#include <gtest/gtest.h>

#include "rules/load/load_rules.hpp"

namespace klaw::rules {
namespace {

TimePoint at(int minute) {
    return *parseRfc3339("2026-11-23T10:00:00Z") + std::chrono::minutes(minute);
}

std::shared_ptr<const RuleSet> rules() {
    return loadRules({{"rules.yaml", R"(rules:
  - {alert: Crash, resource: pods, when: "true", title: t}
  - {alert: Evicted, resource: pods, when: "true", title: t, group_by: [node]}
  - {alert: Alone, resource: pods, when: "true", title: t, group_by: [object]}
  - {alert: NodeDown, resource: nodes, when: "true", title: t}
  - {alert: NotReady, resource: pods, when: "true", title: t, inhibited_by: [{alert: NodeDown, equal: [cluster, node]}]}
  - {alert: Unavailable, resource: deployments, when: "true", title: t, inhibited_by: [{alert: NodeDown, equal: [cluster, node]}]}
)"}})
        .rules;
}

/// A Pod's alert as the engine gives it once it fires.
Alert podAlert(const std::string& pod, const std::string& owner = "web", const std::string& rule = "Crash") {
    Alert alert;
    alert.rule = rule;
    alert.cluster = "c1";
    alert.labels = {{"namespace", "shop"}, {"pod", pod}};
    alert.fingerprint = rule + "/" + owner + "/" + pod;
    alert.object = {"c1", "pods", "Pod", "shop", pod, "uid-" + pod};
    alert.owner = {"c1", "deployments.apps", "Deployment", "shop", owner, ""};
    alert.title = {pod + " crashes", pod};
    return alert;
}

class Grouper : public testing::Test {
protected:
    void fire(Alert alert, int minute) {
        alert.firedAt = alert.activeAt = at(minute);
        grouper_.apply({Transition::Reason::Fired, alert, at(minute)}, updates_);
        fired_[alert.fingerprint] = alert;
    }
    void resolve(const Alert& alert, int minute) {
        auto last = fired_.at(alert.fingerprint);
        last.resolvedAt = at(minute);
        grouper_.apply({Transition::Reason::Resolved, last, at(minute)}, updates_);
    }
    /// "opened 1/1, grew 2/2": firing and total of each update since the last call.
    std::string took() {
        std::string text;
        for (const auto& update : updates_)
            text += (text.empty() ? "" : ", ") + std::string(toString(update.reason)) + " " +
                    std::to_string(update.incident.firing) + "/" + std::to_string(update.incident.total);
        if (!updates_.empty()) last_ = updates_.back().incident;
        updates_.clear();
        return text;
    }
    void silence(const std::string& matchers, int from, int to, int now) {
        grouper_.setSilences({{"s1", *parseMatchers(matchers), at(from), at(to), "ann", "known"}}, at(now), updates_);
    }

    AlertGrouper grouper_{rules()};
    IncidentUpdates updates_;
    Incident last_;
    std::map<std::string, Alert> fired_;
};

TEST_F(Grouper, MakesOneIncidentOfAllPodsOfAnOwner) {
    fire(podAlert("a"), 0);
    fire(podAlert("b"), 1);
    fire(podAlert("x", "other"), 2);
    EXPECT_EQ(took(), "opened 1/1, grew 2/2, opened 1/1");
    EXPECT_EQ(grouper_.size(), 2u);
}

TEST_F(Grouper, ShowsTheOldestFewOfManyAndTheirNumber) {
    for (int i = 0; i < 200; ++i) fire(podAlert("p" + std::to_string(i)), i);
    took();
    EXPECT_EQ(last_.firing, 200u);
    EXPECT_EQ(last_.total, 200u);
    ASSERT_EQ(last_.alerts.size(), AlertGrouper::shownFiring);
    EXPECT_EQ(last_.alerts[0].object.name, "p0");
    EXPECT_EQ(last_.alerts[4].object.name, "p4");
    EXPECT_EQ(last_.title.en, "p0 crashes");
    EXPECT_EQ(last_.labels, (Labels{{"namespace", "shop"}}));
}

TEST_F(Grouper, ShrinksAndCloses) {
    fire(podAlert("a"), 0);
    fire(podAlert("b"), 1);
    took();
    resolve(podAlert("a"), 2);
    EXPECT_EQ(took(), "shrank 1/2");
    EXPECT_EQ(last_.labels.at("pod"), "b");
    resolve(podAlert("b"), 3);
    EXPECT_EQ(took(), "resolved 0/2");
    EXPECT_EQ(last_.resolvedAt, at(3));
    EXPECT_EQ(grouper_.size(), 0u);
}

TEST_F(Grouper, CountsAnAlertThatReturnsOnce) {
    fire(podAlert("a"), 0);
    fire(podAlert("b"), 0);
    resolve(podAlert("b"), 1);
    fire(podAlert("b"), 2);
    EXPECT_EQ(took(), "opened 1/1, grew 2/2, shrank 1/2, grew 2/2");
}

TEST_F(Grouper, OpensAnotherIncidentAfterTheFirstHasClosed) {
    fire(podAlert("a"), 0);
    took();
    auto first = last_.id;
    resolve(podAlert("a"), 1);
    fire(podAlert("a"), 4);
    EXPECT_EQ(took(), "resolved 0/1, opened 1/1");
    EXPECT_NE(last_.id, first);
    EXPECT_EQ(last_.group, grouper_.find(last_.id)->group);
}

TEST_F(Grouper, GoesOnWithTheIncidentThatHasJustClosed) {
    fire(podAlert("a"), 0);
    took();
    auto first = last_;
    ASSERT_TRUE(grouper_.acknowledge(first.id, {"ann", at(0), ""}, updates_));
    resolve(podAlert("a"), 1);
    fire(podAlert("b"), 1);
    EXPECT_EQ(took(), "acknowledged 1/1, resolved 0/1, reopened 1/2");
    EXPECT_EQ(last_.id, first.id);
    EXPECT_EQ(last_.openedAt, first.openedAt);
    EXPECT_EQ(last_.acknowledged->by, "ann");
    EXPECT_FALSE(last_.resolvedAt);
    EXPECT_GT(last_.revision, first.revision);
    resolve(podAlert("b"), 2);
    fire(podAlert("b"), 3);
    EXPECT_EQ(took(), "resolved 0/2, opened 1/2") << "people heard of it three minutes ago: they are told again";
    EXPECT_EQ(last_.id, first.id);
}

TEST_F(Grouper, GivesEachUpdateAHigherRevision) {
    fire(podAlert("a"), 0);
    fire(podAlert("b"), 1);
    resolve(podAlert("a"), 2);
    std::uint64_t before = 0;
    for (const auto& update : updates_) {
        EXPECT_GT(update.incident.revision, before);
        before = update.incident.revision;
    }
}

TEST_F(Grouper, TakesTheWorstSeverity) {
    fire(podAlert("a"), 0);
    auto worse = podAlert("b");
    worse.severity = Severity::Critical;
    fire(worse, 1);
    took();
    EXPECT_EQ(last_.severity, Severity::Critical);
    resolve(worse, 2);
    took();
    EXPECT_EQ(last_.severity, Severity::Warning);
}

TEST_F(Grouper, HearsNothingOfWhatIsPending) {
    auto alert = podAlert("a");
    grouper_.apply({Transition::Reason::Pending, alert, at(0)}, updates_);
    grouper_.apply({Transition::Reason::Withdrawn, alert, at(1)}, updates_);
    EXPECT_EQ(took(), "");
}

TEST_F(Grouper, GroupsAsTheRuleSays) {
    auto on = [](const std::string& pod, const std::string& owner, const std::string& node) {
        auto alert = podAlert(pod, owner, "Evicted");
        alert.labels["node"] = node;
        return alert;
    };
    fire(on("a", "web", "n1"), 0);
    fire(on("b", "other", "n1"), 1);
    fire(on("c", "web", "n2"), 2);
    EXPECT_EQ(took(), "opened 1/1, grew 2/2, opened 1/1");
    fire(podAlert("a", "web", "Alone"), 3);
    fire(podAlert("b", "web", "Alone"), 4);
    EXPECT_EQ(took(), "opened 1/1, opened 1/1");
}

TEST_F(Grouper, GroupsByTheNodeThatInhibitionMeansAsWell) {
    auto on = [](const std::string& pod, const std::string& node, const std::string& origin = {}) {
        auto alert = podAlert(pod, "web", "Evicted");
        alert.node = node;
        alert.origin = origin;
        return alert;
    };
    fire(on("a", "n1"), 0);
    fire(on("b", "n2"), 0);
    fire(on("c", "n1", "alertmanager"), 0);
    EXPECT_EQ(took(), "opened 1/1, opened 1/1, grew 2/2");
}

TEST_F(Grouper, KeepsClustersApart) {
    fire(podAlert("a"), 0);
    auto elsewhere = podAlert("a");
    elsewhere.cluster = elsewhere.object.cluster = elsewhere.owner.cluster = "c2";
    elsewhere.fingerprint += "c2";
    fire(elsewhere, 1);
    EXPECT_EQ(took(), "opened 1/1, opened 1/1");
}

TEST_F(Grouper, RemembersWhoAcknowledged) {
    fire(podAlert("a"), 0);
    took();
    ASSERT_TRUE(grouper_.acknowledge(last_.id, {"ann", at(1), "mine"}, updates_));
    EXPECT_EQ(took(), "acknowledged 1/1");
    ASSERT_TRUE(grouper_.acknowledge(last_.id, {"ann", at(2), "mine"}, updates_));
    EXPECT_EQ(took(), "") << "once more by the same person";
    fire(podAlert("b"), 3);
    took();
    EXPECT_EQ(last_.acknowledged->by, "ann");
    ASSERT_TRUE(grouper_.unacknowledge(last_.id, {"bob", at(4), ""}, updates_));
    EXPECT_EQ(took(), "unacknowledged 2/2");
    EXPECT_FALSE(last_.acknowledged);
    EXPECT_EQ(grouper_.acknowledge("0000000000000000", {"ann", at(5), ""}, updates_).error().code, ErrorCode::NotFound);
}

TEST_F(Grouper, RemembersWhichChannelsStandIn) {
    fire(podAlert("a"), 0);
    took();
    ASSERT_TRUE(grouper_.divert(last_.id, {"oncall", "lead"}, at(1), updates_));
    EXPECT_EQ(took(), "diverted 1/1");
    ASSERT_TRUE(grouper_.divert(last_.id, {"oncall", "lead"}, at(2), updates_));
    EXPECT_EQ(took(), "") << "once";
    EXPECT_EQ(last_.diversions, (std::vector<Diversion>{{"oncall", "lead"}}));
    EXPECT_EQ(grouper_.divert("0000000000000000", {"oncall", "lead"}, at(3), updates_).error().code,
              ErrorCode::NotFound);
}

TEST_F(Grouper, KeepsStillWhileSilencedAndSpeaksAfterwards) {
    silence("namespace=shop", 0, 30, 0);
    fire(podAlert("a"), 1);
    EXPECT_EQ(took(), "opened 1/1");
    EXPECT_EQ(last_.silenced->by, "ann");
    EXPECT_EQ(last_.silencedUntil, at(30));
    fire(podAlert("b"), 2);
    EXPECT_EQ(took(), "");
    EXPECT_EQ(grouper_.nextDue(), at(30));
    grouper_.due(at(30), updates_);
    EXPECT_EQ(took(), "silence_ended 2/2");
    EXPECT_FALSE(last_.silenced);
}

TEST_F(Grouper, IsSilencedLateAndUnsilencedEarly) {
    fire(podAlert("a"), 0);
    took();
    silence("namespace=shop", 1, 30, 1);
    EXPECT_EQ(took(), "silenced 1/1");
    grouper_.setSilences({}, at(2), updates_);
    EXPECT_EQ(took(), "silence_ended 1/1");
}

TEST_F(Grouper, IsNotSilencedByASilenceOfOneOfItsAlerts) {
    fire(podAlert("a"), 0);
    fire(podAlert("b"), 0);
    took();
    silence("pod=a", 1, 30, 1);
    EXPECT_EQ(took(), "");
    resolve(podAlert("b"), 2);
    EXPECT_EQ(took(), "silenced 1/2");
    fire(podAlert("b"), 3);
    EXPECT_EQ(took(), "silence_ended 2/2");
}

TEST_F(Grouper, ResolvesEvenWhileSilenced) {
    silence("namespace=shop", 0, 30, 0);
    fire(podAlert("a"), 1);
    took();
    resolve(podAlert("a"), 2);
    EXPECT_EQ(took(), "resolved 0/1");
    EXPECT_TRUE(last_.silenced);
}

TEST_F(Grouper, GoesOnAfterARestart) {
    fire(podAlert("a"), 0);
    took();
    auto incident = last_;
    auto alert = fired_.begin()->second;
    AlertGrouper later(rules());
    later.restore({incident}, {alert});
    later.due(at(5), updates_);
    EXPECT_EQ(took(), "");
    ASSERT_NE(later.find(incident.id), nullptr);
    auto another = podAlert("b");
    another.firedAt = at(6);
    later.apply({Transition::Reason::Fired, another, at(6)}, updates_);
    EXPECT_EQ(took(), "grew 2/2");
    EXPECT_EQ(last_.id, incident.id);
    EXPECT_GT(last_.revision, incident.revision);
}

TEST_F(Grouper, OpensAgainAfterARestartWhatHadJustClosed) {
    fire(podAlert("a"), 0);
    resolve(podAlert("a"), 1);
    took();
    auto closed = last_;
    auto resolved = podAlert("a");
    resolved.firedAt = at(0);
    resolved.resolvedAt = at(1);
    AlertGrouper later(rules());
    later.restore({closed}, {resolved});
    auto again = podAlert("a");
    again.firedAt = at(1) + 30s;
    later.apply({Transition::Reason::Fired, again, at(1) + 30s}, updates_);
    EXPECT_EQ(took(), "reopened 1/1");
    EXPECT_EQ(last_.id, closed.id);
}

TEST_F(Grouper, PutsRightWhatACrashLeftApart) {
    fire(podAlert("a"), 0);
    fire(podAlert("x", "other"), 0);
    auto withoutAlerts = updates_.at(0).incident;
    auto withoutIncident = fired_.at("Crash/other/x");
    updates_.clear();
    AlertGrouper later(rules());
    later.restore({withoutAlerts}, {withoutIncident});
    EXPECT_TRUE(later.nextDue());
    later.due(at(5), updates_);
    ASSERT_EQ(updates_.size(), 2u);
    auto closed = updates_[0].incident.id == withoutAlerts.id ? updates_[0] : updates_[1];
    auto opened = updates_[0].incident.id == withoutAlerts.id ? updates_[1] : updates_[0];
    EXPECT_EQ(closed.reason, IncidentUpdate::Reason::Resolved);
    EXPECT_EQ(opened.reason, IncidentUpdate::Reason::Opened);
    EXPECT_EQ(opened.incident.owner.name, "other");
    EXPECT_EQ(later.size(), 1u);
}

Alert nodeDown(const std::string& node = "n1") {
    Alert alert;
    alert.rule = "NodeDown";
    alert.cluster = "c1";
    alert.node = node;
    alert.labels = {{"node", node}};
    alert.fingerprint = "NodeDown/" + node;
    alert.object = alert.owner = {"c1", "nodes", "Node", "", node, "uid-" + node};
    alert.title.en = node + " is down";
    return alert;
}

Alert notReady(const std::string& pod, const std::string& node = "n1") {
    auto alert = podAlert(pod, "web", "NotReady");
    alert.node = node;
    return alert;
}

TEST_F(Grouper, KeepsWhatAnotherAlertExplainsQuietFromTheBeginning) {
    fire(nodeDown(), 0);
    EXPECT_EQ(took(), "opened 1/1");
    fire(notReady("a"), 1);
    EXPECT_EQ(took(), "opened 1/1");
    ASSERT_TRUE(last_.inhibited);
    EXPECT_EQ(last_.inhibited->by, "NodeDown");
    EXPECT_EQ(last_.inhibited->comment, "n1 is down");
    EXPECT_LE(last_.inhibited->at, last_.openedAt);
    fire(notReady("b"), 2);
    EXPECT_EQ(took(), "");
    resolve(notReady("a"), 3);
    EXPECT_EQ(took(), "");
    resolve(notReady("b"), 4);
    EXPECT_EQ(took(), "resolved 0/2");
    EXPECT_TRUE(last_.inhibited);
}

TEST_F(Grouper, SpeaksOfWhatIsLeftAPauseAfterTheExplanationHasGone) {
    fire(nodeDown(), 0);
    fire(notReady("a"), 1);
    took();
    resolve(nodeDown(), 5);
    EXPECT_EQ(took(), "resolved 0/1");
    EXPECT_EQ(grouper_.nextDue(), at(5) + AlertGrouper::afterInhibition);
    grouper_.due(at(6), updates_);
    EXPECT_EQ(took(), "inhibition_ended 1/1");
    EXPECT_FALSE(last_.inhibited);
    EXPECT_FALSE(grouper_.nextDue());
}

TEST_F(Grouper, TellsThatACardWhichIsOutHasBeenExplained) {
    fire(notReady("a"), 0);
    took();
    fire(nodeDown(), 1);
    EXPECT_EQ(took(), "opened 1/1, inhibited 1/1");
    EXPECT_EQ(last_.inhibited->at, at(1));
    resolve(notReady("a"), 2);
    EXPECT_EQ(took(), "resolved 0/1");
}

TEST_F(Grouper, LeavesAloneWhatTheExplanationDoesNotFit) {
    fire(nodeDown("n2"), 0);
    took();
    fire(notReady("a", "n1"), 1);
    EXPECT_EQ(took(), "opened 1/1");
    EXPECT_FALSE(last_.inhibited);
    fire(notReady("b", "n2"), 2);
    EXPECT_EQ(took(), "grew 2/2") << "one of the group is not explained";
}

TEST_F(Grouper, KnowsAfterARestartWhatExplainsWhat) {
    fire(nodeDown(), 0);
    fire(notReady("a"), 1);
    took();
    std::vector<Incident> open;
    std::vector<Alert> firing;
    grouper_.forEach([&](const Incident& incident) { open.push_back(incident); });
    for (const auto& [fingerprint, alert] : fired_) firing.push_back(alert);
    AlertGrouper again(rules());
    again.restore(open, firing);
    again.due(at(2), updates_);
    EXPECT_EQ(took(), "");
    again.apply({Transition::Reason::Resolved, firing[0], at(3)}, updates_);
    again.due(at(4), updates_);
    EXPECT_EQ(took(), "resolved 0/1, inhibition_ended 1/1");
}

/// Alerts about workloads, whose Pods are on the nodes `nodes_`.
class WorkloadsOfNodes : public Grouper {
protected:
    WorkloadsOfNodes() {
        grouper_.setNodes([this](const Alert&) { return nodes_; });
    }
    static Alert unavailable() {
        auto alert = podAlert("", "web", "Unavailable");
        alert.object = alert.owner;
        return alert;
    }
    std::optional<std::set<std::string>> nodes_;
};

TEST_F(WorkloadsOfNodes, AreQuietWhileEveryNodeOfTheirUnavailablePodsIsDown) {
    fire(nodeDown("n1"), 0);
    fire(nodeDown("n2"), 0);
    took();
    nodes_ = {"n1", "n2"};
    fire(unavailable(), 1);
    EXPECT_EQ(took(), "opened 1/1");
    ASSERT_TRUE(last_.inhibited);
    resolve(nodeDown("n2"), 2);
    grouper_.due(at(3), updates_);
    EXPECT_EQ(took(), "resolved 0/1, inhibition_ended 1/1") << "its Pods there should be well by now";
}

TEST_F(WorkloadsOfNodes, SpeakWhenSomePodIsElsewhereOrNowhere) {
    fire(nodeDown("n1"), 0);
    took();
    for (const auto& nodes : {std::set<std::string>{"n1", "n3"}, {"", "n1"}, {}}) {
        nodes_ = nodes;
        fire(unavailable(), 1);
        EXPECT_EQ(took(), "opened 1/1");
        EXPECT_FALSE(last_.inhibited);
        resolve(unavailable(), 1);
        grouper_.due(at(1), updates_);
        grouper_ = AlertGrouper(rules());
        grouper_.setNodes([this](const Alert&) { return nodes_; });
        fire(nodeDown("n1"), 1);
        took();
    }
}

TEST_F(WorkloadsOfNodes, StayAsTheyWereToldUntilTheirPodsAreKnownAfterARestart) {
    nodes_ = {"n1"};
    fire(nodeDown("n1"), 0);
    fire(unavailable(), 1);
    took();
    std::vector<Incident> open;
    grouper_.forEach([&](const Incident& incident) { open.push_back(incident); });
    nodes_.reset();
    AlertGrouper again(rules());
    again.setNodes([this](const Alert&) { return nodes_; });
    again.restore(open, {fired_.at(nodeDown("n1").fingerprint), fired_.at(unavailable().fingerprint)});
    again.due(at(2), updates_);
    EXPECT_EQ(took(), "");
}

/// Alerts about one Pod, of ours and of an Alertmanager.
class ReceivedAndOwn : public Grouper {
protected:
    static Alert theirs(const std::string& pod) {
        auto alert = podAlert(pod);
        alert.origin = "alertmanager";
        alert.fingerprint = "received/" + pod;
        alert.object.uid.clear();
        return alert;
    }
};

TEST_F(ReceivedAndOwn, ShareACardInWhichTheReceivedOneDoesNotCount) {
    fire(podAlert("a"), 0);
    fire(theirs("a"), 1);
    EXPECT_EQ(took(), "opened 1/1, changed 1/1");
    ASSERT_EQ(last_.alerts.size(), 1u);
    EXPECT_TRUE(last_.alerts[0].origin.empty());
    fire(theirs("b"), 2);
    EXPECT_EQ(took(), "grew 2/2") << "nobody else tells of it";
}

TEST_F(ReceivedAndOwn, CountOnceAlsoWhenTheReceivedOneIsFirst) {
    fire(theirs("a"), 0);
    fire(podAlert("a"), 1);
    EXPECT_EQ(took(), "opened 1/1, changed 1/1");
    EXPECT_TRUE(last_.alerts[0].origin.empty());
    resolve(theirs("a"), 2);
    EXPECT_EQ(took(), "changed 1/1");
    EXPECT_EQ(last_.alerts.size(), 1u) << "that it is over is not so";
}

TEST_F(ReceivedAndOwn, KeepTheCardUntilBothAreOver) {
    fire(podAlert("a"), 0);
    fire(theirs("a"), 1);
    resolve(podAlert("a"), 2);
    EXPECT_EQ(took(), "opened 1/1, changed 1/1, changed 1/1");
    EXPECT_EQ(last_.alerts.at(0).origin, "alertmanager");
    resolve(theirs("a"), 3);
    EXPECT_EQ(took(), "resolved 0/1");
}

TEST_F(ReceivedAndOwn, CountOnceAfterARestart) {
    fire(podAlert("a"), 0);
    fire(theirs("a"), 1);
    took();
    std::vector<Incident> open;
    grouper_.forEach([&](const Incident& incident) { open.push_back(incident); });
    AlertGrouper again(rules());
    again.restore(open, {fired_.at(podAlert("a").fingerprint), fired_.at(theirs("a").fingerprint)});
    again.forEach([&](const Incident& incident) { last_ = incident; });
    EXPECT_EQ(last_.firing, 1u);
    EXPECT_EQ(last_.total, 1u);
}

class FollowUp : public Grouper {
protected:
    void SetUp() override {
        Route route;
        route.match = *CompiledMatchers::compileSelection({});
        route.repeat = 4h;
        route.escalate = {{15min, {"lead"}}, {60min, {"boss"}}};
        IncidentUpdates none;
        grouper_.replaceRoutes(std::make_shared<Routes>(std::vector{route}), at(0), none);
    }
    /// Wakes the grouper as often as it asks for it, until the minute.
    void pass(int minute) {
        for (auto due = grouper_.nextDue(); due && *due <= at(minute); due = grouper_.nextDue()) {
            now_ = std::max(now_, *due);
            grouper_.due(now_, updates_);
        }
        now_ = at(minute);
    }
    TimePoint now_ = at(0);
    std::string tookTimes() {
        std::string text;
        for (const auto& update : updates_)
            text += (text.empty() ? "" : ", ") + std::string(toString(update.reason)) + " " +
                    std::to_string((update.at - at(0)) / 1min);
        if (!updates_.empty()) last_ = updates_.back().incident;
        updates_.clear();
        return text;
    }
};

TEST_F(FollowUp, EscalatesStepByStepAndRemindsWhileNobodyReacts) {
    fire(podAlert("a"), 0);
    pass(9 * 60);
    EXPECT_EQ(tookTimes(), "opened 0, escalated 15, escalated 60, reminded 240, reminded 480");
    EXPECT_EQ(last_.escalated, 2u);
}

TEST_F(FollowUp, StopsWhenSomebodyTakesItAndGoesOnWhenItIsGivenBack) {
    fire(podAlert("a"), 0);
    pass(20);
    auto id = updates_.front().incident.id;
    ASSERT_TRUE(grouper_.acknowledge(id, {"ann", at(30), ""}, updates_));
    pass(24 * 60);
    EXPECT_EQ(tookTimes(), "opened 0, escalated 15, acknowledged 30");
    ASSERT_TRUE(grouper_.unacknowledge(id, {"ann", at(24 * 60), ""}, updates_));
    pass(24 * 60);
    EXPECT_EQ(tookTimes(), "unacknowledged 1440, escalated 1440, reminded 1440");
}

TEST_F(FollowUp, StopsWhileItIsSilencedAndWhenItIsOver) {
    fire(podAlert("a"), 0);
    silence("alertname=\"Crash\"", 5, 120, 5);
    pass(100);
    EXPECT_EQ(tookTimes(), "opened 0, silenced 5");
    resolve(podAlert("a"), 110);
    pass(24 * 60);
    EXPECT_EQ(tookTimes(), "resolved 110");
}

TEST_F(FollowUp, EscalatesAnewFromTheEndOfASilence) {
    silence("alertname=\"Crash\"", 0, 120, 0);
    fire(podAlert("a"), 1);
    pass(200);
    EXPECT_EQ(tookTimes(), "opened 1, silence_ended 120, escalated 135, escalated 180");
}

TEST_F(FollowUp, LetsNoWaitPassInQuietHours) {
    auto hour = (at(0) - std::chrono::floor<std::chrono::days>(at(0))) / 1h;
    auto daily = [](auto hour) { return *CronSchedule::parse("0 " + std::to_string(hour) + " * * *"); };
    Route route;
    route.match = *CompiledMatchers::compileSelection({});
    route.repeat = 4h;
    route.escalate = {{15min, {"lead"}}, {60min, {"boss"}}};
    route.quietHours = {{daily(hour + 1), daily(hour + 3), TimeZone::utc(), std::nullopt}};
    IncidentUpdates none;
    grouper_.replaceRoutes(std::make_shared<Routes>(std::vector{route}), at(0), none);
    fire(podAlert("a"), 50);
    pass(9 * 60);
    EXPECT_EQ(tookTimes(), "opened 50, escalated 185, escalated 230, reminded 410")
        << "quiet from 60 to 180; 15, 60 and 240 minutes outside of it";
}

TEST_F(FollowUp, GoesOnAfterARestart) {
    fire(podAlert("a"), 0);
    pass(20);
    tookTimes();
    std::vector<Incident> open;
    grouper_.forEach([&](const Incident& incident) { open.push_back(incident); });
    grouper_ = AlertGrouper(rules());
    grouper_.restore(open, {fired_.begin()->second});
    SetUp();
    pass(300);
    EXPECT_EQ(tookTimes(), "escalated 60, reminded 240");
}

}  // namespace
}  // namespace klaw::rules
