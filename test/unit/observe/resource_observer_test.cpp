#include "agent/observe/resource_observer.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "test/unit/observe/padded.hpp"

namespace klaw::observe::test {
namespace {

using nlohmann::json;
using rules::Change;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

rules::FieldTree fields(std::initializer_list<const char*> paths) {
    rules::FieldTree tree;
    for (auto path : paths) tree.add(path);
    return tree;
}

std::string_view wordFor(Change::Type type) {
    if (type == Change::Type::Added) return "added";
    return type == Change::Type::Modified ? "modified" : "deleted";
}

/// A Pod in the namespace "shop"; `more` are further members of it.
json pod(const std::string& name, const std::string& uid, const std::string& phase, const json& more = {}) {
    json object{{"kind", "Pod"},
                {"apiVersion", "v1"},
                {"metadata", {{"name", name}, {"namespace", "shop"}, {"uid", uid}, {"resourceVersion", "5"}}},
                {"status", {{"phase", phase}}}};
    if (!more.is_null()) object.update(more);
    return object;
}

json event(const std::string& uid, const std::string& version, const json& counts) {
    json object{{"metadata", {{"name", "e-" + uid}, {"uid", uid}, {"resourceVersion", version}}},
                {"reason", "BackOff"}};
    object.update(counts);
    return object;
}

class ObserverTest : public testing::Test {
protected:
    explicit ObserverTest(ObserverOptions::Keep keep = ObserverOptions::Keep::Objects) {
        ObserverOptions options;
        options.cluster = "prod";
        options.resource = keep == ObserverOptions::Keep::Counts ? "events" : "pods";
        options.fields = fields({"status.phase", "reason"});
        options.keep = keep;
        observer = std::make_unique<ResourceObserver>(
            options, [this](const Change& change) { record(change); },
            [this](std::string_view cluster, std::string_view resource) {
                completed.push_back(std::string(cluster) + "/" + std::string(resource));
            });
    }

    void record(const Change& change) {
        EXPECT_EQ(change.cluster, "prod");
        auto about = [&](PackedView object) {
            return object["status"] ? object["status"]["phase"].asString() : object["reason"].asString();
        };
        std::string text(wordFor(change.type));
        text.append(" ").append(change.object["metadata"]["name"].asString());
        text.append(" ").append(about(change.object));
        if (change.old["count"])
            text += " was " + std::to_string(change.old["count"].asInt());
        else if (change.old)
            text.append(" was ").append(about(change.old));
        if (change.initial) text += " (initial)";
        changes.push_back(std::move(text));
        if (onChange) onChange(change);
    }

    Result<kube::LineOutcome> line(const std::string& text) {
        Padded padded(text);
        return observer->line(padded);
    }
    void line(const char* type, const json& object) {
        auto outcome = line(json{{"type", type}, {"object", object}}.dump());
        EXPECT_TRUE(outcome) << outcome.error().describe();
    }
    void page(const std::vector<json>& items) {
        Padded body(json{
            {"kind", "PodList"}, {"apiVersion", "v1"}, {"metadata", {{"resourceVersion", "100"}}}, {"items", items}}
                        .dump());
        auto outcome = observer->page(body);
        EXPECT_TRUE(outcome) << outcome.error().describe();
    }
    void list(const std::vector<json>& items) {
        observer->listBegins();
        page(items);
        observer->listEnds("100");
    }
    std::vector<std::string> taken() { return std::exchange(changes, {}); }

