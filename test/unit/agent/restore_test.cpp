#include <fstream>

#include "agent/backup/archive_bytes.hpp"
#include "agent/backup/archive_writer.hpp"
#include "agent/backup/restore_source.hpp"
#include "test/unit/agent/verb_test.hpp"
#include "test/unit/backup/temporary_directory.hpp"

namespace klaw::app {
namespace {

using testing::HasSubstr;

/// One archive, in a file.
class FakeKeeper final : public backup::Keeper {
public:
    explicit FakeKeeper(std::filesystem::path path) : path_(std::move(path)) {}
    std::vector<std::string> made;
    std::vector<backup::BackupView> backups() const override {
        std::vector<backup::BackupView> views(1);
        views[0].name = "nightly";
        views[0].cluster = "prod";
        return views;
    }
    Task<Result<std::optional<backup::StoredArchive>>> make(std::string backup,
                                                            std::vector<std::string> namespaces) override {
        made.push_back(backup + "/" + std::to_string(namespaces.size()));
        co_return backup::StoredArchive{backup, "nightly-20261126T020000Z", {}, {}, 100};
    }
    Task<Result<std::vector<backup::StoredArchive>>> archives(std::string) override {
        std::vector<backup::StoredArchive> all;
        all.push_back({"nightly", "nightly-20261126T020000Z", {}, *parseRfc3339("2026-11-25T02:00:00Z"), 2048});
        co_return all;
    }
    Task<Result<backup::OpenedArchive>> open(std::string, bool unknownToo) override {
        auto file = backup::LocalFile::open(path_);
        if (!file) co_return fail(std::move(file).error());
        auto opened = co_await backup::verifiedInTurns(std::move(*file), std::nullopt);
        if (opened && unknownToo) opened->known = false;
        co_return opened;
    }

private:
    std::filesystem::path path_;
};

class RestoreTest : public VerbTest {
protected:
    void SetUp() override {
        VerbTest::SetUp();
        backup::ArchiveHeader header{"nightly", "prod", "v1.36.3", *parseRfc3339("2026-11-26T02:00:00Z"),
                                     {"shop"},  false,  ""};
        backup::ArchiveWriter writer(header, std::nullopt);
        auto list = [&](const backup::Kind& kind, const std::vector<const char*>& objects) {
            writer.beginList(kind, kind.namespaced ? "shop" : "");
            for (const auto* object : objects) writer.object(object);
            writer.endList("7");
        };
        list({"v1", "Namespace", "namespaces", false},
             {R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop","uid":"n"}})"});
        list(
            {"v1", "ConfigMap", "configmaps", true},
            {R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"shop","uid":"a"},"data":{"k":"v"}})",
             R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b","namespace":"shop","uid":"b","ownerReferences":[{"apiVersion":"x.io/v1","kind":"Widget","name":"w","uid":"w"}]}})"});
        list(
            {"rbac.authorization.k8s.io/v1", "Role", "roles", true},
            {R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"r","namespace":"shop","uid":"r"}})"});
        list({"x.io/v1", "Widget", "widgets", true},
             {R"({"apiVersion":"x.io/v1","kind":"Widget","metadata":{"name":"w","namespace":"shop","uid":"w"}})"});
        writer.finish();
        std::ofstream(directory.path() / "archive", std::ios::binary) << writer.take();
        control.keeper = &keeper;
        control.onChange = [this](const FakeControl::Change& change) -> Task<Result<std::string>> {
            return made(change);
        };
    }
    /// As an API server: what is created is there afterwards, with a uid of its own.
    Task<Result<std::string>> made(FakeControl::Change change) {
        auto object = nlohmann::json::parse(change.request.body, nullptr, false);
        if (!refuses.empty() && change.request.path.find(refuses) != std::string::npos)
            co_return fail(ErrorCode::InvalidArgument, "422 it is not allowed");
        if (!dies.empty() && !change.dryRun() && change.request.path.find(dies) != std::string::npos)
            co_return fail(ErrorCode::OutcomeUnknown, "no answer");
        auto path = change.request.path;
        if (change.request.method == "POST") path += "/" + object["metadata"]["name"].get<std::string>();
        auto whole = control.objects.contains(path) ? control.objects[path] : nlohmann::json();
        whole.merge_patch(object);
        whole["metadata"]["uid"] = "new-" + whole["metadata"]["name"].get<std::string>();
        if (!change.dryRun()) control.objects[path] = whole;
        co_return whole.dump();
    }
    static Task<Result<std::string>> refusing(ErrorCode code, std::string message) {
        co_return fail(code, std::move(message));
    }
    std::vector<std::string> sentPaths() const {
        std::vector<std::string> paths;
        for (const auto& change : control.changes)
            if (!change.dryRun()) paths.push_back(change.request.method + " " + change.request.path);
        return paths;
    }

    backup::TemporaryDirectory directory;
    FakeKeeper keeper{directory.path() / "archive"};
    std::string refuses, dies;
};

