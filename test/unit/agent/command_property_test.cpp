// Commands of random words on clusters that answer with anything: each gets an answer, none throws.
#include <gtest/gtest.h>

#include <random>

#include "agent/operate/catalogue.hpp"
#include "agent/operate/guard.hpp"
#include "agent/operate/required_access.hpp"
#include "base/async/task_group.hpp"
#include "test/unit/agent/fake_control.hpp"

namespace klaw::app {
namespace {

using nlohmann::json;

class CommandPropertyTest : public testing::Test {
protected:
    template <class Items>
    const auto& any(const Items& items) {
        return items[random() % std::size(items)];
    }

    /// `value` with parts of other types here and there.
    json mangled(json value, int depth = 0) {
        static const json odd[] = {nullptr,      7, -1, "", "x", true, json::array(), json::object(), {1, "a", nullptr},
                                   {{"name", 3}}};
        if (random() % 12 == 0) return any(odd);
        if (value.is_structured() && depth < 12)
            for (auto& child : value) child = mangled(std::move(child), depth + 1);
        return value;
    }

    std::string command() {
        static const std::string words[] = {"deploy/web",
                                            "web",
                                            "node-1",
                                            "pod/web",
                                            "cronjob/web",
                                            "cj",
                                            "shop",
                                            "3",
                                            "-1",
                                            "1e9",
                                            "image",
                                            "app=a:2",
                                            "=",
                                            "a=",
                                            "/",
                                            "//",
                                            "..",
                                            "deploy/",
                                            "/web",
                                            "nodes",
                                            "2h",
                                            "3f9a",
                                            "list",
                                            "extend",
                                            "history",
                                            "revert",
                                            "rule=~(",
                                            "99999999999999999999",
                                            "'",
                                            "“",
                                            "\xff\xfe",
                                            "%2e%2e",
                                            "deployments",
                                            "sts/web",
                                            "secret/web",
                                            "data",
                                            "resources",
                                            "A=b",
                                            "A-",
                                            "secret",
                                            "configmap",
                                            "namespace",
                                            "pod",
                                            "a=b:NoExecute",
                                            "a-",
                                            "status",
                                            "namespace/web"};
        static const std::string options[] = {"-n shop",
                                              "-n ..",
                                              "-n \"\"",
                                              "--yes",
                                              "--dry-run",
                                              "--expect u-web@4",
                                              "--expect @",
                                              "--to 2",
                                              "--replicas 0",
                                              "--page 0",
                                              "--page x",
                                              "--json",
                                              "--bad",
                                              "-l a=b",
                                              "--grep [",
                                              "--tail x",
                                              "--since 1",
                                              "--cluster prod",
                                              "--cluster x",
                                              "--foo 1",
                                              "-A",
                                              "--limits cpu=1,memory=x",
                                              "--requests cpu=none",
                                              "--image a",
                                              "--env A=1",
                                              "--port 80,x",
                                              "--timeout 1s",
                                              "--force",
                                              "--delete-emptydir-data",
                                              "--overwrite",
                                              "--confirm web"};
        std::string text(any(operate::catalogue()).name);
        for (auto count = random() % 4; count > 0; --count) text += " " + any(words);
        for (auto count = random() % 4; count > 0; --count) text += " " + any(options);
        return text;
    }

    /// Documents of objects, whole and cut.
    std::string document() {
        static const std::string parts[] = {"apiVersion: v1\n",
                                            "kind: ConfigMap\n",
                                            "kind: Odd\n",
                                            "metadata: {name: web}\n",
                                            "metadata:\n  name: web\n  namespace: shop\n",
                                            "data: {a: b}\n",
                                            "---\n",
                                            "- x\n",
                                            "a: [\n",
                                            "\t\n",
                                            "x: &a [*a]\n",
                                            "b: 0x1f\n",
                                            "c: .inf\n",
                                            "\xff\n",
                                            "? {a: b}\n"};
        std::string text;
        for (auto count = random() % 8; count > 0; --count) text += any(parts);
        return text;
    }

    Task<void> run(operate::CommandLine line, const operate::Verb* verb, bool& answered) {
        operate::Caller caller;
        caller.identity = "local:root";
        if (random() % 2 == 0) caller.language = "zh";
        if (verb->plan) {
            auto plan = co_await verb->plan(control, caller, line);
            bool does = plan && (plan->changesItself() || !plan->parts.empty());
            answered = plan ? !plan->summary.empty() && does : !plan.error().message.empty();
            if (!plan) co_return;
            auto impact = operate::impactOf(*plan);
            auto guarded = co_await operate::guarded(control, caller, *plan, std::move(impact));
            answered = answered && (guarded || !guarded.error().message.empty());
        } else if (verb->judgement != operate::Verb::Judgement::None) {
            answered = operate::requiredAccess(control, *verb, line, caller).permission == "read";
        } else if (verb->ask) {
            auto output = co_await verb->ask(control, caller, line);
            answered = output ? !output->text.empty() || output->table.has_value() : !output.error().message.empty();
        } else {
            auto output = verb->run(control, caller, line);
            answered = output ? !output->text.empty() : !output.error().message.empty();
        }
    }

    std::mt19937 random{7};
    Loop loop;
    FakeLoopClock clock{loop, *parseRfc3339("2026-11-25T10:00:00Z")};
    FakeControl control{clock};
    TaskGroup tasks{loop,
                    [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << ": " << what; }};
};

TEST_F(CommandPropertyTest, EveryCommandGetsAnAnswer) {
    json workload = deployment(2, 4);
    workload["spec"]["template"] = {{"metadata", {{"labels", {{"app", "web"}}}}},
                                    {"spec", {{"containers", {{{"name", "app"}, {"image", "a:1"}}}}}}};
    workload["spec"]["jobTemplate"] = {{"metadata", {{"annotations", {{"a", "b"}}}}},
                                       {"spec", {{"template", workload["spec"]["template"]}}}};
    json revision{{"metadata",
                   {{"ownerReferences", {{{"uid", "u-web"}, {"controller", true}}}},
                    {"annotations", {{"deployment.kubernetes.io/revision", "1"}}}}},
                  {"spec", {{"template", workload["spec"]["template"]}}}};
    json list{{"items", {revision, revision, workload}},
              {"columnDefinitions", {{{"name", "Name"}, {"priority", 0}}, {{"name", "Ready"}}}},
              {"rows", {{{"cells", {"web", "1/2"}}, {"object", {{"metadata", {{"namespace", "shop"}}}}}}}}};
    control.onAsk = [&](const std::string& path) -> Result<std::string> {
        if (random() % 10 == 0) return fail(ErrorCode::NotFound, "404");
        if (random() % 20 == 0) return std::string("no JSON");
        bool one = path.ends_with("/web") || path.ends_with("/node-1");
        return mangled(one ? workload : list).dump();
    };
    constexpr int rounds = 3000;
    int understood = 0;
    for (int round = 0; round < rounds; ++round) {
        auto text = command();
        SCOPED_TRACE(text);
        auto line = operate::parseCommandLine(text);
        const auto* verb = line ? operate::findVerb(line->verb) : nullptr;
        if (!verb || !operate::checkOptions(*verb, *line, false)) continue;
        if (verb->document) line->attachment = document();
        bool answered = false;
        tasks.spawn(text, run(*line, verb, answered));
        loop.poll();
        ASSERT_TRUE(tasks.empty());
        ASSERT_TRUE(answered);
        ++understood;
    }
    EXPECT_GT(understood, rounds / 5);
}

}  // namespace
}  // namespace klaw::app
