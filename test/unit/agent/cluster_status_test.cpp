// `status` and `health`: what answers of API servers come to.
#include <gmock/gmock.h>

#include "agent/operate/catalogue.hpp"
#include "agent/operate/cluster_answers.hpp"
#include "agent/operate/cluster_checks.hpp"
#include "base/async/task_group.hpp"
#include "test/unit/agent/fake_control.hpp"

namespace klaw::app {
namespace {

using nlohmann::json;
using operate::Check;
using operate::ClusterFacts;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const TimePoint now = *parseRfc3339("2026-11-25T10:00:00Z");

json tableOf(const std::vector<std::string>& columns, const std::vector<std::vector<std::string>>& rows,
             const std::string& ns = "shop") {
    json table{{"columnDefinitions", json::array()}, {"rows", json::array()}};
    for (const auto& column : columns) table["columnDefinitions"].push_back({{"name", column}, {"priority", 0}});
    for (const auto& row : rows)
        table["rows"].push_back({{"cells", row}, {"object", {{"metadata", {{"namespace", ns}}}}}});
    return table;
}

json nodeOf(const std::string& name, const std::string& ready, const std::string& pressure = "False") {
    return {{"metadata", {{"name", name}}},
            {"spec", json::object()},
            {"status",
             {{"allocatable", {{"cpu", "4"}, {"memory", "8Gi"}}},
              {"conditions",
               {{{"type", "MemoryPressure"}, {"status", pressure}}, {{"type", "Ready"}, {"status", ready}}}}}}};
}

class ClusterStatusTest : public testing::Test {
protected:
    ClusterStatusTest() {
        put("/readyz?verbose", "[+]ping ok\n[+]etcd ok\nreadyz check passed\n");
        put("/api/v1/nodes?limit=500", json{{"items", {nodeOf("n1", "True"), nodeOf("n2", "True")}}}.dump());
        auto pod = tableOf({"Name", "Status"}, {{"web-1", "Running"}});
        pod["metadata"]["remainingItemCount"] = 11;
        put("/api/v1/pods?limit=1", pod.dump());
        put("/api/v1/"
            "pods?limit=500&fieldSelector=status.phase%21%3DRunning%2Cstatus.phase%21%3DSucceeded%2Cstatus.phase%21%"
            "3DFailed",
            tableOf({"Name", "Status"}, {}).dump());
        put("/apis/apps/v1/deployments?limit=2000", tableOf({"Name", "Ready"}, {{"web", "3/3"}}).dump());
        put("/apis/apps/v1/statefulsets?limit=2000", tableOf({"Name", "Ready"}, {{"db", "1/1"}}).dump());
        put("/apis/apps/v1/daemonsets?limit=2000",
            tableOf({"Name", "Desired", "Current", "Ready"}, {{"logs", "2", "2", "2"}}).dump());
        for (const char* part : {"kube-scheduler", "kube-controller-manager"})
            put(std::string("/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/") + part,
                R"({"spec":{"renewTime":"2026-11-25T09:59:58.000000Z"}})");
        put("/apis/metrics.k8s.io/v1beta1/nodes",
            R"({"items":[{"metadata":{"name":"n1"},"usage":{"cpu":"1","memory":"4Gi"}},)"
            R"({"metadata":{"name":"n2"},"usage":{"cpu":"1","memory":"2Gi"}}]})");
        put("/apis/metrics.k8s.io/v1beta1/pods",
            R"({"items":[{"metadata":{"name":"web-1","namespace":"shop"},"containers":[{"usage":{"cpu":"500m","memory":"1Gi"}}]}]})");
        control.onAsk = [this](const std::string& path) -> Result<std::string> {
            auto found = bodies.find(path);
            if (found == bodies.end()) return fail(ErrorCode::NotFound, "404 there is no " + path);
            return found->second;
        };
        control.certificateEnds = now + 90 * 24h;
        control.capacity = operate::CapacityView{8, 16e9, 4, 4e9};
    }
    void put(const std::string& path, std::string body) { bodies[path] = std::move(body); }

