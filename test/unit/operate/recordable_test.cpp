#include "agent/operate/recordable.hpp"

#include <gmock/gmock.h>

namespace klaw::operate {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Recordable, KeepsACommandAsItIs) {
    for (const auto* command : {"scale deploy/web 3 -n shop --yes", "set image deploy/web app=shop/web:1.5 -n shop",
                                "pods shop -l app=web", "describe secret tls -n shop"})
        EXPECT_EQ(recordable(command), command);
}

TEST(Recordable, LeavesOutEveryValueOfASecret) {
    EXPECT_EQ(recordable("create secret db -n shop --from-literal=user=anna --from-literal pass=hunter2 --yes"),
              "create secret db -n shop --from-literal=*** --from-literal *** --yes");
    EXPECT_EQ(recordable("update secret/db key='two words' --value 'more words' -n shop"),
              "update secret/db key=*** --value *** -n shop");
    EXPECT_EQ(recordable("创建 密钥 db 口令=甲乙丙"), "创建 密钥 db 口令=***");
    EXPECT_EQ(recordable("create secret db key='never closed"), "create secret db key=***");
}

TEST(Recordable, SecretsOfManyShapesNeverGetIn) {
    const std::string values[] = {
        "hunter2", "s3cr3t-Value", "QUJDREVGR0g=", "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB", "AKIAIOSFODNN7EXAMPLE",
        "甲乙丙丁"};
    const std::string commands[] = {
        "create secret db --from-literal=password=@",
        "create secret db --from-literal password=@ -n shop",
        "create secret/db key=@",
        "create secrets db 'key=@'",
        "update secret db -n shop \"key=@\" other=@",
        "set secret db --data key=@",
        "patch 密钥/db --value @ --yes",
        "create secret db\u3000key=@",
        "ack 3f9a --comment password=@",
        "silence 3f9a 2h --comment 'token: @'",
        "logs web-0 --grep api_key=@",
        "apply --token @",
        "login https://anna:@@registry/",
    };
    for (const auto& value : values)
        for (auto command : commands) {
            for (auto at = command.find('@'); at != command.npos; at = command.find('@', at + value.size()))
                if (command.compare(at, 10, "@registry/") != 0) command.replace(at, 1, value);
            EXPECT_THAT(recordable(command), Not(HasSubstr(value))) << command;
        }
}

TEST(Recordable, ArgumentsOfAProgramHaveNoSecrets) {
    EXPECT_EQ(recordableArguments({"app", "--token", "hunter2hunter2", "--verbose", "password=hunter2hunter2", "/tmp"}),
              (std::vector<std::string>{"app", "--token", "***", "--verbose", "password=***", "/tmp"}));
}

TEST(Recordable, ACommandHasTheArgumentsOfItsProgramAsTheyAreRecorded) {
    EXPECT_EQ(recordable("exec web-0 -n shop -- df -h /"), "exec web-0 -n shop --command 'df -h /'");
    EXPECT_EQ(recordable("exec web-0 -n shop -- app --db-token hunter2 'two words' --yes"),
              "exec web-0 -n shop --command \"app --db-token *** 'two words' --yes\"");
    EXPECT_EQ(recordable("exec web-0 -- app \"it's\" 'a\"b' --x hunter2"), "exec ***");
    EXPECT_EQ(recordable("exec web-0 -- app 'hunter2"), "exec ***");
}

TEST(Recordable, CutsWhatIsLong) {
    EXPECT_LE(recordable(std::string(5000, 'x')).size(), 1000u);
}

}  // namespace
}  // namespace klaw::operate
