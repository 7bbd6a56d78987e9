// Where the ways to clusters are found: files, contexts, directories.
#include "agent/app/cluster_finder.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "agent/kube/kubeconfig.hpp"
#include "base/async/task_group.hpp"

namespace klaw::app {
namespace {

using kube::ClusterSource;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string kubeconfig(const std::vector<std::string>& contexts, const std::string& user = "token: t") {
    std::string text =
        "apiVersion: v1\nkind: Config\nclusters:\n- {name: c, cluster: {server: \"https://10.0.0.1\"}}\n";
    text += "users:\n- {name: u, user: {" + user + "}}\ncontexts:\n";
    for (const auto& context : contexts) text += "- {name: " + context + ", context: {cluster: c, user: u}}\n";
    return text + "current-context: " + contexts.front() + "\n";
}

class ClusterFinderTest : public testing::Test {
protected:
    ClusterFinderTest() {
        auto name = testing::UnitTest::GetInstance()->current_test_info()->name();
        directory =
            std::filesystem::temp_directory_path() / (std::string("klaw-finder-") + name + std::to_string(::getpid()));
        std::filesystem::create_directories(directory);
    }
    ~ClusterFinderTest() override { std::filesystem::remove_all(directory); }
    std::string write(const std::string& name, const std::string& text) {
        auto file = directory / name;
        std::ofstream(file) << text;
        return file.string();
    }
    FoundClusters find(std::vector<ClusterSource> sources, FoundClusters before = {}) {
        Loop loop;
        SystemLoopClock clock(loop);
        TaskGroup tasks(loop, [](const std::string&, const std::string& what) { ADD_FAILURE() << what; });
        TaskGroup reads(loop, [](const std::string&, const std::string& what) { ADD_FAILURE() << what; });
        FoundClusters found;
        tasks.spawn("find",
                    [](Loop& on, LoopClock& by, TaskGroup& group, std::vector<ClusterSource> from, FoundClusters old,
                       FoundClusters& into) -> Task<void> {
                        into = co_await findClusters(on, by, group, std::move(from), std::move(old));
                    }(loop, clock, reads, std::move(sources), std::move(before), found));
        EXPECT_TRUE(loop.runUntil([&] { return tasks.empty(); }));
        return found;
    }
    static std::vector<std::string> names(const std::vector<kube::ClusterAccess>& clusters) {
        std::vector<std::string> all;
        for (const auto& cluster : clusters) all.push_back(cluster.name);
        return all;
    }
    std::filesystem::path directory;
};

TEST_F(ClusterFinderTest, EachContextOfAKubeconfigIsAClusterWhereAllAreWanted) {
    ClusterSource source;
    source.kubeconfig = write("all", kubeconfig({"b", "a"}));
    source.context = "*";
    auto clusters = clustersOnDisk({source});
    ASSERT_TRUE(clusters) << clusters.error().describe();
    EXPECT_THAT(names(clusters->clusters), ElementsAre("a", "b"));
}

TEST_F(ClusterFinderTest, EachFileOfADirectoryIsAClusterButNotThoseBehindDots) {
    write("west.yaml", kubeconfig({"x"}));
    write("east.yaml", kubeconfig({"y"}));
    write("..data", "what Kubernetes puts beside mounted files");
    ClusterSource source;
    source.directory = directory.string();
    source.labels = {{"fleet", "one"}};
    auto found = find({source});
    EXPECT_THAT(names(found.clusters), ElementsAre("east", "west"));
    EXPECT_EQ(found.sources.at("west").labels.at("fleet"), "one");
    EXPECT_THAT(found.problems, IsEmpty());
}

TEST_F(ClusterFinderTest, FileThatCannotBeReadAnyMoreLeavesItsClusterAsItWas) {
    write("west.yaml", kubeconfig({"x"}));
    write("east.yaml", kubeconfig({"y"}));
    ClusterSource source;
    source.directory = directory.string();
    auto before = find({source});
    write("west.yaml", "clusters: [");
    auto after = find({source}, before);
    EXPECT_EQ(after.clusters, before.clusters);
    ASSERT_THAT(after.problems, SizeIs(1));
    EXPECT_THAT(after.problems.front().describe(), HasSubstr("cluster west"));
    std::filesystem::remove(directory / "west.yaml");
    EXPECT_THAT(names(find({source}, before).clusters), ElementsAre("east"));
}

TEST_F(ClusterFinderTest, DirectoryThatIsEmptyNowKeepsItsClustersAndNobodyIsTakenToHaveLeft) {
    auto file = write("west.yaml", kubeconfig({"x"}));
    ClusterSource source;
    source.directory = directory.string();
    auto before = find({source});
    EXPECT_FALSE(before.incomplete);
    std::filesystem::remove(file);
    auto after = find({source}, before);
    EXPECT_EQ(after.clusters, before.clusters);
    EXPECT_TRUE(after.incomplete);
    EXPECT_TRUE(clustersOnDisk({source})->incomplete) << "at a start, before the files are there";
}

TEST_F(ClusterFinderTest, SingleBrokenFileOfADirectoryKeepsNobodyFromStarting) {
    write("west.yaml", "clusters: [");
    write("east.yaml", kubeconfig({"y"}));
    ClusterSource source;
    source.directory = directory.string();
    auto found = clustersOnDisk({source});
    ASSERT_TRUE(found) << found.error().describe();
    EXPECT_THAT(names(found->clusters), ElementsAre("east"));
    EXPECT_THAT(found->problems, SizeIs(1));
}

TEST_F(ClusterFinderTest, OtherLabelsLeaveTheClusterOfAnUnreadableSource) {
    ClusterSource source;
    source.name = "there";
    source.kubeconfig = write("there", kubeconfig({"a"}));
    auto before = find({source});
    write("there", "clusters: [");
    source.readOnly = true;
    auto after = find({source}, before);
    EXPECT_THAT(names(after.clusters), ElementsAre("there"));
    EXPECT_TRUE(after.sources.at("there").readOnly);
}

TEST_F(ClusterFinderTest, FirstOfTwoWithOneNameCounts) {
    ClusterSource one, two;
    one.name = two.name = "prod";
    one.kubeconfig = write("one", kubeconfig({"a"}));
    two.kubeconfig = write("two", kubeconfig({"b"}, "token: other"));
    auto found = find({one, two});
    EXPECT_THAT(names(found.clusters), ElementsAre("prod"));
    EXPECT_EQ(found.clusters.front().token, "t");
    ASSERT_THAT(found.problems, SizeIs(1));
    EXPECT_FALSE(clustersOnDisk({one, two}));
}

TEST_F(ClusterFinderTest, SecretThatCannotBeReadKeepsNobodyElseAwayAndItsClusterAsItWas) {
    ClusterSource onDisk, inSecret;
    onDisk.name = "here";
    onDisk.kubeconfig = write("here", kubeconfig({"a"}));
    inSecret.name = "there";
    inSecret.secret = kube::SecretReference{"gone", "fleet", "kubeconfig", "value"};
    auto found = find({onDisk, inSecret});
    EXPECT_THAT(names(found.clusters), ElementsAre("here"));
    ASSERT_THAT(found.problems, SizeIs(1));
    EXPECT_THAT(found.problems.front().describe(), HasSubstr("there is no cluster \"gone\" to read it from"));
    FoundClusters before;
    before.clusters.emplace_back().name = "there";
    before.sources["there"] = inSecret;
    EXPECT_THAT(names(find({onDisk, inSecret}, before).clusters), ElementsAre("here", "there"));
}

TEST(KubeconfigOfASecret, CarriesEverythingItselfAndRunsNothing) {
    auto fine = kube::accessFromText(kubeconfig({"a", "b"}), "Secret x/y", "b");
    ASSERT_TRUE(fine) << fine.error().describe();
    EXPECT_EQ(fine->name, "b");
    for (const char* user : {"tokenFile: /etc/shadow", "client-key: /root/key", "client-certificate: /root/c",
                             "exec: {command: sh, apiVersion: client.authentication.k8s.io/v1}"}) {
        auto refused = kube::accessFromText(kubeconfig({"a"}, user), "Secret x/y", "");
        ASSERT_FALSE(refused) << user;
        EXPECT_THAT(refused.error().describe(), HasSubstr("\"u\" has ")) << user;
    }
    auto text = kubeconfig({"a"});
    for (const char* server : {"http://10.0.0.1\"", "https://10.0.0.1\", proxy-url: \"http://10.0.0.2\"",
                               "https://10.0.0.1\", insecure-skip-tls-verify: true"}) {
        auto elsewhere = text;
        elsewhere.replace(elsewhere.find("https://10.0.0.1\""), std::string("https://10.0.0.1\"").size(), server);
        EXPECT_FALSE(kube::accessFromText(elsewhere, "Secret x/y", "")) << server;
    }
    EXPECT_FALSE(kube::accessFromText("", "Secret x/y", ""));
    EXPECT_FALSE(kube::accessFromText("- 1", "Secret x/y", ""));
}

}  // namespace
}  // namespace klaw::app
