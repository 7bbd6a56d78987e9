// `clusters add`, `test` and `remove`, as people write them.
#include <gmock/gmock.h>

#include "agent/app/cluster_book.hpp"
#include "agent/operate/catalogue.hpp"
#include "base/async/task_group.hpp"
#include "test/unit/agent/fake_control.hpp"

namespace klaw::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ClusterCommandsTest : public testing::Test {
protected:
    std::string answer(const std::string& command, const std::string& identity = "feishu:ou_1") {
        auto line = operate::parseCommandLine(command);
        if (!line) return line.error().describe();
        const auto* verb = operate::findVerb(line->verb);
        Loop loop;
        TaskGroup tasks(loop, [](const std::string&, const std::string& what) { ADD_FAILURE() << what; });
        std::string text;
        operate::Caller caller;
        caller.identity = identity;
        tasks.spawn("verb",
                    [](operate::Control& of, const operate::Verb& asked, operate::Caller by, operate::CommandLine with,
                       std::string& into) -> Task<void> {
                        auto output = co_await asked.ask(of, by, with);
                        into = output ? output->text : output.error().describe();
                    }(control, *verb, caller, *line, text));
        EXPECT_TRUE(loop.runUntil([&] { return tasks.empty(); }));
        return text;
    }
    ManualClock clock{*parseRfc3339("2026-11-25T10:00:00Z")};
    FakeControl control{clock};
};

TEST_F(ClusterCommandsTest, ClusterIsAddedFromASecretOnceItAnswers) {
    auto text = answer("clusters add prod-2 --secret fleet/prod-2-kubeconfig --labels env=prod,region=cn --read-only");
    EXPECT_THAT(text, AllOf(HasSubstr("Added; it is watched from now on."),
                            HasSubstr("Kubernetes v1.36.3, answered in 12 ms; 2 resources can be read"),
                            HasSubstr("secrets: 403 you may not")));
    ASSERT_THAT(control.added, SizeIs(1));
    const auto& source = control.added.front();
    EXPECT_EQ(source.name, "prod-2");
    EXPECT_EQ(source.secret, (kube::SecretReference{"", "fleet", "prod-2-kubeconfig", "value"}));
    EXPECT_THAT(source.labels, ElementsAre(testing::Pair("env", "prod"), testing::Pair("region", "cn")));
    EXPECT_TRUE(source.readOnly);
}

TEST_F(ClusterCommandsTest, ClusterThatDoesNotAnswerIsNotAdded) {
    control.silentClusters["prod-2"] = "it did not answer in time";
    EXPECT_THAT(answer("clusters add prod-2 --secret fleet/kubeconfig"),
                AllOf(HasSubstr("nothing was added"), HasSubstr("it did not answer in time")));
    EXPECT_THAT(control.added, IsEmpty());
}

TEST_F(ClusterCommandsTest, FilesOfTheMachineAreNamedByItsAdministratorAlone) {
    EXPECT_THAT(answer("clusters add prod-2 --kubeconfig /etc/passwd"),
                HasSubstr("files of Klaw's machine are not named from a chat"));
    EXPECT_THAT(control.added, IsEmpty());
    EXPECT_THAT(answer("clusters add prod-2 --kubeconfig prod-2.yaml", "local:alice"),
                HasSubstr("is no absolute path"));
    EXPECT_THAT(answer("clusters add prod-2 --kubeconfig /srv/prod-2.yaml", "local:alice"), HasSubstr("Added"));
}

TEST_F(ClusterCommandsTest, MistakesAreNamedWithTheirRemedy) {
    const std::pair<const char*, const char*> cases[] = {
        {"clusters add", "needs a name"},
        {"clusters add all --secret a/b", "needs a name"},
        {"clusters add ../x --secret a/b", "needs a name"},
        {"clusters add prod --secret a/b", "there is a cluster \"prod\" already"},
        {"clusters add new", "either --secret or --kubeconfig"},
        {"clusters add new --secret a/b --kubeconfig c", "either --secret or --kubeconfig"},
        {"clusters add new --secret a", "names no Secret"},
        {"clusters add new --secret a//b", "names no Secret"},
        {"clusters add new --secret a/b --labels env", "no label with a value"},
        {"clusters add new --secret a/b --context *", "name the context"},
        {"clusters tests prod", "did you mean clusters test?"},
        {"clusters test", "needs a name"},
        {"clusters test nowhere", "there is no cluster \"nowhere\""},
        {"clusters remove prod", "stands in the configuration"},
    };
    for (const auto& [command, expected] : cases) EXPECT_THAT(answer(command), HasSubstr(expected)) << command;
    EXPECT_THAT(control.added, IsEmpty());
}

TEST(ClusterBook, RemembersWhereTheWayToAClusterIsFoundOnceThatIsDurable) {
    kube::ClusterSource source;
    source.name = "prod-2";
    source.secret = kube::SecretReference{"hub", "fleet", "prod-2-kubeconfig", "value"};
    source.labels = {{"env", "prod"}};
    source.readOnly = true;
    ClusterBook book(clusterKeyPrefix);
    book.put(source.name, source);
    EXPECT_EQ(book.find("prod-2"), nullptr) << "not stored yet";
    auto entries = book.takeChanges();
    book.stored(entries);
    ClusterBook::Meta meta;
    for (const auto& entry : entries) meta[entry.key] = entry.value;
    ClusterBook after(clusterKeyPrefix);
    after.restore(meta);
    EXPECT_THAT(after.all(), ElementsAre(testing::Pair("prod-2", source)));
    after.remove("prod-2");
    after.stored(after.takeChanges());
    EXPECT_THAT(after.all(), IsEmpty());
}

TEST(ClusterBook, LeavesOutWhatCannotBeRead) {
    ClusterBook book(clusterKeyPrefix);
    book.restore({{"cluster:a", "{"},
                  {"cluster:b", "{}"},
                  {"cluster:", R"({"kubeconfig":"x"})"},
                  {"grant:a", R"({"kubeconfig":"x"})"}});
    EXPECT_THAT(book.all(), IsEmpty());
}

}  // namespace
}  // namespace klaw::app
