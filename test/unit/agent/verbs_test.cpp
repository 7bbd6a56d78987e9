#include "test/unit/agent/verb_test.hpp"

namespace klaw::app {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

constexpr auto mapPath = "/api/v1/namespaces/shop/configmaps/web";
constexpr auto secretPath = "/api/v1/namespaces/shop/secrets/db";

json workload() {
    auto made = deployment(2, 4);
    made["spec"]["template"] = {
        {"metadata", {{"labels", {{"app", "web"}}}}},
        {"spec", {{"containers", {{{"name", "app"}, {"image", "a:1"}, {"resources", {{"limits", {{"cpu", "1"}}}}}}}}}}};
    return made;
}

class SetTest : public VerbTest {};

TEST_F(SetTest, ResourcesOfTheOnlyContainerWithTheWayBack) {
    control.objects[webPath] = workload();
    auto preview = ask("set resources deploy/web --limits cpu=500m,memory=1Gi --requests cpu=100m -n shop");
    EXPECT_THAT(preview.text, HasSubstr("set the resources of the container app of Deployment shop/web"));
    auto patch = sent(0);
    EXPECT_THAT(
        patch, Contains(json::parse(
                   R"({"op":"add","path":"/spec/template/spec/containers/0/resources/limits/memory","value":"1Gi"})")));
    EXPECT_THAT(
        patch,
        Contains(json::parse(
            R"({"op":"add","path":"/spec/template/spec/containers/0/resources/requests","value":{"cpu":"100m"}})")));
    ask(preview.confirm);
    for (int i = 0; i < 2; ++i) clock.advance(1s);
    ASSERT_FALSE(told.empty());
    auto undo = told.back().second.undo;
    EXPECT_THAT(undo, HasSubstr("set resources deployment/web -n shop --cluster prod --container app --limits "
                                "cpu=1,memory=none --requests cpu=none --expect u-web@4"));
}

TEST_F(SetTest, WhatIsNoAmountIsRefusedBeforeTheClusterIsAsked) {
    control.objects[webPath] = workload();
    for (const auto& [options, said] :
         std::map<std::string, std::string>{{"", "needs --limits or --requests"},
                                            {"--limits cpu", "\"cpu\" is no amount"},
                                            {"--limits cpu=-1", "\"-1\" is no quantity"},
                                            {"--limits cpu=1Zi", "\"1Zi\" is no quantity"},
                                            {"--limits c/../pu~=1", "no resource is called"},
                                            {"--limits cpu=1,cpu=2", "cpu is there twice"},
                                            {"--requests cpu=1 --container nobody", "has no container \"nobody\""}})
        EXPECT_THAT(ask("set resources deploy/web -n shop " + options).text, HasSubstr(said)) << options;
    EXPECT_TRUE(control.changes.empty());
}

TEST_F(SetTest, KeysOfAConfigMapAreSetAndTakenAwayAndPutBack) {
    control.objects[mapPath] = object("ConfigMap", "shop", "web", {{"data", {{"LEVEL", "some info"}, {"OLD", "x"}}}});
    auto preview = ask("set data cm/web LEVEL=debug OLD- NEW=1 -n shop");
    EXPECT_THAT(sent(0),
                AllOf(Contains(json::parse(R"({"op":"add","path":"/data/LEVEL","value":"debug"})")),
                      Contains(json::parse(R"({"op":"remove","path":"/data/OLD"})")),
                      Contains(json::parse(R"({"op":"test","path":"/metadata/resourceVersion","value":"7"})"))));
    EXPECT_THAT(ask(preview.confirm).undo,
                HasSubstr("set data configmap/web -n shop --cluster prod 'LEVEL=some info' NEW- OLD=x"));
    EXPECT_THAT(ask("set data cm/web GONE- -n shop").text, HasSubstr("has no key \"GONE\""));
    EXPECT_THAT(ask("set data cm/web a/b=1 -n shop").text, HasSubstr("other signs than letters"));
    EXPECT_THAT(ask("set data LEVEL=debug -n shop").text, HasSubstr("needs a ConfigMap or Secret first"));
}

TEST_F(SetTest, NoValueOfASecretIsSaidKeptOrRecorded) {
    control.objects[secretPath] = object("Secret", "shop", "db", {{"data", {{"word", "b2xkd29yZA=="}}}});
    control.onChange = [this](const FakeControl::Change&) -> Task<Result<std::string>> {
        auto changed = control.objects[secretPath];
        changed["data"]["word"] = "aHVudGVyMg==";
        co_return changed.dump();
    };
    auto preview = ask("set data secret/db word=hunter2 -n shop");
    EXPECT_THAT(preview.text, HasSubstr("data.word: *** → ***"));
    EXPECT_THAT(preview.confirm,
                AllOf(HasSubstr("set data secret/db word=*** -n shop --kept "), HasSubstr("--expect u-db@r7 --yes")));
    EXPECT_TRUE(ask(preview.confirm).ok);
    EXPECT_THAT(sent(1), Contains(json::parse(R"({"op":"add","path":"/data/word","value":"aHVudGVyMg=="})")));
    EXPECT_THAT(everything(), AllOf(Not(HasSubstr("hunter2")), Not(HasSubstr("aHVudGVyMg")), Not(HasSubstr("oldword")),
                                    Not(HasSubstr("b2xkd29yZA"))));
}

TEST_F(SetTest, WhatWasTypedWithASecretIsKeptForHalfAnHourOnly) {
    control.objects[secretPath] = object("Secret", "shop", "db", {{"data", {{"word", "b2xk"}}}});
    auto preview = ask("set data secret/db word=hunter2 -n shop");
    for (int minutes = 0; minutes < 31; ++minutes) clock.advance(1min);
    EXPECT_THAT(ask(preview.confirm).text, HasSubstr("is not kept any more"));
}

class CreateTest : public VerbTest {};

TEST_F(CreateTest, AConfigMapIsMadeAndCanBeDeletedAgain) {
    control.onChange = [](const FakeControl::Change&) -> Task<Result<std::string>> {
        co_return object("ConfigMap", "shop", "web").dump();
    };
    auto preview = ask("create configmap web LEVEL=debug 'TEXT=two words' -n shop");
    EXPECT_THAT(preview.text,
                AllOf(HasSubstr("create ConfigMap shop/web with LEVEL, TEXT"), HasSubstr("LEVEL: debug")));
    EXPECT_EQ(control.changes[0].request.path, "/api/v1/namespaces/shop/configmaps");
    EXPECT_EQ(sent(0)["data"], json::parse(R"({"LEVEL":"debug","TEXT":"two words"})"));
    EXPECT_EQ(ask(preview.confirm).undo, "delete configmap/web -n shop --cluster prod --expect u-web");
}

TEST_F(CreateTest, WhatIsThereAlreadyIsNotMadeAgain) {
    control.objects[mapPath] = object("ConfigMap", "shop", "web");
    EXPECT_THAT(ask("create cm web A=b -n shop").text, HasSubstr("there is a ConfigMap shop/web already"));
}

TEST_F(CreateTest, APodHasWhatTheOptionsSay) {
    auto preview =
        ask("create pod debug --image busybox:1.36 --port 80,443 --env A=1 --env 'B=x y' --command \"sh -c 'sleep 5'\" "
            "-n shop");
    EXPECT_THAT(preview.text, HasSubstr("nothing manages it"));
    EXPECT_EQ(sent(0)["spec"], json::parse(R"({"containers":[{"name":"main","image":"busybox:1.36",
        "ports":[{"containerPort":80},{"containerPort":443}],"env":[{"name":"A","value":"1"},{"name":"B","value":"x y"}],
        "command":["sh","-c","sleep 5"]}]})"));
    EXPECT_THAT(ask("create pod x --image a --port 70000 -n shop").text, HasSubstr("\"70000\" is no port"));
    EXPECT_THAT(ask("create pod x -n shop").text, HasSubstr("create pod needs the image"));
}

