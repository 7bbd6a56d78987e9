#include "agent/backup/restore_object.hpp"

#include <gtest/gtest.h>

#include "agent/backup/object_filter.hpp"

namespace klaw::backup {
namespace {

using Json = nlohmann::json;

const Kind services{"v1", "Service", "services", true};
const Kind claims{"v1", "PersistentVolumeClaim", "persistentvolumeclaims", true};
const Kind jobs{"batch/v1", "Job", "jobs", true};
const Kind pods{"v1", "Pod", "pods", true};
const Kind secrets{"v1", "Secret", "secrets", true};
const Kind bindings{"rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", true};
const Kind namespaces{"v1", "Namespace", "namespaces", false};

Json stripped(const Kind& kind, const char* text) {
    return withoutServerFields(kind, Json::parse(text));
}

TEST(RestoreObjectTest, TakesAwayWhatTheServerHasSet) {
    auto service = stripped(services, R"({"metadata":{"name":"web","uid":"u","resourceVersion":"7","generation":2,
        "creationTimestamp":"2026-11-26T02:00:00Z","managedFields":[{}],"labels":{"a":"b"}},
        "spec":{"clusterIP":"10.0.0.7","clusterIPs":["10.0.0.7"],"type":"NodePort","ports":[{"port":80,"nodePort":30080}]},
        "status":{"loadBalancer":{}}})");
    EXPECT_EQ(
        service,
        Json::parse(
            R"({"metadata":{"name":"web","labels":{"a":"b"}},"spec":{"type":"NodePort","ports":[{"port":80}]}})"));
    EXPECT_EQ(stripped(services, R"({"spec":{"clusterIP":"None","clusterIPs":["None"]}})")["spec"]["clusterIP"],
              "None");
    EXPECT_EQ(stripped(claims, R"({"metadata":{"name":"d","annotations":{"pv.kubernetes.io/bind-completed":"yes"}},
        "spec":{"volumeName":"pv-1","storageClassName":"fast"}})"),
              Json::parse(R"({"metadata":{"name":"d"},"spec":{"storageClassName":"fast"}})"));
    EXPECT_EQ(
        stripped(
            jobs,
            R"({"metadata":{"labels":{"controller-uid":"u","app":"x"}},"spec":{"selector":{"matchLabels":{"controller-uid":"u"}},
        "template":{"metadata":{"labels":{"batch.kubernetes.io/job-name":"j"}}}}})"),
        Json::parse(R"({"metadata":{"labels":{"app":"x"}},"spec":{"template":{"metadata":{}}}})"));
    EXPECT_EQ(stripped(pods, R"({"spec":{"nodeName":"n1","volumes":[{"name":"kube-api-access-x7"}],
        "containers":[{"name":"c","volumeMounts":[{"name":"kube-api-access-x7"},{"name":"data"}]}]}})"),
              Json::parse(R"({"spec":{"containers":[{"name":"c","volumeMounts":[{"name":"data"}]}]}})"));
}

TEST(RestoreObjectTest, MovesToAnotherNamespaceWithWhatNamesIt) {
    RestoreOptions options;
    options.namespaces = {{"shop", "copy"}};
    auto binding = inTargetNamespace(bindings, Json::parse(R"({"metadata":{"name":"b","namespace":"shop"},"subjects":[
        {"kind":"ServiceAccount","name":"web","namespace":"shop"},{"kind":"ServiceAccount","name":"x","namespace":"other"}]})"),
                                     options);
    EXPECT_EQ(binding["metadata"]["namespace"], "copy");
    EXPECT_EQ(binding["subjects"][0]["namespace"], "copy");
    EXPECT_EQ(binding["subjects"][1]["namespace"], "other");
    auto ns = inTargetNamespace(
        namespaces, Json::parse(R"({"metadata":{"name":"shop","labels":{"kubernetes.io/metadata.name":"shop"}}})"),
        options);
    EXPECT_EQ(ns, Json::parse(R"({"metadata":{"name":"copy","labels":{"kubernetes.io/metadata.name":"copy"}}})"));
}

TEST(RestoreObjectTest, ReadsNamespaceMappingsAndRefusesDoubtfulOnes) {
    EXPECT_EQ(parseNamespaceMapping("shop=copy,pay").value(),
              (std::map<std::string, std::string>{{"shop", "copy"}, {"pay", "pay"}}));
    for (const char* wrong : {"", "shop,", "Shop", "shop=", "=copy", "a=c,b=c", "a,a", "a/b", "-a"})
        EXPECT_FALSE(parseNamespaceMapping(wrong)) << wrong;
    EXPECT_EQ(conflictFromString("overwrite").value(), Conflict::Overwrite);
    EXPECT_FALSE(conflictFromString("replace"));
}