    std::string answer(const std::string& command, const std::string& language = "en") {
        auto line = operate::parseCommandLine(command);
        const auto* verb = operate::findVerb(line->verb);
        Loop loop;
        TaskGroup tasks(loop, [](const std::string&, const std::string& what) { ADD_FAILURE() << what; });
        std::string text;
        operate::Caller caller;
        caller.identity = "local:test";
        caller.language = language;
        tasks.spawn("verb",
                    [](operate::Control& of, const operate::Verb& asked, operate::Caller by, operate::CommandLine with,
                       std::string& into) -> Task<void> {
                        auto output = co_await asked.ask(of, by, with);
                        into = output ? output->text : output.error().describe();
                    }(control, *verb, caller, *line, text));
        EXPECT_TRUE(loop.runUntil([&] { return tasks.empty(); }));
        return withoutColumns(text);
    }
    /// With one blank between the cells.
    static std::string withoutColumns(const std::string& text) {
        std::string out;
        for (char c : text)
            if (c != ' ' || !out.ends_with(' ')) out += c;
        return out;
    }
    std::map<std::string, std::string> bodies;
    ManualClock clock{now};
    FakeControl control{clock};
};

TEST_F(ClusterStatusTest, StatusOfOneClusterTellsOfEverySideAndTheLargestConsumers) {
    EXPECT_EQ(answer("status"),
              R"(CHECK STATE DETAIL
API server ok answers in 12 ms; all 2 checks pass
control plane ok scheduler alive 2s ago; controller-manager alive 2s ago
nodes ok 2 of 2 ready
workloads ok 3 of 3 have all their Pods
Pods ok 12 in all
capacity ok requested: CPU 50%, memory 25%; used: CPU 25%, memory 38%
certificates ok the API server's ends in 90d
alerts ok 0 critical, 0 other
largest nodes n1 1.00 CPU, 4096 MiB; n2 1.00 CPU, 2048 MiB
most memory shop/web-1 0.50 CPU, 1024 MiB
most CPU shop/web-1 0.50 CPU, 1024 MiB
)");
}

TEST_F(ClusterStatusTest, StatusIsSaidInChinese) {
    EXPECT_THAT(answer("状态", "zh"), AllOf(HasSubstr("API Server"), HasSubstr("12 ms 内应答；2 项自检全部通过"),
                                            HasSubstr("已申请：CPU 50%，内存 25%；已使用：CPU 25%，内存 38%")));
}

TEST_F(ClusterStatusTest, HealthNamesWhatIsNotWellAndShowsTheWorstFirst) {
    bodies.erase("/readyz?verbose");  // as when it answers with 500
    control.onAsk = [ask = control.onAsk](const std::string& path) -> Result<std::string> {
        if (path == "/readyz?verbose")
            return fail(ErrorCode::Unavailable, "the API server answered 500: failing: etcd", "prod");
        return ask(path);
    };
    put("/api/v1/nodes?limit=500", json{{"items", {nodeOf("n1", "Unknown"), nodeOf("n2", "True", "True")}}}.dump());
    put("/apis/apps/v1/deployments?limit=2000", tableOf({"Name", "Ready"}, {{"web", "1/3"}, {"cart", "2/2"}}).dump());
    put("/api/v1/"
        "pods?limit=500&fieldSelector=status.phase%21%3DRunning%2Cstatus.phase%21%3DSucceeded%2Cstatus.phase%21%"
        "3DFailed",
        tableOf({"Name", "Status"}, {{"a", "Pending"}, {"b", "Pending"}, {"c", "ImagePullBackOff"}}).dump());
    control.capacity->memoryRequested = 15e9;
    auto text = answer("health");
    EXPECT_THAT(text, HasSubstr("API server bad the API server answered 500: failing: etcd\n"));
    EXPECT_THAT(text, HasSubstr("nodes bad 1 of 2 ready; not ready: n1; under pressure: n2 (MemoryPressure)\n"));
    EXPECT_THAT(text, HasSubstr("workloads warning 3 of 4 have all their Pods; lacking: deployment shop/web 1/3\n"));
    EXPECT_THAT(text, HasSubstr("Pods warning 12 in all; waiting to start: ImagePullBackOff 1, Pending 2\n"));
    EXPECT_THAT(text, HasSubstr("capacity warning requested: CPU 50%, memory 94%"));
    EXPECT_LT(text.find(" bad "), text.find(" warning "));
    EXPECT_LT(text.find(" warning "), text.find(" ok "));
}

TEST_F(ClusterStatusTest, ControlPlaneThatLeadsNoMoreIsBadAndOneThatNobodySeesIsUnknown) {
    put("/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler",
        R"({"spec":{"renewTime":"2026-11-25T09:50:00.000000Z"}})");
    EXPECT_THAT(answer("health"),
                HasSubstr("control plane bad scheduler last heard of 10m ago; controller-manager alive 2s ago"));
    bodies.erase("/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-scheduler");
    EXPECT_THAT(answer("health"), HasSubstr("control plane unknown scheduler not seen (a provider may hide it)"));
}

TEST_F(ClusterStatusTest, CertificateThatEndsSoonIsAWarning) {
    control.certificateEnds = now + 20 * 24h;
    EXPECT_THAT(answer("health"), HasSubstr("certificates warning the API server's ends in 20d\n"));
    control.certificateEnds = now + 2 * 24h;
    EXPECT_THAT(answer("health"), HasSubstr("certificates bad the API server's ends in 2d\n"));
}

TEST_F(ClusterStatusTest, WhatMayNotBeReadIsUnknownAndNotBad) {
    control.onAsk = [all = bodies](const std::string& path) -> Result<std::string> {
        if (path.starts_with("/api/v1/nodes")) return fail(ErrorCode::PermissionDenied, "you may not read nodes");
        auto found = all.find(path);
        if (found == all.end()) return fail(ErrorCode::NotFound, "404 there is no " + path);
        return found->second;
    };
    EXPECT_THAT(answer("health"), AllOf(HasSubstr("nodes unknown you may not read nodes"), Not(HasSubstr("capacity"))));
}

TEST_F(ClusterStatusTest, OneNamespaceIsAskedForAlone) {
    put("/api/v1/namespaces/shop/pods?limit=1", tableOf({"Name", "Status"}, {{"web-1", "Running"}}).dump());
    put("/api/v1/namespaces/shop/"
        "pods?limit=500&fieldSelector=status.phase%21%3DRunning%2Cstatus.phase%21%3DSucceeded%2Cstatus.phase%21%"
        "3DFailed",
        tableOf({"Name", "Status"}, {}).dump());
    for (const char* kind : {"deployments", "statefulsets", "daemonsets"})
        put(std::string("/apis/apps/v1/namespaces/shop/") + kind + "?limit=2000",
            tableOf({"Name", "Ready"}, {{"web", "0/2"}}).dump());
    EXPECT_THAT(answer("status -n shop"),
                AllOf(HasSubstr("workloads bad 0 of 3 have all their Pods; lacking: deployment web 0/2"),
                      HasSubstr("Pods ok 1 in all")));
}

TEST_F(ClusterStatusTest, SeveralClustersHaveALineEachAndASilentOneIsNamed) {
    control.clusterLabels = {{"east", {}}, {"north", {}}};
    control.silentClusters["north"] = "it did not answer in time";
    auto text = answer("status");
    EXPECT_THAT(text, HasSubstr("east ok 12 ms 2/2 3/3 12 25% 38% 0/0\n"));
    EXPECT_THAT(text, HasSubstr("north bad - - - - - - 0/0\n"));
    EXPECT_THAT(text, HasSubstr("\nnorth: it did not answer in time"));
    EXPECT_THAT(answer("status east"), HasSubstr("2 of 2 ready"));
    auto health = answer("health");
    EXPECT_THAT(health, HasSubstr("\nnorth API server bad it did not answer in time\nAll is well in east (8 checks)."));
    EXPECT_THAT(health, Not(HasSubstr("\neast ")));
}

TEST(ClusterAnswers, WhatIsNotWhatWasAskedForIsAnError) {
    for (const char* body : {"", "[]", "{}", "<html>", R"({"items":3})"}) {
        EXPECT_FALSE(operate::readNodes(body)) << body;
        EXPECT_FALSE(operate::readPods(body, body)) << body;
        EXPECT_FALSE(operate::readNodeUsage(body)) << body;
        EXPECT_FALSE(operate::leaseAge(body, now)) << body;
        operate::WorkloadFacts facts;
        EXPECT_FALSE(operate::addWorkloads(body, "deployment", true, facts)) << body;
    }
}

TEST(ClusterChecks, ManyNamesAreCut) {
    ClusterFacts facts;
    facts.nodes = operate::NodeFacts();
    facts.nodes->nodes = 40;
    for (int i = 0; i < 40; ++i) facts.nodes->notReady.push_back("n" + std::to_string(i));
    auto checks = operate::checksOf(facts, now);
    EXPECT_EQ(checks[2].detail.en, "0 of 40 ready; not ready: n0, n1, n2, n3, n4 … and 35 more");
    EXPECT_EQ(operate::worstOf(checks), Check::State::Bad);
}

}  // namespace
}  // namespace klaw::app