constexpr auto mapA = "/api/v1/namespaces/shop/configmaps/a";

TEST_F(RestoreTest, ShowsWhatWouldBeDoneAndSendsNothing) {
    auto preview = ask("cluster restore nightly");
    EXPECT_TRUE(preview.ok) << preview.text;
    EXPECT_THAT(preview.text, HasSubstr("1 to create"));  // the namespace
    EXPECT_THAT(preview.text, HasSubstr("4 to create once their namespace or definition is there"));
    EXPECT_THAT(preview.text, HasSubstr("Secrets are not in the archive"));
    EXPECT_THAT(preview.confirm, HasSubstr("cluster restore nightly --expect @v"));
    EXPECT_TRUE(sentPaths().empty());
}

TEST_F(RestoreTest, RestoresInTheOrderOfDependenciesAndLinksOwnersThatComeLater) {
    auto said = confirmed("cluster restore nightly");
    EXPECT_TRUE(said.ok) << said.text;
    EXPECT_EQ(
        sentPaths(),
        (std::vector<std::string>{
            "PATCH /api/v1/namespaces/shop", "POST /api/v1/namespaces/shop/configmaps",
            "POST /api/v1/namespaces/shop/configmaps", "POST /apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles",
            "POST /apis/x.io/v1/namespaces/shop/widgets", "PATCH /api/v1/namespaces/shop/configmaps/b"}));
    EXPECT_THAT(said.text, HasSubstr("5 created"));
    EXPECT_THAT(said.text, HasSubstr("✅ ConfigMap shop/b\n"));
    EXPECT_EQ(control.objects["/api/v1/namespaces/shop/configmaps/b"]["metadata"]["ownerReferences"][0]["uid"],
              "new-w");
    EXPECT_EQ(control.objects[mapA]["metadata"]["uid"], "new-a");
    EXPECT_TRUE(meta.empty());  // nothing is under way any more
    EXPECT_THAT(rows(), testing::Contains(std::pair<std::string, std::string>("prod/shop/ConfigMap/a", "done")));
    EXPECT_THAT(rows(), testing::Contains(
                            std::pair<std::string, std::string>("prod/archive/nightly-20261126T020000Z", "completed")));
    auto again = confirmed("cluster restore nightly");
    EXPECT_THAT(again.text, HasSubstr("5 there already and the same"));
    EXPECT_EQ(sentPaths().size(), 6u);
}

TEST_F(RestoreTest, LeavesWhatDiffersUnlessAskedOtherwise) {
    control.objects[mapA] = nlohmann::json::parse(
        R"({"metadata":{"name":"a","namespace":"shop","uid":"there","resourceVersion":"9"},"data":{"k":"other"}})");
    auto skipped = confirmed("cluster restore nightly --only configmaps");
    EXPECT_THAT(skipped.text, HasSubstr("1 there already and different, left as they are"));
    EXPECT_EQ(control.objects[mapA]["data"]["k"], "other");
    auto refused = ask("cluster restore nightly --only configmaps --conflict fail --yes");
    EXPECT_FALSE(refused.ok);
    auto overwritten = confirmed("cluster restore nightly --only configmaps --conflict overwrite");
    EXPECT_THAT(overwritten.text, HasSubstr("1 overwritten"));
    EXPECT_EQ(control.objects[mapA]["data"]["k"], "v");
    EXPECT_EQ(sentPaths().back(), std::string("PUT ") + mapA);
    EXPECT_EQ(sent(control.changes.size() - 1)["metadata"]["resourceVersion"], "9");
}

TEST_F(RestoreTest, GoesToAnotherNamespace) {
    auto said = confirmed("cluster restore nightly -n shop=copy --only configmaps");
    EXPECT_TRUE(said.ok) << said.text;
    EXPECT_THAT(said.text, HasSubstr("ConfigMap copy/b: without its owner Widget w"));
    EXPECT_TRUE(control.objects.contains("/api/v1/namespaces/copy/configmaps/a"));
    EXPECT_FALSE(control.objects.contains(mapA));
    EXPECT_FALSE(ask("cluster restore nightly -n other").ok);
}

