#include "agent/app/kubernetes_secrets.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/kube/api_server.hpp"
#include "base/async/task_group.hpp"
#include "base/digest.hpp"
#include "base/percent.hpp"

namespace klaw::app {
namespace {

constexpr Duration readWithin = 10s;

/// What a Secret holds under a key, whatever else the answer is.
Result<std::string> valueIn(const std::string& body, const SecretReference& from) {
    auto json = nlohmann::json::parse(body, nullptr, false);
    auto pointer = nlohmann::json::json_pointer("/data") / from.key;
    bool there = json.is_object() && json.contains(pointer) && json[pointer].is_string();
    auto value = there ? base64Decode(json[pointer].get<std::string>()) : std::nullopt;
    if (!value) return fail(ErrorCode::NotFound, "there is no key \"" + from.key + "\"", placeOf(from), "check `key`");
    while (!value->empty() && (value->back() == '\n' || value->back() == '\r' || value->back() == ' '))
        value->pop_back();
    if (value->empty()) return fail(ErrorCode::InvalidArgument, "the key \"" + from.key + "\" is empty", placeOf(from));
    return *value;
}

Task<Result<std::string>> read(Loop& loop, LoopClock& clock, kube::ClusterAccess access, SecretReference from) {
    kube::ApiServer server(loop, clock, std::move(access));
    auto path = "/api/v1/namespaces/" + percentEncode(from.ns) + "/secrets/" + percentEncode(from.name);
    auto answer = co_await server.get(std::move(path), readWithin);
    if (!answer) {
        auto error = std::move(answer.error());
        error.place = placeOf(from) + " of cluster " + server.access().name;
        if (error.code == ErrorCode::PermissionDenied) error.remedy = "give Klaw the right to get this Secret";
        co_return fail(std::move(error));
    }
    co_return valueIn(answer->body, from);
}

struct Wanted {
    SecretReference from;
    std::string* into;
};

std::vector<Wanted> wantedOf(Config& config) {
    std::vector<Wanted> wanted;
    auto want = [&](const std::optional<SecretReference>& from, std::string& into) {
        if (from) wanted.push_back({*from, &into});
    };
    for (auto& app : config.apps) {
        want(app.secretFrom, app.secret);
        want(app.verificationTokenFrom, app.verificationToken);
        want(app.encryptKeyFrom, app.encryptKey);
    }
    for (auto& backup : config.backups) {
        want(backup.passphraseFrom, backup.passphrase);
        want(backup.accessKeyFrom, backup.credentials.accessKey);
        want(backup.secretKeyFrom, backup.credentials.secretKey);
    }
    for (auto& channel : config.channels) {
        want(channel.urlFrom, channel.url);
        want(channel.secretFrom, channel.secret);
    }
    return wanted;
}

}  // namespace

std::string placeOf(const SecretReference& from) {
    return "Secret " + from.ns + "/" + from.name;
}

Task<Result<std::string>> readSecret(Loop& loop, LoopClock& clock, SecretReference from,
                                     std::vector<kube::ClusterAccess> clusters) {
    auto cluster =
        from.cluster.empty() ? clusters.begin() : std::ranges::find(clusters, from.cluster, &kube::ClusterAccess::name);
    if (cluster == clusters.end())
        co_return fail(ErrorCode::NotFound, "there is no cluster \"" + from.cluster + "\"", placeOf(from),
                       "name one of `clusters`");
    co_return co_await read(loop, clock, *cluster, std::move(from));
}

Task<Result<void>> fillSecrets(Loop& loop, LoopClock& clock, Config& config,
                               std::vector<kube::ClusterAccess> clusters) {
    for (const auto& wanted : wantedOf(config)) {
        auto value = co_await readSecret(loop, clock, wanted.from, clusters);
        if (!value) co_return fail(std::move(value.error()));
        *wanted.into = std::move(*value);
    }
    for (const auto& channel : config.channels) {
        bool isAddress = channel.url.starts_with("https://") || channel.url.starts_with("http://");
        if (channel.urlFrom && !isAddress)
            co_return fail(ErrorCode::InvalidArgument, "there is no http or https address in it",
                           placeOf(*channel.urlFrom), "look which key has the robot's webhook");
    }
    co_return Result<void>();
}

Result<void> fillSecretsNow(Config& config, const std::vector<kube::ClusterAccess>& clusters) {
    if (wantedOf(config).empty()) return {};
    Loop loop;
    SystemLoopClock clock(loop);
    Result<void> filled = fail(ErrorCode::DeadlineExceeded, "the Secrets could not be read in time");
    TaskGroup tasks(loop,
                    [&](const std::string&, const std::string& what) { filled = fail(ErrorCode::Internal, what); });
    auto fill = [](Loop& on, LoopClock& by, Config& of, std::vector<kube::ClusterAccess> from,
                   Result<void>& into) -> Task<void> { into = co_await fillSecrets(on, by, of, std::move(from)); };
    tasks.spawn("secrets", fill(loop, clock, config, clusters, filled));
    loop.run();
    return filled;
}

}  // namespace klaw::app