TEST_F(CreateTest, TheValuesOfASecretAreShownNowhere) {
    control.onChange = [](const FakeControl::Change&) -> Task<Result<std::string>> {
        co_return object("Secret", "shop", "db", {{"data", {{"word", "aHVudGVyMg=="}}}}).dump();
    };
    auto preview = ask("create secret generic db word=hunter2 -n shop");
    EXPECT_THAT(preview.text,
                AllOf(HasSubstr("create Secret shop/db with word"), HasSubstr("word: 7 bytes, not shown")));
    EXPECT_TRUE(ask(preview.confirm).ok);
    EXPECT_EQ(sent(1)["data"]["word"], "aHVudGVyMg==");
    ask("create secret db word hunter2 -n shop");
    ask("create secret db --from-literal=word=hunter2 -n shop");
    EXPECT_THAT(everything(), AllOf(Not(HasSubstr("hunter2")), Not(HasSubstr("aHVudGVyMg"))));
}

TEST_F(CreateTest, ANamespaceIsForThoseWhoMayMakeOne) {
    EXPECT_THAT(ask("create namespace shop2 --yes", "feishu:ou_op").text,
                HasSubstr("has no role that allows \"create namespaces\""));
    EXPECT_TRUE(control.changes.empty());
    control.onChange = [](const FakeControl::Change&) -> Task<Result<std::string>> {
        co_return object("Namespace", "", "shop2").dump();
    };
    EXPECT_TRUE(ask("create namespace shop2 --yes").ok);
}

