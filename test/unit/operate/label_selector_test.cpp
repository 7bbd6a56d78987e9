#include "agent/operate/label_selector.hpp"

#include <gtest/gtest.h>

namespace klaw::operate {
namespace {

using nlohmann::json;

TEST(LabelSelector, MeansWhatKubernetesMeans) {
    const json labels{{"app", "web"}, {"tier", "front"}};
    struct Case {
        const char* selector;
        bool meant;
        const char* written;
    };
    const Case cases[] = {
        {R"({})", true, ""},
        {R"({"matchLabels": {"app": "web"}})", true, "app=web"},
        {R"({"matchLabels": {"app": "web", "tier": "back"}})", false, "app=web,tier=back"},
        {R"({"matchExpressions": [{"key": "app", "operator": "In", "values": ["db", "web"]}]})", true,
         "app in (db,web)"},
        {R"({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]})", false, "app notin (web)"},
        {R"({"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["a"]}]})", true, "zone notin (a)"},
        {R"({"matchExpressions": [{"key": "tier", "operator": "Exists"}]})", true, "tier"},
        {R"({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]})", false, "!tier"},
        {R"({"matchExpressions": [{"key": "tier", "operator": "Unheard"}]})", false, ""},
    };
    for (const auto& each : cases) {
        auto selector = json::parse(each.selector);
        EXPECT_EQ(selects(selector, labels), each.meant) << each.selector;
        if (!selector.empty()) EXPECT_EQ(writtenSelector(selector), each.written) << each.selector;
    }
    EXPECT_FALSE(selects(json(), labels)) << "none at all means nothing";
    EXPECT_FALSE(selects(json::parse(R"({"matchLabels": {"app": "web"}})"), json())) << "no labels";
}

}  // namespace
}  // namespace klaw::operate
