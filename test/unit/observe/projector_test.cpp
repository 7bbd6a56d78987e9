#include "agent/observe/projector.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "test/unit/observe/padded.hpp"

namespace klaw::observe::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

rules::FieldTree fields(std::initializer_list<const char*> paths) {
    rules::FieldTree tree;
    for (auto path : paths) tree.add(path);
    return tree;
}

constexpr const char* pod =
    R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"web","namespace":"shop","uid":"u-1","resourceVersion":"7",)"
    R"("labels":{"app":"web","team":"a\"b"},"managedFields":[{"manager":"kubelet"}]},)"
    R"("spec":{"nodeName":"n1","containers":[{"name":"a","image":"x:1"},{"image":"y:2"}]},)"
    R"("status":{"phase":"Running","conditions":[],"extra":{"deep":[1,2,{"x":null}]}}})";

std::string eventOf(const std::string& object, const std::string& type = "ADDED") {
    return R"({"type":")" + type + R"(","object":)" + object + "}";
}

class ProjectorTest : public testing::Test {
protected:
    explicit ProjectorTest(rules::FieldTree tree = fields({"spec.containers[].name", "status.phase",
                                                           "metadata.labels"}))
        : projector(Projection(tree), nullptr) {}

    json projected(const std::string& object) {
        Padded line(eventOf(object));
        auto event = projector.event(line);
        if (!event) return event.error().message;
        return json::parse(event->object.object.toJson());
    }
    std::string refusal(const std::string& text) {
        Padded line(text);
        auto event = projector.event(line);
        if (event) return "accepted";
        EXPECT_EQ(event.error().code, ErrorCode::DataLoss);
        return event.error().message;
    }
    std::string refusalOf(const std::string& object) { return refusal(eventOf(object)); }

    Projector projector;
};

std::string named(const std::string& members) {
    return R"({"metadata":{"name":"n","uid":"u"})" + members + "}";
}

TEST_F(ProjectorTest, KeepsWhatTheTreeReadsAndTheIdentity) {
    EXPECT_EQ(projected(pod), json::parse(R"({"metadata":{"name":"web","namespace":"shop","uid":"u-1",
        "labels":{"app":"web","team":"a\"b"}},"spec":{"containers":[{"name":"a"},{}]},"status":{"phase":"Running"}})"));
}

TEST_F(ProjectorTest, TellsTypeAndIdentity) {
    Padded line(eventOf(pod, "DELETED"));
    auto event = projector.event(line);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->type, ProjectedEvent::Type::Deleted);
    EXPECT_EQ(event->object.uid, "u-1");
    EXPECT_EQ(event->object.name, "web");
    EXPECT_EQ(event->object.ns, "shop");
    EXPECT_EQ(event->object.resourceVersion, "7");
}

TEST_F(ProjectorTest, ReadsTheObjectAlsoBeforeTheType) {
    Padded line(std::string(R"({"object":)") + pod + R"(,"type":"MODIFIED"})");
    auto event = projector.event(line);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->type, ProjectedEvent::Type::Modified);
    EXPECT_EQ(event->object.object.path("status.phase").asString(), "Running");
}

TEST_F(ProjectorTest, ReadsBookmarks) {
    Padded plain(eventOf(R"({"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"99"}})", "BOOKMARK"));
    auto event = projector.event(plain);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->type, ProjectedEvent::Type::Bookmark);
    EXPECT_EQ(event->object.resourceVersion, "99");
    EXPECT_FALSE(event->initialEventsEnd);

    Padded last(eventOf(R"({"metadata":{"resourceVersion":"100","annotations":{"k8s.io/initial-events-end":"true"}}})",
                        "BOOKMARK"));
    event = projector.event(last);
    ASSERT_TRUE(event);
    EXPECT_TRUE(event->initialEventsEnd);
}

TEST_F(ProjectorTest, ReadsTheStatusOfAnError) {
    Padded line(
        eventOf(R"({"kind":"Status","metadata":{},"message":"too old","reason":"Expired","code":410})", "ERROR"));
    auto event = projector.event(line);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->type, ProjectedEvent::Type::Error);
    EXPECT_EQ(event->errorCode, 410);
    EXPECT_EQ(event->errorReason, "Expired");
    EXPECT_EQ(event->errorMessage, "too old");
}