TEST_F(RestoreTest, NeedsThePermissionAndThatOfEachObject) {
    auto operators = ask("cluster restore nightly", "feishu:ou_op");
    EXPECT_FALSE(operators.ok);
    access::Role role{"keeper", {{{"read", "backups", "workloads", "namespaces"}, {}, {}, {}, {}}}};
    gate.setPolicy(access::Policy({{"Op", {"feishu:ou_op"}, {}, "keeper", {}, {}}}, {role}));
    EXPECT_FALSE(ask("cluster restore nightly", "feishu:ou_op").ok);  // a Role is in it
    EXPECT_TRUE(ask("cluster restore nightly --only configmaps", "feishu:ou_op").ok);
}

TEST_F(RestoreTest, NeedsThePermissionWhereItComesFromAndWhereItGoes) {
    access::Role role{"keeper", {{{"read", "backups", "workloads", "namespaces"}, {}, {}, {}, {}}}};
    auto limitedTo = [&](std::vector<std::string> namespaces) {
        gate.setPolicy(access::Policy({{"Op", {"feishu:ou_op"}, {}, "keeper", {}, std::move(namespaces)}}, {role}));
    };
    auto allowed = [&](const std::string& namespaces) {
        return ask("cluster restore nightly --only configmaps" + namespaces, "feishu:ou_op").ok;
    };
    limitedTo({"copy"});
    EXPECT_FALSE(allowed(" -n shop=copy"));
    limitedTo({"shop"});
    EXPECT_TRUE(allowed(" -n shop"));
    EXPECT_FALSE(allowed(" -n shop=copy"));
    EXPECT_FALSE(allowed(""));
    limitedTo({"shop", "copy"});
    EXPECT_TRUE(allowed(" -n shop=copy"));
}

TEST_F(RestoreTest, SaysThatAnArchiveIsNotRemembered) {
    EXPECT_THAT(ask("cluster restore nightly --unknown-archive").text, HasSubstr("does not remember"));
    EXPECT_THAT(ask("cluster restore nightly").text, testing::Not(HasSubstr("does not remember")));
}

TEST_F(RestoreTest, WaitsForWhatIsBeingDeletedAndMakesItAnew) {
    auto leaving = nlohmann::json::parse(
        R"({"metadata":{"name":"a","namespace":"shop","uid":"old","deletionTimestamp":"2026-11-25T10:00:00Z"},"data":{"k":"v"}})");
    control.objects[mapA] = leaving;
    auto failed = ask("cluster restore nightly --only configmaps --yes");
    EXPECT_THAT(failed.text, HasSubstr("ConfigMap shop/a: the one that is there is being deleted, and has not gone"));
    begin("cluster restore nightly --only configmaps --yes");
    clock.advance(2s);
    control.objects.erase(mapA);
    for (int i = 0; i < 100 && !answer; ++i) clock.advance(1s);
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->ok) << answer->text;
    EXPECT_EQ(control.objects[mapA]["metadata"]["uid"], "new-a");
}

TEST_F(RestoreTest, BeginsNothingWhereANamespaceIsBeingDeleted) {
    control.objects["/api/v1/namespaces/shop"] =
        nlohmann::json::parse(R"({"metadata":{"name":"shop","uid":"old","deletionTimestamp":"2026-11-25T10:00:00Z"}})");
    auto said = ask("cluster restore nightly --yes");
    EXPECT_FALSE(said.ok);
    EXPECT_THAT(said.text, HasSubstr("the namespace shop is being deleted"));
    EXPECT_TRUE(sentPaths().empty());
}

TEST_F(RestoreTest, TriesAgainWhatTheClusterIsTooBusyForAndFailsWhatItAnswersWith500) {
    int busy = 2;
    control.onChange = [&](const FakeControl::Change& change) -> Task<Result<std::string>> {
        if (!change.dryRun() && change.request.path.ends_with("/configmaps") && busy-- > 0)
            return refusing(ErrorCode::ResourceExhausted, "429 too many requests");
        if (!change.dryRun() && change.request.path.ends_with("/roles"))
            return refusing(ErrorCode::Unavailable, "500 failed calling webhook");
        return made(change);
    };
    auto said = ask("cluster restore nightly --yes");
    EXPECT_THAT(said.text, HasSubstr("4 created, 1 failed"));
    EXPECT_THAT(said.text, HasSubstr("❌ Role shop/r: 500 failed calling webhook"));
    EXPECT_TRUE(control.objects.contains("/apis/x.io/v1/namespaces/shop/widgets/w"));
}

