#include "agent/kube/exec_plugin.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/async/loop_condition.hpp"
#include "base/digest.hpp"
#include "base/text/secrets.hpp"

extern char** environ;

namespace klaw::kube {
namespace {

constexpr std::size_t maxOutput = 1u << 20;

struct Output {
    Result<int> status = 0;  ///< as waitpid gives it
    std::string standard, error;
};

struct Descriptor {
    int value = -1;
    ~Descriptor() { close(); }
    void close() {
        if (value >= 0) ::close(value);
        value = -1;
    }
};

/// KUBERNETES_EXEC_INFO, the plugin's input.
std::string execInfo(const ClusterAccess& access) {
    nlohmann::ordered_json info{
        {"apiVersion", access.exec->apiVersion}, {"kind", "ExecCredential"}, {"spec", {{"interactive", false}}}};
    if (access.exec->provideClusterInfo) {
        nlohmann::ordered_json cluster{{"server", access.server}};
        if (!access.caPem.empty()) cluster["certificate-authority-data"] = base64Encode(access.caPem);
        if (!access.tlsServerName.empty()) cluster["tls-server-name"] = access.tlsServerName;
        if (access.insecureSkipVerify) cluster["insecure-skip-tls-verify"] = true;
        info["spec"]["cluster"] = std::move(cluster);
    }
    return info.dump();
}

std::vector<std::string> environmentFor(const ClusterAccess& access) {
    std::vector<std::string> variables;
    for (char** variable = environ; *variable; ++variable) variables.emplace_back(*variable);
    for (const auto& [name, value] : access.exec->env) variables.push_back(name + "=" + value);
    variables.push_back("KUBERNETES_EXEC_INFO=" + execInfo(access));
    return variables;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (auto& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

/// Reads both pipes until they end; false when time ran out or nobody waits any more.
bool drain(Descriptor& standard, Descriptor& error, Output& output, Duration timeout,
           const std::atomic<bool>& abandoned) {
    auto deadline = std::chrono::steady_clock::now() + timeout;
    while (standard.value >= 0 || error.value >= 0) {
        if (abandoned || std::chrono::steady_clock::now() >= deadline || output.standard.size() > maxOutput)
            return false;
        pollfd waits[2] = {{standard.value, POLLIN, 0}, {error.value, POLLIN, 0}};
        ::poll(waits, 2, 50);
        for (auto [wait, from, into] :
             {std::tuple{&waits[0], &standard, &output.standard}, std::tuple{&waits[1], &error, &output.error}}) {
            if (from->value < 0 || !(wait->revents & (POLLIN | POLLHUP | POLLERR))) continue;
            char buffer[4096];
            auto count = ::read(from->value, buffer, sizeof buffer);
            if (count <= 0)
                from->close();
            else if (into->size() <= maxOutput)
                into->append(buffer, static_cast<std::size_t>(count));
        }
    }
    return true;
}

Output runProcess(const ClusterAccess& access, Duration timeout, const std::atomic<bool>& abandoned) {
    Output output;
    int out[2], err[2];
    if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) {
        output.status = fail(ErrorCode::ResourceExhausted,
                             "cannot run the credential plugin: " + std::string(std::strerror(errno)));
        return output;
    }
    Descriptor readOut{out[0]}, writeOut{out[1]}, readErr{err[0]}, writeErr{err[1]};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, writeOut.value, 1);
    posix_spawn_file_actions_adddup2(&actions, writeErr.value, 2);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    std::vector<std::string> arguments{access.exec->command};
    arguments.insert(arguments.end(), access.exec->args.begin(), access.exec->args.end());
    auto variables = environmentFor(access);
    pid_t child = 0;
    int failed = posix_spawnp(&child, access.exec->command.c_str(), &actions, &attributes, pointers(arguments).data(),
                              pointers(variables).data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    writeOut.close();
    writeErr.close();
    if (failed != 0) {
        output.status =
            fail(ErrorCode::NotFound,
                 "cannot run the credential plugin \"" + access.exec->command + "\": " + std::strerror(failed),
                 access.source, access.exec->installHint);
        return output;
    }
    bool ended = drain(readOut, readErr, output, timeout, abandoned);
    if (!ended) ::kill(-child, SIGKILL);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    output.status = status;
    if (!ended)
        output.status =
            fail(ErrorCode::DeadlineExceeded,
                 "the credential plugin \"" + access.exec->command + "\" did not end in time", access.source);
    return output;
}

Result<ExecCredential> credentialFrom(const Output& output, const ClusterAccess& access) {
    if (!output.status) return fail(output.status.error());
    if (*output.status != 0) {
        auto said = maskSecrets(output.error.substr(0, 500));
        return fail(ErrorCode::Unauthenticated,
                    "the credential plugin \"" + access.exec->command + "\" failed: " + said, access.source,
                    access.exec->installHint);
    }
    return parseExecCredential(output.standard, *access.exec);
}

}  // namespace

Result<ExecCredential> parseExecCredential(std::string_view text, const ExecSpec& exec) {
    auto refuse = [&](const std::string& why) {
        return fail(ErrorCode::Unauthenticated, "the credential plugin \"" + exec.command + "\" " + why);
    };
    auto json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object()) return refuse("did not print an ExecCredential");
    if (json.value("kind", "") != "ExecCredential") return refuse("printed something that is no ExecCredential");
    if (json.value("apiVersion", "") != exec.apiVersion)
        return refuse("answered with another apiVersion than " + exec.apiVersion);
    auto status = json.find("status");
    if (status == json.end() || !status->is_object()) return refuse("gave no status");
    auto field = [&](const char* name) {
        auto found = status->find(name);
        return found != status->end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    ExecCredential credential;
    credential.token = field("token");
    credential.clientCertPem = field("clientCertificateData");
    credential.clientKeyPem = field("clientKeyData");
    if (credential.clientCertPem.empty() != credential.clientKeyPem.empty())
        return refuse("gave a certificate without its key");
    if (credential.token.empty() && credential.clientCertPem.empty())
        return refuse("gave neither token nor certificate");
    if (auto expiry = field("expirationTimestamp"); !expiry.empty()) {
        credential.expiresAt = parseRfc3339(expiry);
        if (!credential.expiresAt) return refuse("gave an expirationTimestamp that is no time");
    }
    return credential;
}

Task<Result<ExecCredential>> runExecPlugin(Loop& loop, ClusterAccess access, Duration timeout) {
    struct Run {
        explicit Run(Loop& l) : condition(l) {}
        std::atomic<bool> abandoned = false;
        std::optional<Output> output;
        LoopCondition condition;
    };
    // The worker is joined by whoever waits, also when cancelled: no process outlives its run.
    struct Guard {
        std::shared_ptr<Run> run;
        std::thread thread;
        ~Guard() {
            run->abandoned = true;
            thread.join();
        }
    };
    auto run = std::make_shared<Run>(loop);
    auto given = std::make_shared<const ClusterAccess>(access);
    Guard guard{run, std::thread([run, given, timeout, &loop] {
                    auto output = std::make_shared<Output>(runProcess(*given, timeout, run->abandoned));
                    if (run->abandoned) return;
                    loop.post([run, output] {
                        run->output = std::move(*output);
                        run->condition.notify();
                    });
                })};
    auto ended = [run] { return run->output.has_value(); };
    co_await run->condition.until(ended);
    co_return credentialFrom(*run->output, access);
}

}  // namespace klaw::kube