class DeleteTest : public VerbTest {};

TEST_F(DeleteTest, OnlyTheObjectThatWasShown) {
    control.objects[webPath] = deployment(2, 4);
    control.objects[webPath]["status"]["replicas"] = 2u;
    auto preview = ask("delete deploy/web -n shop");
    EXPECT_THAT(preview.text, AllOf(HasSubstr("delete Deployment shop/web"), HasSubstr("its 2 Pods go with it")));
    EXPECT_EQ(sent(0)["preconditions"]["uid"], "u-web");
    control.objects[webPath]["metadata"]["uid"] = "u-other";
    EXPECT_THAT(ask(preview.confirm).text, HasSubstr("another one now"));
}

TEST_F(DeleteTest, ABareNameIsThatOfAPod) {
    control.objects[webPath] = deployment(2, 4);
    EXPECT_THAT(ask("delete web -n shop").text, HasSubstr("there is no Pod \"web\""));
}

TEST_F(DeleteTest, ANamespaceIsDeletedByThoseWhoSayItsNameAgainAndMay) {
    control.objects["/api/v1/namespaces/shop"] = object("Namespace", "", "shop");
    control.objects["/api/v1/namespaces/shop/pods?limit=1"] = {{"metadata", {{"remainingItemCount", 4u}}},
                                                               {"items", {1}}};
    control.objects["/api/v1/namespaces/shop/secrets?limit=1"] = {{"items", {1}}};
    auto preview = ask("delete namespace/shop");
    EXPECT_THAT(preview.text, AllOf(HasSubstr("in it: 5 pods, 1 secrets"),
                                    HasSubstr("write it again: delete namespace/shop --confirm shop")));
    EXPECT_EQ(preview.confirm, "");
    EXPECT_THAT(ask("delete namespace/shop --yes").text, HasSubstr("add --confirm shop"));
    EXPECT_THAT(ask("delete namespace/shop --confirm shop --yes", "feishu:ou_op").text,
                HasSubstr("has no role that allows"));
    for (const auto& change : control.changes) EXPECT_TRUE(change.dryRun());
    EXPECT_TRUE(ask("delete namespace/shop --confirm shop --yes").ok);
}

TEST_F(DeleteTest, WhatTheClusterStandsOnIsNotDeleted) {
    for (const auto* name : {"kube-system", "default", "kube-node-lease"}) {
        control.objects["/api/v1/namespaces/" + std::string(name)] = object("Namespace", "", name);
        EXPECT_THAT(ask("delete namespace/" + std::string(name) + " --confirm " + name + " --yes").text,
                    HasSubstr("is of the cluster itself"));
    }
    control.objects["/api/v1/namespaces/klaw"] = object("Namespace", "", "klaw");
    control.klawsNamespace = "klaw";
    EXPECT_THAT(ask("delete ns klaw --confirm klaw --yes").text, HasSubstr("is the one that Klaw runs in"));
    EXPECT_TRUE(control.changes.empty());
}