TEST_F(RestoreTest, OverwritesWhatControllersPutIntoANamespaceThatItMakes) {
    control.onChange = [&](const FakeControl::Change& change) -> Task<Result<std::string>> {
        if (!change.dryRun() && change.request.path == "/api/v1/namespaces/shop")
            control.objects[mapA] =
                nlohmann::json::parse(R"({"metadata":{"name":"a","namespace":"shop","uid":"theirs"},"data":{}})");
        return made(change);
    };
    EXPECT_THAT(ask("cluster restore nightly --yes").text, HasSubstr("4 created, 1 overwritten"));
    EXPECT_EQ(control.objects[mapA]["data"]["k"], "v");
}

TEST_F(RestoreTest, ReportsWhatTheClusterRefusesAndGoesOn) {
    refuses = "/roles";
    auto said = ask("cluster restore nightly --yes");
    EXPECT_FALSE(said.ok);
    EXPECT_THAT(said.text, HasSubstr("4 created, 1 failed"));
    EXPECT_THAT(said.text, HasSubstr("❌ Role shop/r: 422 it is not allowed"));
    EXPECT_TRUE(control.objects.contains("/apis/x.io/v1/namespaces/shop/widgets/w"));
}

TEST_F(RestoreTest, StopsWhereTheClusterDoesNotAnswerAndSaysHowToGoOn) {
    dies = "/roles";
    auto said = ask("cluster restore nightly --yes");
    EXPECT_FALSE(said.ok);
    EXPECT_THAT(said.text, HasSubstr("Stopped: the cluster does not answer"));
    EXPECT_THAT(said.text, HasSubstr("To go on: cluster restore nightly-20261126T020000Z --cluster prod"));
    EXPECT_FALSE(control.objects.contains("/apis/x.io/v1/namespaces/shop/widgets/w"));
}

TEST_F(RestoreTest, DamagedArchiveIsRefusedBeforeAnythingIsAsked) {
    auto path = directory.path() / "archive";
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
    for (const char* words : {"cluster restore nightly", "cluster restore nightly --yes"}) {
        auto said = ask(words);
        EXPECT_FALSE(said.ok);
        EXPECT_THAT(said.text, HasSubstr("archive is damaged"));
    }
    EXPECT_TRUE(control.changes.empty());
}

TEST_F(RestoreTest, ConfirmationIsAboutTheArchiveThatWasShown) {
    auto preview = ask("cluster restore nightly");
    backup::ArchiveHeader header{"nightly", "prod", "v1", *parseRfc3339("2026-11-26T02:00:00Z"), {}, false, ""};
    backup::ArchiveWriter writer(header, std::nullopt);
    writer.beginList({"v1", "ConfigMap", "configmaps", true}, "");
    writer.object(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"evil","namespace":"shop"}})");
    writer.endList("1");
    writer.finish();
    std::ofstream(directory.path() / "archive", std::ios::binary | std::ios::trunc) << writer.take();
    auto said = ask(preview.confirm);
    EXPECT_FALSE(said.ok);
    EXPECT_THAT(said.text, HasSubstr("was changed since"));
    EXPECT_TRUE(sentPaths().empty());
}

TEST_F(RestoreTest, InterruptedOneIsToldOfAfterTheStartWithHowFarItWas) {
    std::map<std::string, std::string, std::less<>> left;
    control.onChange = [&](const FakeControl::Change& change) -> Task<Result<std::string>> {
        if (!change.dryRun() && change.request.path.find("/roles") != std::string::npos)
            left = meta;  // as if killed now
        return made(change);
    };
    ask("cluster restore nightly --yes");
    ASSERT_EQ(left.size(), 2u);
    told.clear();
    ChangeDesk next(
        loop, clock, random, control, gate, flush, [](const std::string&, const rules::Action&) {},
        [this](const std::string& to, const Answered& said) { told.emplace_back(to, said); });
    meta = left;
    next.resume(left);
    loop.poll();
    ASSERT_EQ(told.size(), 1u);
    EXPECT_THAT(told[0].second.text, HasSubstr("Klaw was restarted during this; until then: 3 created"));
    EXPECT_THAT(told[0].second.text, HasSubstr("To go on: cluster restore nightly-20261126T020000Z --cluster prod"));
    EXPECT_TRUE(meta.empty());
    EXPECT_EQ(audit.back().decision, "interrupted");
    end(next);
}

}  // namespace
}  // namespace klaw::app