TEST_F(ProjectorTest, FindsKeysAndIdentityThatAreEscaped) {
    EXPECT_EQ(
        projected(R"({"metadata":{"n\u0061me":"w\u00e9b","uid":"u\/1","l\u0061bels":{"\u0061pp":"x"}},)"
                  R"("stat\u0075s":{"ph\u0061se":"R\tun"}})"),
        json::parse(R"({"metadata":{"name":"wéb","uid":"u/1","labels":{"app":"x"}},"status":{"phase":"R\tun"}})"));
}

TEST_F(ProjectorTest, TakesAKeyForAnotherOnlyWhenAllBytesAgree) {
    EXPECT_EQ(projected(named(R"(,"statu":{"phase":1},"status2":{"phase":2},"status":{"phase2":3,"phas":4})")),
              json::parse(R"({"metadata":{"name":"n","uid":"u"}})"));
}

TEST_F(ProjectorTest, DropsWhatProjectsToNothing) {
    auto nothing = json::parse(R"({"metadata":{"name":"n","uid":"u"}})");
    EXPECT_EQ(projected(named(R"(,"status":{"other":1},"spec":{})")), nothing);
    EXPECT_EQ(projected(named(R"(,"status":null,"spec":5)")), nothing);
    EXPECT_EQ(projected(named(R"(,"status":[1,2],"spec":{"containers":null})")), nothing);
}

TEST_F(ProjectorTest, KeepsTheLengthOfLists) {
    EXPECT_EQ(projected(named(R"(,"spec":{"containers":[{"image":"x"},7,[1],null,{"name":"b"}]})"))["spec"],
              json::parse(R"({"containers":[{},null,null,null,{"name":"b"}]})"));
    EXPECT_EQ(projected(named(R"(,"spec":{"containers":[]})"))["spec"], json::parse(R"({"containers":[]})"));
}

TEST_F(ProjectorTest, KeepsAllKeysOfAMapThatIsReadAsAList) {
    EXPECT_EQ(projected(named(R"(,"spec":{"containers":{"x":{"name":"b","y":1},"z":3}})"))["spec"],
              json::parse(R"({"containers":{"x":{"name":"b"},"z":null}})"));
}

TEST_F(ProjectorTest, ReadsNumbersOfAllKinds) {
    projector = Projector(Projection(fields({"n"})), nullptr);
    auto n = projected(named(R"(,"n":[0,-1,9223372036854775807,-9223372036854775808,1.5,-2e3,0.0])"))["n"];
    EXPECT_EQ(n, json::parse("[0,-1,9223372036854775807,-9223372036854775808,1.5,-2000.0,0.0]"));
    n = projected(named(R"(,"n":[9223372036854775808,123456789012345678901234567890])"))["n"];
    EXPECT_EQ(n, json::parse("[9223372036854775808.0,123456789012345678901234567890.0]"));
}

TEST_F(ProjectorTest, RefusesWhatIsNoNumber) {
    projector = Projector(Projection(fields({"n"})), nullptr);
    for (auto text : {"01", "-", "+1", "1.", ".5", "1e", "1e+", "0x1", "1e999", "NaN", "truth", "nul", "1 2", "--1"})
        EXPECT_NE(refusalOf(named(std::string(R"(,"n":)") + text)), "accepted") << text;
}

TEST_F(ProjectorTest, ReadsIndentedText) {
    auto pretty = json::parse(eventOf(pod)).dump(4);
    Padded line(pretty);
    auto event = projector.event(line);
    ASSERT_TRUE(event) << event.error().message;
    EXPECT_EQ(event->object.object.path("status.phase").asString(), "Running");
    EXPECT_EQ(event->object.object["metadata"]["labels"]["team"].asString(), "a\"b");
}