class TaintTest : public VerbTest {
protected:
    void SetUp() override {
        VerbTest::SetUp();
        control.objects[nodePath] = node(false);
        control.onChange = [this](const FakeControl::Change&) -> Task<Result<std::string>> {
            co_return control.objects[nodePath].dump();
        };
    }
};

TEST_F(TaintTest, IsSetAndTakenAwayWithTheWayBack) {
    auto done = confirmed("taint node-1 dedicated=gpu:NoSchedule");
    EXPECT_THAT(
        sent(0),
        Contains(json::parse(
            R"({"op":"add","path":"/spec/taints","value":[{"effect":"NoSchedule","key":"dedicated","value":"gpu"}]})")));
    EXPECT_THAT(done.undo, HasSubstr("taint node/node-1 dedicated:NoSchedule- --overwrite --cluster prod"));
    control.objects[nodePath]["spec"]["taints"] =
        json::parse(R"([{"key":"dedicated","value":"gpu","effect":"NoSchedule"}])");
    control.changes.clear();
    EXPECT_THAT(confirmed("taint node-1 dedicated-").undo, HasSubstr("taint node/node-1 dedicated=gpu:NoSchedule"));
    EXPECT_THAT(sent(0), Contains(json::parse(R"({"op":"remove","path":"/spec/taints"})")));
    EXPECT_THAT(ask("taint node-1 dedicated=cpu:NoSchedule").text, HasSubstr("add --overwrite"));
    EXPECT_THAT(ask("taint node-1 dedicated=cpu:NoSchedule --overwrite").text, HasSubstr("This would taint the node"));
}

TEST_F(TaintTest, OddWordsGetASentenceThatHelps) {
    for (const auto& [words, said] :
         std::map<std::string, std::string>{{"", "needs what to set"},
                                            {"a", "\"a\" is no taint"},
                                            {"a=b:Sometimes", "no taint has the effect \"Sometimes\""},
                                            {"=b:NoExecute", "no taint has the key"},
                                            {"a=b/c:NoExecute", "no taint has the value"},
                                            {"gone-", "has no taint gone"}})
        EXPECT_THAT(ask("taint node-1 " + words).text, HasSubstr(said)) << words;
}

class ApplyTest : public VerbTest {
protected:
    void SetUp() override {
        VerbTest::SetUp();
        control.onChange = [](const FakeControl::Change& change) -> Task<Result<std::string>> {
            co_return change.request.body;
        };
    }
};

constexpr auto twoMaps =
    "apply -n shop\n```yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {LEVEL: debug}\n---\n"
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: api\ndata:\n  MODE: \"0644\"\n```\n";

TEST_F(ApplyTest, EachObjectIsTriedShownPermittedAndRecorded) {
    auto preview = ask(twoMaps);
    EXPECT_THAT(preview.text, AllOf(HasSubstr("apply 2 objects: ConfigMap shop/web, ConfigMap shop/api"),
                                    HasSubstr("LEVEL: debug"), HasSubstr("MODE: ")));
    ASSERT_EQ(control.changes.size(), 2u);
    EXPECT_EQ(control.changes[0].request.contentType, "application/apply-patch+yaml");
    EXPECT_EQ(sent(1)["data"]["MODE"], "0644");
    auto done = ask(preview.confirm);
    EXPECT_THAT(done.text, AllOf(HasSubstr("Done: apply 2 objects"), HasSubstr("✅ ConfigMap shop/web")));
    EXPECT_THAT(rows(),
                ElementsAre(Pair("prod/shop/ConfigMap/web", "previewed"), Pair("prod/shop/ConfigMap/api", "previewed"),
                            Pair("prod/objects/2", "begun"), Pair("prod/shop/ConfigMap/web", "allowed"),
                            Pair("prod/shop/ConfigMap/web", "done"), Pair("prod/shop/ConfigMap/api", "allowed"),
                            Pair("prod/shop/ConfigMap/api", "done"), Pair("prod/objects/2", "done")));
    EXPECT_TRUE(meta.empty());
}

