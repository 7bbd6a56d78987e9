#include <gmock/gmock.h>

#include "agent/operate/catalogue.hpp"

namespace klaw::operate {
namespace {

TEST(ShownCommand, HasNoValueOfASecret) {
    for (const auto& [command, shown] : std::map<std::string, std::string>{
             {"create secret db PASSWORD=hunter2 -n shop", "create secret db PASSWORD=*** -n shop"},
             {"create secret db 'PASSWORD=hunter 2' --yes", "create secret db PASSWORD=*** --yes"},
             {"create secret generic db A=hunter2 B=\"hunter2\"", "create secret generic db A=*** B=***"},
             {"create secret db PASSWORD hunter2", "create secret db *** ***"},
             {"create secret PASSWORD=hunter2", "create secret PASSWORD=***"},
             {"create secret/db --from-literal=A=hunter2 --from-literal B=hunter2",
              "create secret/db --from-literal=*** --from-literal ***"},
             {"创建 密钥 db A=hunter2", "创建 密钥 db A=***"},
             {"create secret db 'A=hunter2", "create …"},
             {"set data secret/db A=hunter2 OLD- -n shop", "set data secret/db A=*** OLD- -n shop"},
             {"set data secret db A=hunter2", "set data secret db A=***"},
             {"set data db A=hunter2", "set data db A=***"},
             {"craete secret db A=hunter2", "craete secret db A=***"},
             {"aply -n shop\nstringData: {a: hunter2}", "aply -n shop"},
             {"apply -n shop\nstringData: {a: hunter2}", "apply -n shop"}})
        EXPECT_EQ(shownCommand(command), shown);
}

TEST(ShownCommand, IsAsWrittenWhereNothingIsSecret) {
    for (const char* command : {"set data cm/web LEVEL=debug", "set image deploy/web app=web:2",
                                "create configmap web A=b", "pods shop --bad", "no such command", "scale 'open"})
        EXPECT_EQ(shownCommand(command), command);
}

TEST(MessageOf, ADocumentIsWhatFollowsTheFirstLineOutOfItsFences) {
    auto message = messageOf("apply -n shop\r\n```yaml\na: 1\n  b: 2\n```");
    EXPECT_EQ(message.command, "apply -n shop");
    EXPECT_EQ(message.document, "a: 1\n  b: 2\n");
    EXPECT_EQ(messageOf("应用 -n shop\na: 1").document, "a: 1\n");
    EXPECT_EQ(messageOf("pods\nshop").command, "pods\nshop");
    EXPECT_EQ(messageOf("pods\nshop").document, "");
}

}  // namespace
}  // namespace klaw::operate