    std::unique_ptr<ResourceObserver> observer;
    std::vector<std::string> changes;
    std::vector<std::string> completed;
    std::function<void(const Change&)> onChange;
};

constexpr const char* uidA = "11111111-2222-3333-4444-555555555555";
constexpr const char* uidB = "99999999-2222-3333-4444-555555555555";

TEST_F(ObserverTest, TellsWhatTheFirstListHoldsAndWhatComesAfter) {
    observer->listBegins();
    page({pod("a", uidA, "Pending")});
    EXPECT_FALSE(observer->firstListDone());
    observer->listEnds("100");
    EXPECT_TRUE(observer->firstListDone());
    EXPECT_THAT(completed, ElementsAre("prod/pods"));
    line("ADDED", pod("b", uidB, "Running"));
    line("MODIFIED", pod("a", uidA, "Running"));
    line("DELETED", pod("b", uidB, "Failed"));
    EXPECT_THAT(taken(), ElementsAre("added a Pending (initial)", "added b Running", "modified a Running was Pending",
                                     "deleted b Failed was Running"));
    EXPECT_EQ(observer->size(), 1u);
    EXPECT_EQ(observer->find(uidA)["status"]["phase"].asString(), "Running");
    EXPECT_TRUE(observer->find(uidB).isMissing());
}

TEST_F(ObserverTest, TellsNothingAndKeepsNothingOfAnUpdateThatChangesNoKeptField) {
    list({pod("a", uidA, "Running", {{"spec", {{"image", "x:1"}}}})});
    taken();
    auto memory = observer->memoryBytes();
    const auto* before = observer->find(uidA).bytes().data();
    for (int i = 0; i < 1000; ++i)
        line("MODIFIED", pod("a", uidA, "Running", {{"spec", {{"image", "x:" + std::to_string(i)}}}}));
    EXPECT_THAT(taken(), IsEmpty());
    EXPECT_EQ(observer->counters().unchanged, 1000u);
    EXPECT_EQ(observer->counters().changes, 1u);
    EXPECT_EQ(observer->memoryBytes(), memory);
    EXPECT_EQ(observer->find(uidA).bytes().data(), before);
}

TEST_F(ObserverTest, TellsOnceWhatWasDeletedWhileTheStreamWasBroken) {
    list({pod("a", uidA, "Running"), pod("b", uidB, "Running"), pod("c", "odd-uid", "Running")});
    taken();
    list({pod("b", uidB, "Running")});
    EXPECT_THAT(taken(), UnorderedElementsAre("deleted a Running was Running", "deleted c Running was Running"));
    EXPECT_EQ(observer->size(), 1u);
    list({pod("b", uidB, "Running")});
    EXPECT_THAT(taken(), IsEmpty());
    EXPECT_EQ(observer->counters().lists, 3u);
}

TEST_F(ObserverTest, TakesAStreamingListForAList) {
    list({pod("a", uidA, "Running"), pod("b", uidB, "Running")});
    taken();
    observer->listBegins();
    line("ADDED", pod("a", uidA, "Failed"));
    auto bookmark = line(R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"12",)"
                         R"("annotations":{"k8s.io/initial-events-end":"true"}}}})");
    ASSERT_TRUE(bookmark);
    EXPECT_EQ(bookmark->type, kube::LineOutcome::Type::Bookmark);
    EXPECT_TRUE(bookmark->initialEventsEnd);
    EXPECT_EQ(bookmark->resourceVersion, "12");
    observer->listEnds("12");
    EXPECT_THAT(taken(), ElementsAre("modified a Failed was Running", "deleted b Running was Running"));
}

TEST_F(ObserverTest, TellsThatAnObjectWasReplacedUnderItsNameBeforeItTellsOfTheNewOne) {
    list({pod("a", uidA, "Running")});
    taken();
    list({pod("a", uidB, "Pending")});
    EXPECT_THAT(taken(), ElementsAre("deleted a Running was Running", "added a Pending"));
    EXPECT_EQ(observer->size(), 1u);
}

TEST_F(ObserverTest, LeavesADeletionOfTheUnknownOut) {
    list({});
    line("DELETED", pod("a", uidA, "Running"));
    EXPECT_THAT(taken(), IsEmpty());
}

TEST_F(ObserverTest, HandsErrorEventsToTheStream) {
    auto outcome = line(R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"old"}})");
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->type, kube::LineOutcome::Type::Error);
    EXPECT_EQ(outcome->errorCode, 410);
    EXPECT_EQ(outcome->errorReason, "Expired");
    EXPECT_THAT(taken(), IsEmpty());
}

TEST_F(ObserverTest, RefusesABrokenLineByAnErrorThatNamesTheStreamAndGoesOn) {
    list({pod("a", uidA, "Running")});
    taken();
    auto text = json{{"type", "MODIFIED"}, {"object", pod("a", uidA, "Failed")}}.dump();
    auto outcome = line(text.substr(0, text.size() / 2));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::DataLoss);
    EXPECT_THAT(outcome.error().describe(), HasSubstr("prod/pods"));
    EXPECT_EQ(observer->counters().errors, 1u);
    EXPECT_EQ(observer->find(uidA)["status"]["phase"].asString(), "Running");
    ASSERT_TRUE(line(text));
    EXPECT_THAT(taken(), ElementsAre("modified a Failed was Running"));
}

TEST_F(ObserverTest, DoesNotForgetWhatAListThatFailedHasNotShown) {
    list({pod("a", uidA, "Running"), pod("b", uidB, "Running")});
    taken();
    observer->listBegins();
    Padded cut(R"({"kind":"PodList","apiVersion":"v1","items":[{"metadata")");
    EXPECT_FALSE(observer->page(cut));
    EXPECT_THAT(taken(), IsEmpty());
    EXPECT_EQ(observer->size(), 2u);
    list({pod("a", uidA, "Running"), pod("b", uidB, "Running")});
    EXPECT_THAT(taken(), IsEmpty());
}

TEST_F(ObserverTest, HasTheNewStateWhenItTellsOfAChange) {
    list({pod("a", uidA, "Pending")});
    std::string seen;
    onChange = [&](const Change&) { seen = observer->find(uidA)["status"]["phase"].asString(); };
    line("MODIFIED", pod("a", uidA, "Running"));
    EXPECT_EQ(seen, "Running");
}

TEST_F(ObserverTest, KnowsObjectsWithoutUidByTheirName) {
    auto nameless = [](const char* name, const char* phase) {
        return json{{"metadata", {{"name", name}, {"namespace", "shop"}}}, {"status", {{"phase", phase}}}};
    };
    list({nameless("a", "1"), nameless("b", "1")});
    taken();
    list({nameless("a", "2")});
    EXPECT_THAT(taken(), ElementsAre("modified a 2 was 1", "deleted b 1 was 1"));
}

