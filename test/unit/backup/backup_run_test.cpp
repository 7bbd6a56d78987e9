#include "agent/backup/backup_run.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/backup/archive_bytes.hpp"
#include "agent/backup/archive_reader.hpp"
#include "agent/backup/restore_source.hpp"
#include "base/async/task_group.hpp"
#include "test/unit/backup/temporary_directory.hpp"

namespace klaw::backup {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class MemoryUpload final : public Upload {
public:
    Task<Result<void>> write(std::string bytes) override {
        written += bytes;
        co_return Result<void>();
    }
    Task<Result<void>> commit() override { co_return Result<void>(); }
    Task<void> abandon() override { co_return; }
    std::string written;
};

/// An API server by hand: answers by path, each used once but for the last.
class BackupRunTest : public testing::Test {
protected:
    void serve(const std::string& path, Result<std::string> answer) { answers[path].push_back(std::move(answer)); }
    void SetUp() override {
        serve("/api",
              R"({"kind":"APIGroupDiscoveryList","items":[{"metadata":{},"versions":[{"version":"v1","resources":[
            {"resource":"configmaps","responseKind":{"kind":"ConfigMap"},"scope":"Namespaced","verbs":["create","get","list"]},
            {"resource":"namespaces","responseKind":{"kind":"Namespace"},"scope":"Cluster","verbs":["create","get","list"]},
            {"resource":"secrets","responseKind":{"kind":"Secret"},"scope":"Namespaced","verbs":["create","get","list"]},
            {"resource":"events","responseKind":{"kind":"Event"},"scope":"Namespaced","verbs":["create","get","list"]},
            {"resource":"bindings","responseKind":{"kind":"Binding"},"scope":"Namespaced","verbs":["create"]}]}]}]})");
        serve("/apis", R"({"kind":"APIGroupDiscoveryList","items":[
            {"metadata":{"name":"x.io"},"versions":[
              {"version":"v1","freshness":"Current","resources":[{"resource":"widgets","responseKind":{"kind":"Widget"},"scope":"Namespaced","verbs":["create","get","list"]}]},
              {"version":"v1beta1","resources":[{"resource":"widgets","responseKind":{"kind":"Widget"},"scope":"Namespaced","verbs":["create","get","list"]},
                                                {"resource":"old","responseKind":{"kind":"Old"},"scope":"Namespaced","verbs":["create","get","list"]}]}]},
            {"metadata":{"name":"gone.io"},"versions":[{"version":"v1","freshness":"Stale","resources":[]}]},
            {"metadata":{"name":"apiextensions.k8s.io"},"versions":[{"version":"v1","resources":[{"resource":"customresourcedefinitions","responseKind":{"kind":"CustomResourceDefinition"},"scope":"Cluster","verbs":["create","get","list"]}]}]}]})");
    }
    static std::string page(const std::string& version, const std::string& token,
                            const std::vector<std::string>& names) {
        std::string items;
        for (const auto& name : names)
            items += std::string(items.empty() ? "" : ",") + R"({"metadata":{"name":")" + name + R"("}})";
        return R"({"kind":"List","metadata":{"resourceVersion":")" + version + R"(","continue":")" + token +
               R"("},"items":[)" + items + "]}";
    }
    Result<ArchiveSummary> run(std::vector<std::string> namespaces, bool secrets = false) {
        ArchiveHeader header{"b",     "prod", "v1", *parseRfc3339("2026-11-26T02:00:00Z"), std::move(namespaces),
                             secrets, ""};
        ArchiveWriter writer(header, std::nullopt);
        upload.written.clear();
        Fetch fetch = [this](std::string path, std::string) { return answerTo(std::move(path)); };
        BackupRun backup(clock, fetch, header, writer, upload);
        std::optional<Result<ArchiveSummary>> summary;
        tasks.spawn("run", into(backup, summary));
        loop.poll();
        for (int i = 0; i < 100 && !summary; ++i) clock.advance(1s);
        return *summary;
    }
    static Task<void> into(BackupRun& run, std::optional<Result<ArchiveSummary>>& summary) {
        summary = co_await run.write();
    }
    Task<Result<std::string>> answerTo(std::string path) {
        asked.push_back(path);
        auto found = answers.find(path);
        if (found == answers.end()) co_return page("1", "", {});
        auto answer = found->second.front();
        if (found->second.size() > 1) found->second.erase(found->second.begin());
        co_return answer;
    }
    /// "ConfigMap a" of every object that counts.
    std::vector<std::string> objects() {
        std::ofstream(directory.path() / "archive", std::ios::binary | std::ios::trunc) << upload.written;
        auto file = LocalFile::open(directory.path() / "archive").value();
        std::vector<std::string> discarded, names;
        auto summary = verifyArchive(file, "");
        EXPECT_TRUE(summary) << summary.error().describe();
        std::vector<std::pair<std::size_t, std::string>> all;
        ArchiveReader reader(file, std::nullopt);
        for (auto next = reader.next(); next && *next; next = reader.next())
            all.emplace_back(
                (**next).list,
                (**next).kind.kind + " " + nlohmann::json::parse((**next).json)["metadata"]["name"].get<std::string>());
        for (auto& [list, name] : all)
            if (reader.counts(list)) names.push_back(name);
        return names;
    }

    Loop loop;
    FakeLoopClock clock{loop, *parseRfc3339("2026-11-26T02:00:00Z")};
    TaskGroup tasks{loop,
                    [](const std::string& name, const std::string& what) { ADD_FAILURE() << name << ": " << what; }};
    std::map<std::string, std::vector<Result<std::string>>> answers;
    std::vector<std::string> asked;
    MemoryUpload upload;
    TemporaryDirectory directory;
};

