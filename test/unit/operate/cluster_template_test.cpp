#include "agent/operate/cluster_template.hpp"

#include <gmock/gmock.h>

namespace klaw::operate {
namespace {

using testing::HasSubstr;

std::string filled(std::string_view text, const std::map<std::string, std::string>& values) {
    auto whole = withValues(text, values);
    return whole ? *whole : "! " + whole.error().describe();
}

TEST(ClusterTemplate, VariablesAreThoseOfClusterctl) {
    const std::map<std::string, std::string> values{{"CLUSTER_NAME", "one"}, {"ZONE", "eu-1"}};
    struct Row {
        std::string_view text, expected;
    };
    const Row table[] = {{"name: ${CLUSTER_NAME}-md-0, ${ZONE}", "name: one-md-0, eu-1"},
                         {"zone: ${ZONE:=us}", "zone: eu-1"},
                         {R"(cidr: ${CIDR:=["10.0.0.0/8"]} ${ZONE})", R"(cidr: ["10.0.0.0/8"] eu-1)"},
                         {"cidr: ${CIDR:-x} ${ZONE}", "cidr: x eu-1"},
                         {"run: $${HOME} $PATH ${ZONE}", "run: ${HOME} $PATH eu-1"},
                         {"open: ${ZONE} ${", "open: eu-1 ${"}};
    for (const auto& [text, expected] : table) EXPECT_EQ(filled(text, values), expected);
}

TEST(ClusterTemplate, SaysWhatIsMissingOrTooMuchOrNotUnderstood) {
    EXPECT_THAT(filled("${A} ${B} ${C:=c}", {}), HasSubstr("wants A, B"));
    EXPECT_THAT(filled("${A:=a}", {{"ZONE", "eu"}}), HasSubstr("no variable \"ZONE\""));
    EXPECT_THAT(filled("${A^^}", {{"A", "eu"}}), HasSubstr("\"${A^^}\", which is not understood"));
    EXPECT_THAT(filled("${}", {}), HasSubstr("which is not understood"));
}

TEST(ClusterTemplate, ValuesCannotBecomeYamlOfTheirOwn) {
    for (const char* value : {"a\nkind: Secret", "a: b", "a #", "\"a\"", "{a}", "a\\", "a:"})
        EXPECT_THAT(filled("x: ${A}", {{"A", value}}), HasSubstr("can stand in a template")) << value;
}

}  // namespace
}  // namespace klaw::operate
