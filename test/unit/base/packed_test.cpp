#include "base/packed/packed.hpp"

#include <gtest/gtest.h>

namespace klaw {
namespace {

constexpr auto pod = R"({"metadata":{"name":"web-1","labels":{"app":"web","a.b/c":"x"}},)"
                     R"("status":{"ready":true,"restarts":-7,"load":0.5,"none":null,"list":[1,"two",[3]]}})";

TEST(PackedObject, GivesBackTheJsonItWasMadeOf) {
    EXPECT_EQ(packJson(pod)->view().toJson(), pod);
}

TEST(PackedObject, GivesBackDoublesAsDoubles) {
    for (const char* text : {"[1.0]", "[-0.0]", "[0.5]", "[1e+300]", "[7]"})
        EXPECT_EQ(packJson(text)->view().toJson(), text);
    EXPECT_EQ(packJson(packJson("[1.0]")->view().toJson())->view().element(0).kind(), PackedKind::Double);
}

TEST(PackedObject, AnswersPathsWithTypedValues) {
    auto object = packJson(pod).value();
    auto view = object.view();
    EXPECT_EQ(view.path("metadata.name").asString(), "web-1");
    EXPECT_TRUE(view.path("status.ready").asBool());
    EXPECT_EQ(view.path("status.restarts").asInt(), -7);
    EXPECT_EQ(view.path("status.load").asDouble(), 0.5);
    EXPECT_EQ(view.path("status.none").kind(), PackedKind::Null);
    EXPECT_EQ(view.path("status.list").size(), 3u);
    EXPECT_EQ(view.path("status.list").element(1).asString(), "two");
    EXPECT_EQ(view["metadata"]["labels"]["a.b/c"].asString(), "x");
}

TEST(PackedObject, AnswersMissingForWhatIsNotThere) {
    auto object = packJson(pod).value();
    EXPECT_TRUE(object.view().path("status.absent.deeper").isMissing());
    EXPECT_TRUE(object.view().path("metadata.name.deeper").isMissing());
    EXPECT_TRUE(object.view().path("status.list").element(3).isMissing());
    EXPECT_TRUE(PackedView().isMissing());
    EXPECT_EQ(PackedView().asString(), "");
}

TEST(PackedObject, FindsAFieldWhetherItsNameWasKnownWhenPackedOrNot) {
    auto before = packJson(R"({"namedOnlyInThisTest":1})").value();
    auto name = FieldName::of("namedOnlyInThisTest");
    auto after = packJson(R"({"namedOnlyInThisTest":1})").value();
    EXPECT_EQ(before.view()[name].asInt(), 1);
    EXPECT_EQ(after.view()[name].asInt(), 1);
}

TEST(PackedObject, HoldsContainersBeyondTheShortLength) {
    std::string big(100'000, 'x');
    auto object = packJson(R"({"before":1,"big":[")" + big + R"("],"after":2})").value();
    EXPECT_EQ(object.view().path("big").element(0).asString(), big);
    EXPECT_EQ(object.view().path("after").asInt(), 2);
}

TEST(PackedWriter, WritesEqualBytesForEqualContent) {
    EXPECT_EQ(packJson(pod)->bytes(), packJson(pod)->bytes());
    EXPECT_NE(packJson(pod)->bytes(), packJson(R"({"metadata":{}})")->bytes());
}

TEST(PackedWriter, ForgetsAnEntryOnRewind) {
    PackedWriter writer;
    writer.beginMap();
    writer.key(FieldName::of("kept"));
    writer.integer(1);
    auto mark = writer.mark();
    writer.key(FieldName::of("dropped"));
    writer.integer(2);
    writer.rewind(mark);
    writer.endMap();
    EXPECT_EQ(writer.view().toJson(), R"({"kept":1})");
}

TEST(PackJson, RefusesMalformedAndHostileText) {
    EXPECT_FALSE(packJson("{"));
    EXPECT_FALSE(packJson("{} {}"));
    EXPECT_FALSE(packJson(std::string(100'000, '[')));
}

}  // namespace
}  // namespace klaw