TEST_F(BackupRunTest, ReadsEachKindInItsPreferredVersionPageByPage) {
    serve("/api/v1/configmaps?limit=500", page("7", "next/1", {"a", "b"}));
    serve("/api/v1/configmaps?limit=500&continue=next%2F1", page("7", "", {"c", "kube-root-ca.crt"}));
    serve("/apis/x.io/v1/widgets?limit=500", page("9", "", {"w"}));
    auto summary = run({});
    ASSERT_TRUE(summary) << summary.error().describe();
    EXPECT_THAT(objects(), ElementsAre("ConfigMap a", "ConfigMap b", "ConfigMap c", "Widget w"));
    EXPECT_THAT(summary->missing, ElementsAre(HasSubstr("gone.io/v1")));
    EXPECT_EQ(summary->counts(), (std::map<std::string, std::uint64_t>{{"v1 ConfigMap", 3}, {"x.io/v1 Widget", 1}}));
    for (const auto& path : asked) {
        EXPECT_THAT(path, testing::Not(HasSubstr("secrets")));
        EXPECT_THAT(path, testing::Not(HasSubstr("events")));
        EXPECT_THAT(path, testing::Not(HasSubstr("bindings")));
    }
    EXPECT_THAT(asked, testing::Contains("/apis/x.io/v1beta1/old?limit=500"));
}

TEST_F(BackupRunTest, ListThatExpiresIsBegunAnew) {
    serve("/api/v1/configmaps?limit=500", page("7", "t", {"a"}));
    serve("/api/v1/configmaps?limit=500&continue=t", fail(ErrorCode::Expired, "410 the token is too old"));
    serve("/api/v1/configmaps?limit=500", page("8", "", {"a", "b"}));
    auto summary = run({});
    ASSERT_TRUE(summary) << summary.error().describe();
    EXPECT_THAT(objects(), ElementsAre("ConfigMap a", "ConfigMap b"));
    for (const auto& list : summary->lists)
        if (list.kind.kind == "ConfigMap") EXPECT_EQ(list.resourceVersion, "8");
}

TEST_F(BackupRunTest, GoesOnWhereTheServerWasAwayForAMoment) {
    serve("/api/v1/configmaps?limit=500", fail(ErrorCode::Unavailable, "503"));
    serve("/api/v1/configmaps?limit=500", page("8", "", {"a"}));
    EXPECT_TRUE(run({}));
    EXPECT_THAT(objects(), ElementsAre("ConfigMap a"));
    serve("/api/v1/configmaps?limit=500", fail(ErrorCode::Unavailable, "cannot connect"));
    answers["/api/v1/configmaps?limit=500"].erase(answers["/api/v1/configmaps?limit=500"].begin());
    EXPECT_EQ(run({}).error().code, ErrorCode::Unavailable);
}