TEST_F(ProjectorTest, RefusesEveryCutLine) {
    auto text = eventOf(pod);
    for (std::size_t size = 0; size < text.size(); ++size) {
        auto message = refusal(text.substr(0, size));
        EXPECT_NE(message, "accepted") << text.substr(0, size);
    }
}

TEST_F(ProjectorTest, RefusesASecondDocument) {
    EXPECT_NE(refusal(eventOf(pod) + eventOf(pod)), "accepted");
    EXPECT_NE(refusal(eventOf(pod) + " 1"), "accepted");
    EXPECT_NE(refusal(eventOf(pod) + "}"), "accepted");
    EXPECT_EQ(refusal(eventOf(pod) + " \r"), "accepted");
}

TEST_F(ProjectorTest, RefusesInvalidUtf8EvenWhereNothingIsRead) {
    EXPECT_NE(refusalOf(named(",\"unread\":\"\xff\xfe\"")), "accepted");
    EXPECT_NE(refusalOf(named(",\"unread\":\"\xc0\xaf\"")), "accepted");
    EXPECT_NE(refusalOf(named(",\"unread\":\"line\nbreak\"")), "accepted");
}

TEST_F(ProjectorTest, RefusesBrokenEscapesInWhatIsRead) {
    EXPECT_NE(refusalOf(named(R"(,"status":{"phase":"\u12"})")), "accepted");
    EXPECT_NE(refusalOf(named(R"(,"status":{"phase":"\q"})")), "accepted");
}

TEST_F(ProjectorTest, RefusesAKeyThatComesTwice) {
    EXPECT_THAT(refusalOf(named(R"(,"status":{"phase":"a","phase":"b"})")), HasSubstr("twice"));
    EXPECT_THAT(refusalOf(R"({"metadata":{"name":"n","uid":"u","uid":"v"}})"), HasSubstr("twice"));
    EXPECT_NE(refusal(R"({"type":"ADDED","type":"DELETED","object":)" + std::string(pod) + "}"), "accepted");
    EXPECT_NE(refusal(R"({"type":"ADDED","object":)" + std::string(pod) + R"(,"object":)" + pod + "}"), "accepted");
}

