#include "agent/share/served_resource.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/async/loop.hpp"
#include "test/unit/observe/padded.hpp"

namespace klaw::share {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::string pod(const std::string& type, const std::string& name, const std::string& phase, int version) {
    json object{{"kind", "Pod"},
                {"apiVersion", "v1"},
                {"metadata", {{"name", name}, {"namespace", "shop"}, {"uid", "u-" + name}}},
                {"spec", {{"nodeName", "n1"}}},
                {"status", {{"phase", phase}}}};
    object["metadata"]["resourceVersion"] = std::to_string(version);
    return json{{"type", type}, {"object", object}}.dump();
}

std::string bookmark(int version) {
    json metadata{{"resourceVersion", std::to_string(version)}};
    return json{{"type", "BOOKMARK"}, {"object", {{"metadata", metadata}}}}.dump();
}

std::vector<json> linesOf(const std::string& text) {
    std::vector<json> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
    return lines;
}

class ServedResourceTest : public testing::Test {
protected:
    explicit ServedResourceTest(std::size_t mostKept = ServedResource::mostKeptBytes, bool keepsVersion = false) {
        observe::ObserverOptions options;
        options.cluster = "main";
        options.resource = "pods";
        options.fields.add("status.phase");
        if (keepsVersion) options.fields.add("metadata.resourceVersion");
        observer = std::make_unique<observe::ResourceObserver>(
            options, [this](const rules::Change& change) { served->changed(change); });
        served = std::make_unique<ServedResource>(loop, *observer, "digest", [this] { return isWell; }, mostKept);
    }
    void feed(const std::string& line) {
        observe::test::Padded padded(line);
        ASSERT_TRUE(served->line(padded));
    }
    void list(const std::vector<std::string>& lines, int version) {
        served->listBegins();
        for (const auto& line : lines) feed(line);
        served->listEnds(std::to_string(version));
    }
    std::vector<json> changesAfter(std::uint64_t version) const { return linesOf(served->changesAfter(version)); }

    Loop loop;
    bool isWell = true;
    std::unique_ptr<observe::ResourceObserver> observer;
    std::unique_ptr<ServedResource> served;
};

TEST_F(ServedResourceTest, IsWholeOnceAFirstListIsCompleteAndTheStreamIsWell) {
    EXPECT_FALSE(served->isWhole());
    served->listBegins();
    feed(pod("ADDED", "a", "Running", 3));
    EXPECT_FALSE(served->isWhole());
    served->listEnds("5");
    EXPECT_TRUE(served->isWhole());
    isWell = false;
    EXPECT_FALSE(served->isWhole());
}

TEST_F(ServedResourceTest, GivesAllObjectsAsTheRulesReadThemAndTheVersionOfTheApiServer) {
    list({pod("ADDED", "a", "Running", 3)}, 5);
    auto lines = linesOf(served->initialEvents().front());
    ASSERT_THAT(lines, SizeIs(2));
    EXPECT_EQ(lines[0]["type"], "ADDED");
    EXPECT_EQ(lines[0]["object"]["status"]["phase"], "Running");
    EXPECT_FALSE(lines[0]["object"].contains("spec"));
    EXPECT_EQ(lines[1]["type"], "BOOKMARK");
    EXPECT_EQ(lines[1]["object"]["metadata"]["resourceVersion"], "5");
    EXPECT_EQ(lines[1]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
}

TEST_F(ServedResourceTest, KeepsChangesByTheVersionsOfTheApiServer) {
    list({pod("ADDED", "a", "Pending", 3)}, 5);
    feed(pod("MODIFIED", "a", "Running", 7));
    feed(pod("DELETED", "a", "Running", 9));
    auto all = changesAfter(5), last = changesAfter(7);
    ASSERT_THAT(all, SizeIs(2));
    EXPECT_EQ(all[0]["type"], "MODIFIED");
    EXPECT_EQ(all[0]["object"]["metadata"]["resourceVersion"], "7");
    EXPECT_EQ(all[0]["object"]["metadata"]["name"], "a");
    ASSERT_THAT(last, SizeIs(1));
    EXPECT_EQ(last[0]["type"], "DELETED");
    EXPECT_EQ(last[0]["object"]["metadata"]["resourceVersion"], "9");
}

TEST_F(ServedResourceTest, MovesOnWithWhatChangesNothingThatIsRead) {
    list({pod("ADDED", "a", "Running", 3)}, 5);
    feed(pod("MODIFIED", "a", "Running", 7));
    feed(bookmark(11));
    EXPECT_THAT(changesAfter(5), IsEmpty());
    EXPECT_EQ(served->version(), 11u);
    EXPECT_EQ(served->forgotten(), 5u);
}

TEST_F(ServedResourceTest, BeginsAnewWithEachList) {
    list({pod("ADDED", "a", "Pending", 3)}, 5);
    feed(pod("MODIFIED", "a", "Running", 7));
    auto before = served->generation();
    list({pod("ADDED", "b", "Running", 8)}, 9);
    EXPECT_NE(served->generation(), before);
    EXPECT_EQ(served->forgotten(), 9u);
    EXPECT_THAT(changesAfter(9), IsEmpty());
}

TEST_F(ServedResourceTest, BeginsAnewWhenOtherFieldsAreKept) {
    list({}, 5);
    auto before = served->generation();
    served->setFields("digest");
    EXPECT_EQ(served->generation(), before);
    served->setFields("another");
    EXPECT_NE(served->generation(), before);
}

TEST_F(ServedResourceTest, IsNotWholeWithVersionsThatAreNoNumbers) {
    served->listBegins();
    served->listEnds("opaque");
    EXPECT_FALSE(served->isWhole());
}

TEST_F(ServedResourceTest, IsNotWholeOnceClosed) {
    list({}, 5);
    served->close();
    EXPECT_FALSE(served->isWhole());
    feed(pod("ADDED", "a", "Pending", 7));
    EXPECT_THAT(changesAfter(5), IsEmpty());
    EXPECT_EQ(observer->size(), 1u) << "the observer goes on";
}

class SmallServedResourceTest : public ServedResourceTest {
protected:
    SmallServedResourceTest() : ServedResourceTest(600) {}
};

TEST_F(SmallServedResourceTest, ForgetsTheOldestChanges) {
    list({}, 5);
    for (int version = 10; version < 20; ++version) feed(pod("MODIFIED", "a", std::to_string(version), version));
    EXPECT_GT(served->forgotten(), 10u);
    EXPECT_LT(served->forgotten(), 19u);
    EXPECT_THAT(changesAfter(served->forgotten()), SizeIs(19 - served->forgotten()));
}

class VersionedServedResourceTest : public ServedResourceTest {
protected:
    VersionedServedResourceTest() : ServedResourceTest(ServedResource::mostKeptBytes, true) {}
};

TEST_F(VersionedServedResourceTest, LeavesTheVersionOfAnObjectThatRulesRead) {
    list({pod("ADDED", "a", "Running", 3)}, 5);
    EXPECT_EQ(linesOf(served->initialEvents().front())[0]["object"]["metadata"]["resourceVersion"], "3");
}

}  // namespace
}  // namespace klaw::share