TEST_F(BackupRunTest, NamesWhatAnswersNothingButFailuresAndGoesOn) {
    serve("/apis/x.io/v1/widgets?limit=500", fail(ErrorCode::Unavailable, "500 conversion webhook failed"));
    serve("/api/v1/configmaps?limit=500", page("8", "", {"a"}));
    auto summary = run({});
    ASSERT_TRUE(summary) << summary.error().describe();
    EXPECT_THAT(objects(), ElementsAre("ConfigMap a"));
    EXPECT_THAT(summary->missing, testing::Contains(HasSubstr("x.io/v1 Widget: 500 conversion webhook failed")));
}

TEST_F(BackupRunTest, AsksForSmallerPagesWhereOneIsTooLarge) {
    serve("/api/v1/configmaps?limit=500", fail(ErrorCode::ResourceExhausted, "the body is larger than 100 bytes"));
    serve("/api/v1/configmaps?limit=250", page("8", "t", {"a"}));
    serve("/api/v1/configmaps?limit=250&continue=t", fail(ErrorCode::DeadlineExceeded, "504 it took too long"));
    serve("/api/v1/configmaps?limit=125&continue=t", page("8", "", {"b"}));
    ASSERT_TRUE(run({}));
    EXPECT_THAT(objects(), ElementsAre("ConfigMap a", "ConfigMap b"));
}

TEST_F(BackupRunTest, NamesWhatItMayNotRead) {
    serve("/api/v1/secrets?limit=500", fail(ErrorCode::PermissionDenied, "403 you may not"));
    auto summary = run({}, true);
    ASSERT_TRUE(summary);
    EXPECT_THAT(summary->missing, testing::Contains(HasSubstr("v1 Secret: 403 you may not")));
}

TEST_F(BackupRunTest, NamespacesComeWithTheDefinitionsThatTheyUse) {
    serve("/api/v1/namespaces/shop", R"({"metadata":{"name":"shop"}})");
    serve("/api/v1/namespaces?limit=500&fieldSelector=metadata.name%3Dshop", page("3", "", {"shop"}));
    serve("/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
          page("3", "", {"widgets.x.io", "old.x.io", "unused.y.io"}));
    serve("/apis/x.io/v1/namespaces/shop/widgets?limit=1", page("3", "", {"w"}));
    serve("/apis/apiextensions.k8s.io/v1/customresourcedefinitions?limit=500",
          page("4", "", {"widgets.x.io", "old.x.io", "unused.y.io"}));
    serve("/apis/x.io/v1/namespaces/shop/widgets?limit=500", page("5", "", {"w"}));
    serve("/api/v1/namespaces/shop/configmaps?limit=500", page("5", "", {"a"}));
    auto summary = run({"shop"});
    ASSERT_TRUE(summary) << summary.error().describe();
    EXPECT_THAT(objects(),
                ElementsAre("CustomResourceDefinition widgets.x.io", "Namespace shop", "ConfigMap a", "Widget w"));
}

TEST_F(BackupRunTest, NamespaceThatIsNotThereIsAnError) {
    serve("/api/v1/namespaces/none", fail(ErrorCode::NotFound, "404"));
    auto summary = run({"none"});
    ASSERT_FALSE(summary);
    EXPECT_THAT(summary.error().message, HasSubstr("there is no namespace \"none\""));
}

TEST_F(BackupRunTest, OlderServersAreAskedGroupByGroup) {
    answers.clear();
    serve("/api", R"({"kind":"APIVersions","versions":["v1"]})");
    serve(
        "/apis",
        R"({"kind":"APIGroupList","groups":[{"name":"x.io","preferredVersion":{"groupVersion":"x.io/v1"},"versions":[{"groupVersion":"x.io/v1"}]}]})");
    serve(
        "/api/v1",
        R"({"resources":[{"name":"configmaps","kind":"ConfigMap","namespaced":true,"verbs":["create","get","list"]},{"name":"configmaps/status","kind":"ConfigMap","verbs":["create","get","list"]}]})");
    serve("/apis/x.io/v1", fail(ErrorCode::Unavailable, "503"));
    serve("/api/v1/configmaps?limit=500", page("7", "", {"a"}));
    auto summary = run({});
    ASSERT_TRUE(summary) << summary.error().describe();
    EXPECT_THAT(objects(), ElementsAre("ConfigMap a"));
    EXPECT_THAT(summary->missing, ElementsAre("x.io/v1: 503"));
}

}  // namespace
}  // namespace klaw::backup