TEST_F(ProjectorTest, RefusesNestingWithoutEndInWhatIsKept) {
    projector = Projector(Projection(fields({"n"})), nullptr);
    std::string deep(100'000, '['), shallow(150, '[');
    EXPECT_THAT(refusalOf(named(R"(,"n":)" + deep + std::string(deep.size(), ']'))), HasSubstr("deep"));
    EXPECT_EQ(refusalOf(named(R"(,"n":)" + shallow + std::string(shallow.size(), ']'))), "accepted");
    EXPECT_EQ(refusalOf(named(R"(,"unread":)" + deep + std::string(deep.size(), ']'))), "accepted");
}

TEST_F(ProjectorTest, RefusesWhatIsNoWatchEvent) {
    for (auto text : {"", " ", "{}", "[]", "null", R"({"type":"ADDED"})", R"({"type":"WHAT","object":{}})",
                      R"({"type":5,"object":{}})", R"({"type":"ADDED","object":[]})", R"({"type":"ADDED","object":{}})",
                      R"({"object":{"metadata":{"name":"n"}}})", R"({"type":"ADDED","object":{"metadata":{"name":5}}})",
                      R"({"type":"BOOKMARK","object":{}})", R"({"type":"ADDED","object":{"metadata":{"name":"n"},}})",
                      R"({"type":"ADDED","object":{"metadata":{"name":"n"} "x":1}})",
                      R"({"type":"ADDED" "object":{"metadata":{"name":"n"}}})"})
        EXPECT_NE(refusal(text), "accepted") << text;
}

TEST_F(ProjectorTest, WorksOnAfterARefusal) {
    auto before = projected(pod);
    refusal(eventOf(pod).substr(0, 200));
    refusalOf(named(R"(,"status":{"phase":"a","phase":"b"})"));
    EXPECT_EQ(projected(pod), before);
}

TEST_F(ProjectorTest, KeepsManagedFieldsOnlyWhenTheTreeNamesThem) {
    for (auto whole : {fields({"metadata"}), fields({""})}) {
        projector = Projector(Projection(whole), nullptr);
        EXPECT_FALSE(projected(pod)["metadata"].contains("managedFields"));
        EXPECT_EQ(projected(pod)["metadata"]["labels"]["app"], "web");
    }
    projector = Projector(Projection(fields({"metadata", "metadata.managedFields[].manager"})), nullptr);
    EXPECT_EQ(projected(pod)["metadata"]["managedFields"], json::parse(R"([{"manager":"kubelet"}])"));
    EXPECT_EQ(projected(pod)["metadata"]["resourceVersion"], "7");
}

TEST_F(ProjectorTest, GivesEqualBytesForObjectsThatDifferInUnreadFieldsOnly) {
    Padded first(eventOf(named(R"(,"spec":{"x":1,"containers":[{"name":"a","image":"1"}]},"status":{"y":{}})")));
    Padded second(eventOf(named(R"(,"more":[],"spec":{"containers":[{"image":"2","name":"a"}]})")));
    auto event = projector.event(first);
    ASSERT_TRUE(event);
    std::string bytes(event->object.object.bytes());
    event = projector.event(second);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->object.object.bytes(), bytes);
}

class PageTest : public ProjectorTest {
protected:
    PageTest() : ProjectorTest(fields({"kind", "apiVersion", "status.phase"})) {}

    Result<kube::PageOutcome> page(const std::string& text) {
        Padded body(text);
        items.clear();
        return projector.page(body, [this](const ProjectedObject& item) {
            items.push_back(std::string(item.uid) + " " + item.object.toJson());
        });
    }
    std::vector<std::string> items;
};

constexpr const char* twoItems =
    R"([{"metadata":{"name":"a","uid":"u-a"},"status":{"phase":"Running"}},{"metadata":{"name":"b","uid":"u-b"}}])";

TEST_F(PageTest, HandsOutItemsWithKindAndVersion) {
    auto outcome = page(R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"42","continue":"abc",)"
                        R"("remainingItemCount":7},"items":)" +
                        std::string(twoItems) + "}");
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcome->resourceVersion, "42");
    EXPECT_EQ(outcome->continueToken, "abc");
    EXPECT_EQ(outcome->items, 2u);
    EXPECT_THAT(
        items,
        testing::ElementsAre(
            R"(u-a {"metadata":{"name":"a","uid":"u-a"},"status":{"phase":"Running"},"kind":"Pod","apiVersion":"v1"})",
            R"(u-b {"metadata":{"name":"b","uid":"u-b"},"kind":"Pod","apiVersion":"v1"})"));
}

TEST_F(PageTest, GivesTheSameBytesAsAWatchEvent) {
    ASSERT_TRUE(page(R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"42"},"items":)" +
                     std::string(twoItems) + "}"));
    Padded line(eventOf(
        R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","uid":"u-a"},"status":{"phase":"Running"}})"));
    auto event = projector.event(line);
    ASSERT_TRUE(event);
    EXPECT_EQ("u-a " + event->object.object.toJson(), items[0]);
}

TEST_F(PageTest, ReadsItemsAlsoBeforeTheKind) {
    auto outcome = page(R"({"items":)" + std::string(twoItems) +
                        R"(,"metadata":{"resourceVersion":"42"},"apiVersion":"v1","kind":"PodList"})");
    ASSERT_TRUE(outcome);
    EXPECT_EQ(items.size(), 2u);
    EXPECT_THAT(items[0], HasSubstr(R"("kind":"Pod")"));
}

TEST_F(PageTest, AcceptsAnEmptyList) {
    for (auto none : {"[]", "null"}) {
        auto outcome = page(R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":)" +
                            std::string(none) + "}");
        ASSERT_TRUE(outcome) << none;
        EXPECT_EQ(outcome->items, 0u);
    }
}

TEST_F(PageTest, RefusesEveryCutBody) {
    auto text = R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"42"},"items":)" +
                std::string(twoItems) + "}";
    ASSERT_TRUE(page(text));
    for (std::size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(page(text.substr(0, size))) << size;
}

}  // namespace
}  // namespace klaw::observe::test
