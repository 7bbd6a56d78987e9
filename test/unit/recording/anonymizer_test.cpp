#include "agent/recording/anonymizer.hpp"

#include <nlohmann/json.hpp>

#include "test/unit/recording/recording_test.hpp"

namespace klaw::recording::test {
namespace {

using Json = nlohmann::ordered_json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class AnonymizerTest : public testing::Test {
protected:
    Json object(const std::string& text) {
        auto json = Json::parse(text);
        names.object(json);
        return json;
    }
    Anonymizer names{"salt"};
};

constexpr const char* pod = R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"checkout-7f9c5d-x2z4k",
    "namespace":"acme-shop","uid":"6b1c2f7e-93a4-4f7e-8a50-3f1f0b0f9d11","resourceVersion":"123",
    "creationTimestamp":"2026-11-23T10:00:00Z",
    "labels":{"app":"checkout","acme.example/team":"payments","app.kubernetes.io/name":"checkout"},
    "managedFields":[{"manager":"acme-controller"}],
    "ownerReferences":[{"kind":"ReplicaSet","name":"checkout-7f9c5d","uid":"6b1c2f7e-93a4-4f7e-8a50-3f1f0b0f9d12"}]},
    "spec":{"containers":[{"name":"checkout","image":"registry.acme.example/shop/checkout:1.5",
        "env":[{"name":"PASSWORD","value":"hunter2"}],"resources":{"limits":{"cpu":"500m","memory":"128Mi"}}}],
        "nodeName":"ip-10-1-2-3.acme.internal"},
    "status":{"phase":"Running","podIP":"10.1.2.3","podIPs":[{"ip":"10.1.2.3"},{"ip":"2001:db8::17"}],
        "containerStatuses":[{"name":"checkout","restartCount":7,"state":{"waiting":{"reason":"CrashLoopBackOff",
        "message":"back-off 5m0s restarting failed container=checkout pod=checkout-7f9c5d-x2z4k_acme-shop"}}}]}})";

TEST_F(AnonymizerTest, LeavesNothingThatNamesPeopleOrCompanies) {
    auto text = object(pod).dump();
    for (const auto* word : {"acme", "checkout", "hunter2", "shop", "payments", "10.1.2.3", "10-1-2-3", "2001:db8",
                             "6b1c2f7e", "managedFields", "x2z4k"})
        EXPECT_THAT(text, Not(HasSubstr(word)));
}

TEST_F(AnonymizerTest, KeepsWhatKubernetesSays) {
    auto json = object(pod);
    EXPECT_EQ(json["kind"], "Pod");
    EXPECT_EQ(json["metadata"]["resourceVersion"], "123");
    EXPECT_EQ(json["metadata"]["creationTimestamp"], "2026-11-23T10:00:00Z");
    EXPECT_TRUE(json["metadata"]["labels"].contains("app.kubernetes.io/name"));
    EXPECT_TRUE(json["metadata"]["labels"].contains("app"));
    EXPECT_EQ(json["spec"]["containers"][0]["resources"]["limits"], (Json{{"cpu", "500m"}, {"memory", "128Mi"}}));
    auto status = json["status"]["containerStatuses"][0];
    EXPECT_EQ(status["restartCount"], 7);
    EXPECT_EQ(status["state"]["waiting"]["reason"], "CrashLoopBackOff");
    EXPECT_THAT(status["state"]["waiting"]["message"].get<std::string>(),
                HasSubstr("back-off 5m0s restarting failed container="));
    EXPECT_EQ(json["status"]["phase"], "Running");
}

TEST_F(AnonymizerTest, RenamesTheSameWayWhereverSomethingIsNamed) {
    auto json = object(pod);
    auto name = json["metadata"]["name"].get<std::string>();
    auto ns = json["metadata"]["namespace"].get<std::string>();
    auto owner = json["metadata"]["ownerReferences"][0]["name"].get<std::string>();
    EXPECT_THAT(name, testing::StartsWith(owner + "-"));
    auto message = json["status"]["containerStatuses"][0]["state"]["waiting"]["message"].get<std::string>();
    EXPECT_THAT(message, HasSubstr(" pod=" + name + "_" + ns));
    EXPECT_EQ(json["status"]["podIP"], json["status"]["podIPs"][0]["ip"]);
    EXPECT_EQ(json["metadata"]["labels"]["app"], json["spec"]["containers"][0]["name"]);
    EXPECT_EQ(names.text("acme-shop"), ns);
    EXPECT_EQ(object(pod), json);
}

