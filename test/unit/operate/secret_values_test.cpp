// Secrets that only their neighbours show to be ones.
#include "agent/operate/secret_values.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <random>

#include "agent/operate/object_difference.hpp"
#include "agent/operate/object_text.hpp"

namespace klaw::operate {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

json podWith(const json& container) {
    return {{"kind", "Pod"}, {"metadata", {{"name", "web"}}}, {"spec", {{"containers", {container}}}}};
}

/// A word that stands nowhere else.
std::string word(std::mt19937& random) {
    std::string text = "Xq";
    for (int i = 0; i < 10; ++i) text += static_cast<char>('a' + random() % 26);
    return text + "!";
}

TEST(SecretValues, OfTheEnvironmentAreNeverShown) {
    std::mt19937 random(7);
    for (int round = 0; round < 30; ++round)
        for (const char* stem : {"PASSWORD", "password", "Passwd", "PWD", "SECRET", "token", "api_key", "ApiKey",
                                 "ACCESS_KEY", "credentials", "private-key"}) {
            auto prefix = std::string("A_").substr(0, random() % 3), value = word(random), other = word(random);
            auto with = [&](const std::string& text) {
                json env = json::array({{{"name", "LOG_LEVEL"}, {"value", "debug"}}});
                env.push_back({{"name", prefix + stem}, {"value", text}});
                return podWith({{"name", "app"}, {"env", env}, {"args", {"--db-" + std::string("password"), text}}})
                    .dump();
            };
            auto described = describeObject(with(value));
            ASSERT_THAT(described, Not(HasSubstr(value))) << stem;
            ASSERT_THAT(described, HasSubstr("value: debug"));
            for (const auto& line : differences(with(value), with(other))) {
                ASSERT_THAT(line, Not(HasSubstr(value))) << stem;
                ASSERT_THAT(line, Not(HasSubstr(other))) << stem;
            }
            ASSERT_EQ(differences(with(value), with(other)).size(), 2u);
            for (const auto& line : differences(podWith({{"name", "app"}}).dump(), with(other)))
                ASSERT_THAT(line, Not(HasSubstr(other))) << stem;
        }
}

TEST(SecretValues, AreMaskedWhereTheObjectIsKeptInAnAnnotation) {
    auto annotated = [](const std::string& value) {
        json object{{"kind", "Deployment"}};
        object["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] =
            R"({"env":[{"name":"DB_PASSWORD","value":")" + value + R"("}]})";
        return object.dump();
    };
    EXPECT_TRUE(differences(annotated("hunter2"), annotated("hunter3")).empty());
}

TEST(SecretValues, AreNotThoseThatOnlySpeakOfOne) {
    json object = podWith({{"name", "app"}, {"env", {{{"name", "SECRET_NAME"}, {"value", "web-tls"}}}}});
    maskSecretValues(object);
    EXPECT_THAT(object.dump(), HasSubstr("web-tls"));
}

TEST(SecretValues, SurviveOddTypes) {
    json object =
        json::parse(R"({"env":[{"name":7,"value":{}},{"name":"PASSWORD"},[["--token",3]],null],"token":null})");
    maskSecretValues(object);
    EXPECT_EQ(object["env"][0]["name"], 7);
}

}  // namespace
}  // namespace klaw::operate
