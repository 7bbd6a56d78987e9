#include "agent/operate/object_difference.hpp"

#include <gtest/gtest.h>

namespace klaw::operate {
namespace {

using Lines = std::vector<std::string>;

TEST(ObjectDifference, NamesWhatChangedByPathAndElementsByTheirNames) {
    EXPECT_EQ(
        differences(
            R"({"spec":{"replicas":2,"containers":[{"name":"a","image":"x:1"},{"name":"b","image":"y"}]}})",
            R"({"spec":{"replicas":3,"containers":[{"name":"b","image":"y"},{"name":"a","image":"x:2"}],"paused":true}})"),
        (Lines{"spec.containers[a].image: x:1 → x:2", "spec.paused: - → true", "spec.replicas: 2 → 3"}));
}

TEST(ObjectDifference, LeavesOutWhatTheApiServerKeepsForItself) {
    EXPECT_EQ(
        differences(R"({"metadata":{"name":"w","resourceVersion":"1","generation":1},"status":{"ready":1}})",
                    R"({"metadata":{"name":"w","resourceVersion":"2","generation":2,"managedFields":[]},"status":{}})"),
        Lines{});
}

TEST(ObjectDifference, ShowsNoSecrets) {
    EXPECT_EQ(differences(R"({"kind":"Secret","data":{"key":"YQ=="}})", R"({"kind":"Secret","data":{"key":"Yg=="}})"),
              Lines{"data.key: *** → ***"});
    auto line = differences(R"({"env":[{"name":"P","value":"password=hunter2hunter2"}]})", R"({"env":[]})").at(0);
    EXPECT_EQ(line.find("hunter2"), std::string::npos) << line;
}

TEST(ObjectDifference, IsShortWhateverTheObjects) {
    std::string many = "{\"a\":{";
    for (int i = 0; i < 200; ++i) many += (i ? "," : "") + ("\"" + std::to_string(i) + "\":" + std::to_string(i));
    auto lines = differences("{}", many + "}}");
    EXPECT_EQ(lines.size(), 1u);
    EXPECT_LE(lines[0].size(), 250u);
    EXPECT_EQ(differences(R"({"a":{}})", many + "}}").back(), "… +160");
    EXPECT_EQ(differences("no object", "nor this"), Lines{});
}

}  // namespace
}  // namespace klaw::operate