TEST_F(ApplyTest, WhatFailsIsSaidObjectByObject) {
    auto preview = ask(twoMaps);
    control.onChange = [](const FakeControl::Change& change) -> Task<Result<std::string>> {
        if (change.request.path.ends_with("/web")) co_return fail(ErrorCode::PermissionDenied, "403 quota");
        co_return object("ConfigMap", "shop", "api").dump();
    };
    auto done = ask(preview.confirm);
    EXPECT_FALSE(done.ok);
    EXPECT_THAT(done.text, AllOf(HasSubstr("Only 1/2"), HasSubstr("❌ ConfigMap shop/web: 403 quota"),
                                 HasSubstr("✅ ConfigMap shop/api")));
    EXPECT_THAT(rows(), Contains(Pair("prod/shop/ConfigMap/web", "failed")));
}

TEST_F(ApplyTest, AConflictSaysWhoseTheFieldsAreAndHowToTakeThem) {
    control.objects[mapPath] = object("ConfigMap", "shop", "web", {{"data", {{"LEVEL", "info"}}}});
    control.onChange = [](const FakeControl::Change& change) -> Task<Result<std::string>> {
        if (change.request.path.ends_with("?force=true")) co_return object("ConfigMap", "shop", "web").dump();
        co_return fail(ErrorCode::Conflict, "409 Apply failed with 1 conflict: conflict with \"helm\": .data.LEVEL");
    };
    std::string yaml = "\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {LEVEL: debug}\n";
    EXPECT_THAT(ask("apply -n shop" + yaml).text, AllOf(HasSubstr("conflict with \"helm\": .data.LEVEL"),
                                                        HasSubstr("--force-conflicts takes those fields over")));
    EXPECT_EQ(sent(0)["metadata"]["uid"], "u-web");
    EXPECT_NE(ask("apply -n shop --force-conflicts" + yaml).confirm, "");
}

TEST_F(ApplyTest, WhoMayNotChangeOneObjectAppliesNone) {
    auto refused =
        ask("apply\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: shop}\n---\n"
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: me, namespace: shop}\n",
            "feishu:ou_op");
    EXPECT_THAT(refused.text,
                HasSubstr("has no role that allows \"apply access\" on rolebindings/me in namespace shop"));
    auto elsewhere =
        ask("apply\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: bank}\n", "feishu:ou_bo");
    EXPECT_FALSE(elsewhere.ok);
    EXPECT_TRUE(control.changes.empty());
}

constexpr auto mapsOfTwoNamespaces =
    "apply\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: shop}\n---\n"
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: bank}\n";

TEST_F(ApplyTest, TheLimitsOfEveryObjectsNamespaceHold) {
    access::Limit frozen;
    frozen.namespaces = {"bank"};
    frozen.changesPerCluster = 0;
    gate.setLimits({frozen});
    EXPECT_THAT(ask(mapsOfTwoNamespaces).text, HasSubstr("the limit of 0 changes an hour for the cluster prod"));
    EXPECT_TRUE(control.changes.empty());
    frozen.namespaces = {"other"};
    gate.setLimits({frozen});
    EXPECT_TRUE(ask(mapsOfTwoNamespaces).ok);
}

TEST_F(ApplyTest, WhenTheFirstIsNotPermittedNoneIsSent) {
    auto preview = ask(mapsOfTwoNamespaces);
    control.changes.clear();
    access::Limit frozen;
    frozen.changesPerCluster = 0;
    control.onChange = [&](const FakeControl::Change& change) -> Task<Result<std::string>> {
        gate.setLimits({frozen});  // once it has been looked at
        co_return change.request.body;
    };
    std::string text = mapsOfTwoNamespaces;
    auto refused = ask("apply --yes" + text.substr(text.find('\n')));
    EXPECT_FALSE(refused.ok);
    EXPECT_THAT(refused.text, AllOf(HasSubstr("Only 0/2"), HasSubstr("shop/web: the limit of 0 changes an hour"),
                                    HasSubstr("bank/web: not sent, as the one before it is not permitted")));
    for (const auto& change : control.changes) EXPECT_TRUE(change.dryRun());
    EXPECT_THAT(rows(), Not(Contains(Pair("prod/bank/ConfigMap/web", "allowed"))));
}