TEST_F(ObserverTest, FetchesFieldsThatNewRulesReadWithoutTakingThemForChanges) {
    list({pod("a", uidA, "Running", {{"reason", "old"}, {"spec", {{"nodeName", "n1"}}}}), pod("b", uidB, "Running")});
    taken();
    EXPECT_TRUE(observer->setFields(fields({"status.phase", "spec.nodeName"})));
    std::vector<bool> sameAsBefore;
    onChange = [&](const Change& change) { sameAsBefore.push_back(change.old.bytes() == change.object.bytes()); };
    list({pod("a", uidA, "Running", {{"spec", {{"nodeName", "n1"}}}}), pod("b", uidB, "Failed")});
    EXPECT_THAT(taken(), ElementsAre("modified a Running was Running", "modified b Failed was Running"));
    EXPECT_THAT(sameAsBefore, ElementsAre(true, false));
    EXPECT_EQ(observer->find(uidA)["spec"]["nodeName"].asString(), "n1");
}

TEST_F(ObserverTest, DropsFieldsThatNoRuleReadsAnyMoreAtOnceAndSilently) {
    list({pod("a", uidA, "Running", {{"reason", "r"}})});
    taken();
    auto before = observer->memoryBytes();
    EXPECT_FALSE(observer->setFields(fields({"status.phase"})));
    EXPECT_LT(observer->memoryBytes(), before);
    EXPECT_TRUE(observer->find(uidA)["reason"].isMissing());
    line("MODIFIED", pod("a", uidA, "Running", {{"reason", "r2"}}));
    EXPECT_THAT(taken(), IsEmpty());
}

class EventObserverTest : public ObserverTest {
protected:
    EventObserverTest() : ObserverTest(ObserverOptions::Keep::Counts) {}
};

TEST_F(EventObserverTest, TellsByHowMuchAnEventCountedOn) {
    list({event(uidA, "1", {{"count", 3}})});
    line("MODIFIED", event(uidA, "2", {{"count", 7}}));
    line("MODIFIED", event(uidA, "3", {{"count", 8}}));
    EXPECT_THAT(taken(), ElementsAre("added e-11111111-2222-3333-4444-555555555555 BackOff (initial)",
                                     "modified e-11111111-2222-3333-4444-555555555555 BackOff was 3",
                                     "modified e-11111111-2222-3333-4444-555555555555 BackOff was 7"));
    EXPECT_TRUE(observer->find(uidA).isMissing());
    EXPECT_EQ(observer->size(), 1u);
}

TEST_F(EventObserverTest, CountsTheSeriesOfNewEvents) {
    list({});
    line("ADDED", event("e", "1", json::object()));
    line("MODIFIED", event("e", "2", {{"series", {{"count", 2}}}, {"deprecatedCount", 1}}));
    line("MODIFIED", event("e", "3", {{"series", {{"count", 9}}}, {"count", 1}}));
    EXPECT_THAT(taken(), ElementsAre("added e-e BackOff", "modified e-e BackOff was 1", "modified e-e BackOff was 2"));
}

TEST_F(EventObserverTest, TellsOnlyWhatIsNewAfterARelist) {
    list({event("e", "1", {{"count", 3}}), event("f", "2", {{"count", 1}})});
    taken();
    list({event("e", "1", {{"count", 3}}), event("f", "7", {{"count", 4}})});
    EXPECT_THAT(taken(), ElementsAre("modified e-f BackOff was 1"));
}

TEST_F(EventObserverTest, ForgetsDeletedEventsSilently) {
    list({event("e", "1", {{"count", 3}}), event("f", "2", {{"count", 1}})});
    taken();
    line("DELETED", event("e", "3", {{"count", 3}}));
    EXPECT_EQ(observer->size(), 1u);
    list({});
    EXPECT_EQ(observer->size(), 0u);
    EXPECT_THAT(taken(), IsEmpty());
}

TEST_F(EventObserverTest, TakesHostileCountsForSomethingSmall) {
    list({});
    line("ADDED", event("a", "1", {{"count", -5}}));
    line("MODIFIED", event("a", "2", {{"count", "many"}}));
    line("MODIFIED", event("a", "3", {{"count", 1e300}}));
    line("MODIFIED", event("a", "4", {{"count", 99999999999}}));
    line("MODIFIED", event("a", "5", {{"series", 7}}));
    ASSERT_EQ(changes.size(), 5u);
    EXPECT_EQ(changes[1], "modified e-a BackOff was 1");
    EXPECT_EQ(changes[2], "modified e-a BackOff was 1");
    EXPECT_EQ(changes[3], "modified e-a BackOff was 4294967295");
    EXPECT_EQ(changes[4], "modified e-a BackOff was 4294967295");
}

}  // namespace
}  // namespace klaw::observe::test