TEST(RestoreObjectTest, DoesNotDoAgainWhatHadEnded) {
    EXPECT_NE(
        notRestoredBecause(jobs, Json::parse(R"({"status":{"conditions":[{"type":"Complete","status":"True"}]}})")),
        "");
    EXPECT_NE(notRestoredBecause(pods, Json::parse(R"({"status":{"phase":"Succeeded"}})")), "");
    EXPECT_EQ(notRestoredBecause(pods, Json::parse(R"({"status":{"phase":"Running"}})")), "");
}

TEST(RestoreObjectTest, ObjectsThatDifferInWhatTheServerSetsSayTheSame) {
    auto archived = Json::parse(R"({"metadata":{"name":"a","uid":"1"},"data":{"k":"v"}})");
    auto there = Json::parse(R"({"metadata":{"name":"a","uid":"2","managedFields":[]},"data":{"k":"v"}})");
    const Kind maps{"v1", "ConfigMap", "configmaps", true};
    EXPECT_TRUE(saysTheSame(maps, archived, there));
    there["data"]["k"] = "w";
    EXPECT_FALSE(saysTheSame(maps, archived, there));
}

TEST(RestoreObjectTest, SelectsKindsByAnyOfTheirNames) {
    RestoreOptions options;
    EXPECT_TRUE(options.wants(jobs));
    options.only = {"Deployment", "jobs.batch", "services"};
    EXPECT_TRUE(options.wants(jobs));
    EXPECT_TRUE(options.wants(services));
    EXPECT_TRUE(options.wants({"apps/v1", "Deployment", "deployments", true}));
    EXPECT_FALSE(options.wants(pods));
}

TEST(ObjectFilterTest, LeavesOutWhatOthersMakeAnew) {
    auto out = [](const Kind& kind, const char* text) { return !leftOutBecause(kind, Json::parse(text)).empty(); };
    EXPECT_TRUE(out(
        pods, R"({"metadata":{"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","controller":true}]}})"));
    EXPECT_FALSE(out(pods, R"({"metadata":{"name":"bare"}})"));
    EXPECT_FALSE(out(
        pods, R"({"metadata":{"ownerReferences":[{"apiVersion":"example.com/v1","kind":"Job","controller":true}]}})"));
    EXPECT_TRUE(out(secrets, R"({"type":"kubernetes.io/service-account-token","metadata":{"name":"t"}})"));
    EXPECT_TRUE(out({"v1", "ConfigMap", "configmaps", true}, R"({"metadata":{"name":"kube-root-ca.crt"}})"));
    EXPECT_TRUE(out(services, R"({"metadata":{"name":"kubernetes","namespace":"default"}})"));
    EXPECT_FALSE(out(services, R"({"metadata":{"name":"kubernetes","namespace":"shop"}})"));
    EXPECT_TRUE(out(services, R"({"metadata":{"name":"x","deletionTimestamp":"2026-11-26T02:00:00Z"}})"));
    EXPECT_TRUE(out({"rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", false},
                    R"({"metadata":{"labels":{"kubernetes.io/bootstrapping":"rbac-defaults"}}})"));
}

TEST(RestoreOrderTest, KindsComeAfterWhatTheyNeed) {
    auto rank = [](const char* version, const char* plural) { return restoreRank({version, "", plural, true}); };
    const int order[] = {rank("apiextensions.k8s.io/v1", "customresourcedefinitions"),
                         rank("v1", "namespaces"),
                         rank("storage.k8s.io/v1", "storageclasses"),
                         rank("v1", "serviceaccounts"),
                         rank("v1", "secrets"),
                         rank("v1", "configmaps"),
                         rank("rbac.authorization.k8s.io/v1", "roles"),
                         rank("rbac.authorization.k8s.io/v1", "rolebindings"),
                         rank("v1", "persistentvolumeclaims"),
                         rank("v1", "services"),
                         rank("apps/v1", "deployments"),
                         rank("autoscaling/v2", "horizontalpodautoscalers"),
                         rank("networking.k8s.io/v1", "ingresses"),
                         rank("example.com/v1", "widgets"),
                         rank("admissionregistration.k8s.io/v1", "validatingadmissionpolicies"),
                         rank("admissionregistration.k8s.io/v1", "mutatingwebhookconfigurations")};
    for (std::size_t i = 1; i < std::size(order); ++i) EXPECT_LT(order[i - 1], order[i]) << i;
    EXPECT_NE(leftOutBecause(Kind{"v1", "Event", "events", true}), "");
    EXPECT_EQ(leftOutBecause(Kind{"example.com/v1", "Event", "events", true}), "");
}

}  // namespace
}  // namespace klaw::backup