TEST_F(ApplyTest, AValueOfASecretThatIsNoTextIsNamedByItsKeyOnly) {
    for (const char* of : {"data", "stringData"}) {
        auto refused = ask("apply -n shop\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n" + std::string(of) +
                           ": {pin: 12345678}\n");
        EXPECT_THAT(refused.text, HasSubstr(std::string(of) + ".pin of a Secret is no text"));
    }
    EXPECT_TRUE(control.changes.empty());
    EXPECT_THAT(everything(), Not(HasSubstr("12345678")));
}

TEST_F(ApplyTest, NoValueOfASecretIsInTheWordsOfARefusal) {
    for (auto code : {ErrorCode::InvalidArgument, ErrorCode::PermissionDenied}) {
        control.onChange = [code](const FakeControl::Change&) -> Task<Result<std::string>> {
            co_return fail(code, "422 the webhook does not like \"hunter2\"");
        };
        auto refused =
            ask("apply -n shop\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {word: hunter2}\n");
        EXPECT_THAT(refused.text, HasSubstr("422 what the cluster says of it is not shown"));
    }
    EXPECT_THAT(everything(), Not(HasSubstr("hunter2")));
}

TEST_F(ApplyTest, MistakesSayWhereTheyAre) {
    for (const auto& [text, said] : std::map<std::string, std::string>{
             {"apply -n shop", "there is nothing to apply"},
             {"apply -n shop\n# only a comment\n", "there is nothing to apply"},
             {"apply -n shop\nkind: [", "YAML:"},
             {"apply -n shop\n- a\n", "this is no object"},
             {"apply -n shop\napiVersion: v1\nkind: ConfigMap\n", "without a proper metadata.name"},
             {"apply -n shop\napiVersion: v1\nkind: List\nitems: []\n", "lists are not applied"},
             {"apply\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", "it names no namespace"},
             {"apply -n a\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n",
              "of the namespace b, the command of a"},
             {"apply -n shop\napiVersion: ../v1\nkind: ConfigMap\nmetadata: {name: a}\n",
              "without a proper apiVersion"},
             {"apply -n shop\napiVersion: x.io/v1\nkind: Odd\nmetadata: {name: a}\n",
              "the cluster has no Odd of x.io/v1"}})
        EXPECT_THAT(ask(text).text, HasSubstr(said)) << text;
    std::string enormous = "apply -n shop\nkind: " + std::string(300'000, 'x');
    EXPECT_THAT(ask(enormous).text, HasSubstr("more than the limit of 262144"));
    std::string deep = "apply -n shop\na: " + std::string(10'000, '[');
    EXPECT_THAT(ask(deep).text, HasSubstr("levels deep"));
    std::string aliases = "apply -n shop\na: &a [1,1,1,1,1,1,1,1,1]\n";
    for (char c = 'b'; c < 'i'; ++c)
        aliases += std::string(1, c) + ": &" + c + " [*" + char(c - 1) + ",*" + char(c - 1) + ",*" + char(c - 1) +
                   ",*" + char(c - 1) + ",*" + char(c - 1) + "]\n";
    EXPECT_THAT(ask(aliases).text, HasSubstr("aliases that repeat each other"));
}

TEST_F(ApplyTest, NoValueOfASecretInTheTextIsSaidOrRecorded) {
    auto preview =
        ask("apply -n shop\napiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {word: hunter2}\n");
    EXPECT_THAT(preview.text, HasSubstr("word: 7 bytes, not shown"));
    EXPECT_THAT(preview.confirm, HasSubstr("apply -n shop --kept "));
    ask(preview.confirm);
    EXPECT_THAT(everything(), Not(HasSubstr("hunter2")));
}

TEST_F(ApplyTest, KilledInTheMiddleEachObjectIsFoundOut) {
    auto preview = ask(twoMaps);
    control.onChange = [this](const FakeControl::Change& change) -> Task<Result<std::string>> {
        if (change.request.path.ends_with("/api")) co_await clock.sleepFor(1h);
        auto made = object("ConfigMap", "shop", "web");
        made["metadata"]["managedFields"] =
            json::array({json{{"manager", "klaw"}, {"operation", "Apply"}, {"time", "2026-11-25T10:00:00Z"}}});
        co_return made.dump();
    };
    begin(preview.confirm);
    auto kept = meta;
    ASSERT_EQ(kept.size(), 1u);
    EXPECT_FALSE(answer);
    auto made = object("ConfigMap", "shop", "web");
    made["metadata"]["managedFields"] =
        json::array({json{{"manager", "klaw"}, {"operation", "Apply"}, {"time", "2026-11-25T10:00:00Z"}}});
    control.objects[mapPath] = made;
    auto sentBefore = control.changes.size();
    end(desk);
    ChangeDesk next{loop,
                    clock,
                    random,
                    control,
                    gate,
                    flush,
                    [](const std::string&, const rules::Action&) {},
                    [this](const std::string& to, const Answered& said) { told.emplace_back(to, said); }};
    next.resume(kept);
    for (int i = 0; i < 65; ++i) clock.advance(1s);
    ASSERT_FALSE(told.empty());
    EXPECT_THAT(told.back().second.text, AllOf(HasSubstr("Only 1/2"), HasSubstr("✅ ConfigMap shop/web"),
                                               HasSubstr("❌ ConfigMap shop/api: Klaw ended before this was done")));
    EXPECT_EQ(control.changes.size(), sentBefore);
    EXPECT_TRUE(meta.empty());
    TaskGroup last(loop, [](const std::string&, const std::string&) {});
    last.spawn("end", next.stop());
    while (!last.empty()) loop.poll();
}

class RollbackTest : public VerbTest {};

TEST_F(RollbackTest, TakesTheAnnotationsOfThenButForTheDeploymentsOwn) {
    auto now = workload();
    now["metadata"]["annotations"] = {
        {"deployment.kubernetes.io/revision", "2"}, {"kubernetes.io/change-cause", "new"}, {"team", "a"}};
    control.objects[webPath] = now;
    auto revision = [](int number, const std::string& image, const std::string& cause) {
        auto set = object("ReplicaSet", "shop", "web-" + std::to_string(number));
        set["metadata"]["ownerReferences"] = json::array({json{{"uid", "u-web"}, {"controller", true}}});
        set["metadata"]["annotations"] = {{"deployment.kubernetes.io/revision", std::to_string(number)},
                                          {"deployment.kubernetes.io/desired-replicas", "9"},
                                          {"kubernetes.io/change-cause", cause}};
        set["spec"]["template"] = {{"metadata", {{"labels", {{"app", "web"}, {"pod-template-hash", "x"}}}}},
                                   {"spec", {{"containers", {{{"name", "app"}, {"image", image}}}}}}};
        return set;
    };
    control.objects["/apis/apps/v1/namespaces/shop/replicasets"] = {
        {"items", {revision(1, "a:1", "first"), revision(2, "a:2", "new")}}};
    ask("rollback deploy/web 1 -n shop");
    EXPECT_THAT(
        sent(0),
        AllOf(Contains(json::parse(
                  R"({"op":"add","path":"/metadata/annotations/kubernetes.io~1change-cause","value":"first"})")),
              Contains(json::parse(R"({"op":"remove","path":"/metadata/annotations/team"})"))));
    EXPECT_THAT(sent(0).dump(), Not(HasSubstr("desired-replicas")));
    for (const auto& operation : sent(0))
        if (operation["path"] == "/spec/template")
            EXPECT_FALSE(operation["value"]["metadata"]["labels"].contains("pod-template-hash"));
    EXPECT_THAT(ask("rollback deploy/web 1x -n shop").text, HasSubstr("has no revision 1x"));
}

}  // namespace
}  // namespace klaw::app