TEST_F(AnonymizerTest, DependsOnTheSaltAlone) {
    Anonymizer again("salt"), other("pepper");
    EXPECT_EQ(again.text("acme-shop checkout"), names.text("acme-shop checkout"));
    EXPECT_NE(other.text("acme-shop checkout"), names.text("acme-shop checkout"));
}

TEST_F(AnonymizerTest, KeepsDifferentWordsDifferent) {
    std::set<std::string> renamed;
    for (int i = 0; i < 5000; ++i) renamed.insert(names.text("word" + std::to_string(i)));
    EXPECT_EQ(renamed.size(), 5000u);
}

TEST_F(AnonymizerTest, KeepsTheFormOfAddressesAndIds) {
    EXPECT_THAT(names.text("192.168.7.9:8080"), testing::MatchesRegex("10\\.[0-9]+\\.[0-9]+\\.[0-9]+:8080"));
    EXPECT_THAT(names.text("6b1c2f7e-93a4-4f7e-8a50-3f1f0b0f9d11"),
                testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}"));
    EXPECT_EQ(names.text("127.0.0.1 ::1 0.0.0.0"), "127.0.0.1 ::1 0.0.0.0");
    EXPECT_THAT(names.text("李雷@例子.cn"), AllOf(Not(HasSubstr("李雷")), Not(HasSubstr("例子")), HasSubstr("@")));
}

TEST_F(AnonymizerTest, RenamesGroupsThatAreNotKubernetesOwn) {
    EXPECT_EQ(names.resource("deployments.apps"), "deployments.apps");
    EXPECT_EQ(names.resource("pods"), "pods");
    auto renamed = names.resource("databases.acme.example");
    EXPECT_THAT(renamed, AllOf(testing::StartsWith("databases."), Not(HasSubstr("acme"))));
    auto custom = object(R"({"apiVersion":"acme.example/v1","kind":"Database","metadata":{"name":"x"}})");
    EXPECT_EQ("databases." + custom["apiVersion"].get<std::string>(), renamed + "/v1");
}

TEST_F(AnonymizerTest, RenamesTheLabelsOfMetricsAndNothingElseOfThem) {
    auto metrics = names.exposition(
        "# HELP acme_up says \"up\n"
        "# TYPE acme_up gauge\n"
        "acme_up{team=\"acme\",note=\"a \\\"quoted\\\" acme\\\\\",pod=\"checkout\"} 1 1700000000\n"
        "acme_down{team=\"acme\"} 2.5\n"
        "plain 7");
    EXPECT_THAT(metrics, AllOf(HasSubstr("# HELP acme_up says \"up\n"), HasSubstr("\nacme_up{team=\""),
                               HasSubstr("\"} 1 1700000000\nacme_down{team=\""), HasSubstr("\"} 2.5\nplain 7")));
    EXPECT_THAT(metrics, AllOf(Not(HasSubstr("\"acme")), Not(HasSubstr(" acme\\")), Not(HasSubstr("checkout")),
                               Not(HasSubstr("quoted"))));
}

TEST_F(AnonymizerTest, TakesAnyBytes) {
    std::string bytes;
    for (int i = 0; i < 4096; ++i) bytes += static_cast<char>(i * 31 + i / 256);
    names.text(bytes);
    names.exposition(bytes);
    names.resource(bytes);
    EXPECT_EQ(names.text(""), "");
}

TEST(AnonymizedRecording, HoldsNoNameOfTheClusterItCameFrom) {
    TemporaryDirectory directory;
    RecordingWriterOptions options;
    options.anonymize = true;
    options.gzip = false;
    RecordingHeader header = test::header();
    header.clusters = {{"acme-prod", "v1.36.3"}};
    auto writer = RecordingWriter::create(directory / "a", header, options);
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->event(0s, "acme-prod", "pods", R"({"type":"ADDED","object":)" + Json::parse(pod).dump() + "}"));
    ASSERT_TRUE(writer->event(0s, "acme-prod", "databases.acme.example",
                              R"({"type":"ADDED","object":{"kind":"Database","metadata":{"name":"acme"}}})"));
    ASSERT_TRUE(writer->scrape(0s, "acme-prod", "http://acme:9090/metrics", R"("up{pod=\"checkout\"} 1\n")"));
    ASSERT_TRUE(writer->close());
    EXPECT_THAT(readFile(directory / "a"),
                AllOf(Not(HasSubstr("acme")), Not(HasSubstr("checkout")), HasSubstr("v1.36.3")));
    auto reader = RecordingReader::open(directory / "a");
    ASSERT_TRUE(reader);
    auto entry = reader->next();
    ASSERT_TRUE(entry && *entry);
    EXPECT_TRUE(reader->header().clusters.contains(std::string((*entry)->cluster)));
}

}  // namespace
}  // namespace klaw::recording::test
