#include "agent/kube/kubeconfig.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "agent/kube/exec_plugin.hpp"
#include "base/async/task_group.hpp"

namespace klaw::kube {
namespace {

namespace fs = std::filesystem;

class KubeconfigTest : public testing::Test {
protected:
    void SetUp() override {
        auto pattern = (fs::temp_directory_path() / "klaw-kube-XXXXXX").string();
        directory = mkdtemp(pattern.data());
        environment.variable = [this](const std::string& name) -> std::optional<std::string> {
            auto found = variables.find(name);
            return found == variables.end() ? std::nullopt : std::optional(found->second);
        };
        environment.serviceAccountDirectory = (directory / "serviceaccount").string();
    }
    void TearDown() override { fs::remove_all(directory); }
    std::string write(const std::string& name, const std::string& text) {
        fs::create_directories((directory / name).parent_path());
        std::ofstream(directory / name) << text;
        return (directory / name).string();
    }
    Result<ClusterAccess> resolve(AccessQuery query = {}) { return resolveAccess(environment, query); }
    std::string errorOf(const std::string& yaml) {
        auto access = resolve({write("config", yaml), "", false});
        return access ? "fine" : access.error().describe().substr(access.error().describe().find("config"));
    }

    fs::path directory;
    KubeEnvironment environment;
    std::map<std::string, std::string> variables;
};

constexpr auto prod = R"(current-context: prod
contexts: [{name: prod, context: {cluster: c, user: u}}, {name: other, context: {cluster: c}}]
clusters: [{name: c, cluster: {server: "https://10.0.0.1:6443/", certificate-authority: pki/ca.crt, tls-server-name: api, proxy-url: "http://proxy:3128"}}]
users: [{name: u, user: {token: secret, as: alice, as-groups: [ops]}}]
)";

TEST_F(KubeconfigTest, IsReadAsKubectlReadsIt) {
    write("pki/ca.crt", "PEM");
    variables["KUBECONFIG"] = write("config", prod);
    auto access = resolve();
    ASSERT_TRUE(access) << access.error().describe();
    EXPECT_EQ(access->name, "prod");
    EXPECT_EQ(access->server, "https://10.0.0.1:6443");
    EXPECT_EQ(access->caPem, "PEM") << "relative to the kubeconfig's own directory";
    EXPECT_EQ(access->tlsServerName, "api");
    EXPECT_EQ(access->proxyUrl, "http://proxy:3128");
    EXPECT_EQ(access->token, "secret");
    EXPECT_EQ(access->impersonateUser, "alice");
    EXPECT_EQ(resolve({"", "other", false})->token, "");
}

TEST_F(KubeconfigTest, OfSeveralFilesTheFirstThatNamesSomethingWins) {
    auto first = write(
        "a", "contexts: [{name: prod, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {token: from-a}}]\n");
    write("pki/ca.crt", "PEM");
    variables["KUBECONFIG"] = first + ":" + (directory / "missing").string() + ":" + write("config", prod);
    auto access = resolve();
    ASSERT_TRUE(access) << access.error().describe();
    EXPECT_EQ(access->token, "from-a");
    EXPECT_EQ(access->server, "https://10.0.0.1:6443");
}

TEST_F(KubeconfigTest, IsRefusedWithPlaceAndRemedy) {
    EXPECT_EQ(errorOf("clusters: [\n"),
              "config:2:1: the kubeconfig is malformed: end of sequence flow not found (mend the file; `kubectl config "
              "view` reads the same)");
    EXPECT_EQ(errorOf("contexts: [{name: a, context: {cluster: gone}}]\ncurrent-context: a\n"),
              "config:1: there is no cluster \"gone\" (the file names none)");
    EXPECT_EQ(errorOf("contexts: [{name: a, context: {}}]\ncurrent-context: b\n"),
              "config: there is no context \"b\" (there are: a)");
    EXPECT_EQ(errorOf("contexts: [{name: a, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: "
                      "x}}]\nusers:\n- {name: u, user: {auth-provider: {name: gcp}}}\ncurrent-context: a\n"),
              "config:4: auth-provider was removed from Kubernetes and is not supported (use an exec plugin such as "
              "kubelogin or gke-gcloud-auth-plugin)");
    EXPECT_EQ(errorOf("contexts: [{name: a, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: x, "
                      "certificate-authority-data: '%%'}}]\ncurrent-context: a\n"),
              "config:2: certificate-authority-data is not Base64 (write it again with `kubectl config set-cluster` or "
              "`set-credentials`)");
}

TEST_F(KubeconfigTest, WithTextWhereAMapBelongsIsRefusedOrReadWithoutIt) {
    auto withUser = [](const std::string& user) {
        return "contexts: [{name: a, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: x}}]\n"
               "current-context: a\nusers:\n- {name: u, user: " +
               user + "}\n";
    };
    EXPECT_EQ(errorOf(withUser("{exec: plugin}")),
              "config:5: exec has no command (compare with the documentation of the plugin)");
    EXPECT_EQ(errorOf(withUser("{exec: {apiVersion: client.authentication.k8s.io/v1, command: c, env: [A]}}")), "fine");
    EXPECT_EQ(errorOf(withUser("{as-groups: ops}")), "fine");
    EXPECT_EQ(errorOf(withUser("token")), "fine");
    EXPECT_EQ(errorOf("contexts: [a]\n"),
              "config:1: an entry of contexts has no name (compare with `kubectl config view`)");
}

TEST_F(KubeconfigTest, NamingAFileWithoutEndIsRefused) {
    auto access = resolve({write("config",
                                 "contexts: [{name: a, context: {cluster: c}}]\ncurrent-context: a\n"
                                 "clusters: [{name: c, cluster: {server: x, certificate-authority: /dev/zero}}]\n"),
                           "", false});
    ASSERT_FALSE(access);
    EXPECT_NE(access.error().describe().find("/dev/zero is larger than 16 MiB"), std::string::npos);
}

TEST_F(KubeconfigTest, FallsBackToTheServiceAccountOfThePod) {
    write("serviceaccount/ca.crt", "PEM");
    variables = {
        {"HOME", directory.string()}, {"KUBERNETES_SERVICE_HOST", "fd00::1"}, {"KUBERNETES_SERVICE_PORT", "443"}};
    auto access = resolve();
    ASSERT_TRUE(access) << access.error().describe();
    EXPECT_EQ(access->server, "https://[fd00::1]:443");
    EXPECT_EQ(access->tokenFile, (directory / "serviceaccount/token").string());
}

TEST_F(KubeconfigTest, WithNothingConfiguredSaysSo) {
    variables = {{"HOME", directory.string()}};
    EXPECT_EQ(resolve().error().code, ErrorCode::NotFound);
}

class ExecPluginTest : public KubeconfigTest {
protected:
    Result<ExecCredential> run(const std::string& script, Duration timeout = 10s) {
        auto path = write("plugin", "#!/bin/sh\n" + script);
        fs::permissions(path, fs::perms::owner_all);
        ClusterAccess access;
        access.server = "https://10.0.0.1";
        access.exec =
            ExecSpec{path, {"arg"}, {{"EXTRA", "value"}}, "client.authentication.k8s.io/v1", "install it", true};
        Loop loop;
        Result<ExecCredential> answer = fail(ErrorCode::Internal, "nothing");
        TaskGroup tasks(loop, [](const std::string&, const std::string& what) { ADD_FAILURE() << what; });
        auto work = [](Loop& on, ClusterAccess what, Duration limit, Result<ExecCredential>& into) -> Task<void> {
            into = co_await runExecPlugin(on, what, limit);
        };
        tasks.spawn("plugin", work(loop, access, timeout, answer));
        loop.runUntil([&] { return tasks.empty(); }, 20s);
        return answer;
    }
};

TEST_F(ExecPluginTest, GivesTheTokenAndHandsOverWhatThePluginNeeds) {
    auto answer = run(R"(case "$KUBERNETES_EXEC_INFO" in *'"server":"https://10.0.0.1"'*) ;; *) exit 3;; esac
[ "$1 $EXTRA" = "arg value" ] || exit 4
echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"t1","expirationTimestamp":"2026-11-23T10:00:00Z"}}')");
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->token, "t1");
    EXPECT_EQ(answer->expiresAt, parseRfc3339("2026-11-23T10:00:00Z"));
}

TEST_F(ExecPluginTest, SaysWhatThePluginSaidWhenItFailed) {
    auto answer = run("echo 'please log in' >&2; exit 1");
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().describe().find("please log in"), std::string::npos);
    EXPECT_NE(answer.error().describe().find("install it"), std::string::npos);
}

TEST_F(ExecPluginTest, RefusesWhatIsNoCredential) {
    EXPECT_FALSE(run("echo hello"));
    EXPECT_FALSE(run(R"(echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{}}')"));
}

TEST_F(ExecPluginTest, EndsAPluginThatHangsTogetherWithItsChildren) {
    auto answer = run("sleep 600 & echo $! > " + (directory / "child").string() + "; wait", 500ms);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::DeadlineExceeded);
    int child = 0;
    std::ifstream(directory / "child") >> child;
    ASSERT_GT(child, 0);
    bool gone = false;
    for (int i = 0; i < 200 && !gone; ++i) {
        std::ifstream status("/proc/" + std::to_string(child) + "/stat");
        std::string id, name, state;
        gone = !(status >> id >> name >> state) || state == "Z";
        if (!gone) usleep(10'000);
    }
    EXPECT_TRUE(gone);
}

}  // namespace
}  // namespace klaw::kube
