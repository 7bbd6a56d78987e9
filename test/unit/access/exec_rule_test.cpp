#include "agent/access/exec_rule.hpp"

#include <gmock/gmock.h>

namespace klaw::access {
namespace {

using testing::HasSubstr;
using Words = std::vector<std::string>;

bool allowed(Words pattern, const Words& arguments) {
    ExecRule rule;
    rule.command = std::move(pattern);
    return allows(rule, arguments);
}

std::string refusalOf(const Words& command) {
    auto checked = checkCommand(command);
    return checked ? "" : checked.error().message;
}

TEST(ExecRule, AllowsTheArgumentsItHasAndNoOthers) {
    EXPECT_TRUE(allowed({"df", "-h"}, {"df", "-h"}));
    EXPECT_FALSE(allowed({"df", "-h"}, {"df"}));
    EXPECT_FALSE(allowed({"df", "-h"}, {"df", "-h", "/"}));
    EXPECT_FALSE(allowed({"df", "-h"}, {"/bin/df", "-h"}));
    EXPECT_FALSE(allowed({"df", "-h"}, {"df", "-H"}));
}

TEST(ExecRule, AStarIsOneArgumentThatIsNoOption) {
    EXPECT_TRUE(allowed({"df", "*"}, {"df", "/var/lib"}));
    EXPECT_TRUE(allowed({"df", "*"}, {"df", "two words"}));
    EXPECT_FALSE(allowed({"df", "*"}, {"df"}));
    EXPECT_FALSE(allowed({"df", "*"}, {"df", "/", "/var"}));
    EXPECT_FALSE(allowed({"df", "*"}, {"df", "--output=file"}));
    EXPECT_FALSE(allowed({"df", "*"}, {"df", ""}));
}

TEST(ExecRule, AStarIsNoShellAndNothingThatRunsOthers) {
    for (const char* program :
         {"sh", "/bin/sh", "C:\\cmd.exe", "bash5", "/usr/bin/python3.11", "env", "BusyBox.static"})
        EXPECT_FALSE(allowed({"run", "*"}, {"run", program})) << program;
    EXPECT_FALSE(allowed({"tool", "-*"}, {"tool", "--with=/bin/sh"}));
    EXPECT_TRUE(allowed({"cat", "*"}, {"cat", "/etc/shells"}));
}

TEST(ExecRule, AnOptionCountsOnlyWhereThePatternSaysSo) {
    EXPECT_TRUE(allowed({"ls", "-*", "*"}, {"ls", "-la", "/"}));
    EXPECT_FALSE(allowed({"ls", "-*", "*"}, {"ls", "/", "/"}));
}

TEST(ExecRule, IsAboutThePlacesItNames) {
    ExecRule rule;
    rule.clusters = {"test-*"};
    rule.namespaces = {"shop"};
    rule.names = {"web-*"};
    rule.containers = {"app"};
    Place place{"test-1", "shop", "pods", "web-0", false};
    EXPECT_TRUE(covers(rule, place, "app"));
    EXPECT_FALSE(covers(rule, place, "sidecar"));
    EXPECT_FALSE(covers(rule, {"prod", "shop", "pods", "web-0", false}, "app"));
    EXPECT_FALSE(covers(rule, {"test-1", "bank", "pods", "web-0", false}, "app"));
    EXPECT_FALSE(covers(rule, {"test-1", "shop", "pods", "db-0", false}, "app"));
    EXPECT_TRUE(covers(ExecRule(), place, "app"));
}

TEST(ExecRule, NoShellAndNothingThatRunsOthersCanBeAllowed) {
    EXPECT_EQ(refusalOf({"df", "-h", "*"}), "");
    EXPECT_EQ(refusalOf({"/usr/bin/cat", "/proc/meminfo"}), "");
    for (const Words& command : {Words{"sh", "-c", "*"}, Words{"/bin/bash"}, Words{"ash", "-c", "df"},
                                 Words{"cmd.exe", "/c"}, Words{"PowerShell.exe"}, Words{"bash-5.2"}})
        EXPECT_THAT(refusalOf(command), HasSubstr("is a shell")) << command.front();
    for (const Words& command :
         {Words{"env"}, Words{"xargs", "rm"}, Words{"busybox", "*"}, Words{"busybox", "sh"},
          Words{"find", "/", "-name", "*"}, Words{"/usr/bin/python3", "*"}, Words{"python3.11"}, Words{"perl5.36.0"},
          Words{"nodejs"}, Words{"java"}, Words{"vi"}, Words{"flock", "/tmp/lock"}, Words{"su-exec", "app"},
          Words{"tar", "-*"}, Words{"/lib64/ld-linux-x86-64.so.2", "*"}, Words{"busybox.static"},
          Words{"app", "--", "/usr/bin/env"}})
        EXPECT_THAT(refusalOf(command), HasSubstr("can run any other program")) << command.front();
    EXPECT_THAT(refusalOf({"*", "-h"}), HasSubstr("the program is left open"));
    EXPECT_THAT(refusalOf({"-*"}), HasSubstr("the program is left open"));
    EXPECT_THAT(refusalOf({"cat", "/var/log/*"}), HasSubstr("one whole argument"));
    EXPECT_THAT(refusalOf({}), HasSubstr("there is no program"));
}

}  // namespace
}  // namespace klaw::access
