#include "agent/cli/doctor_network.hpp"

#include <fmt/format.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "agent/app/cluster_finder.hpp"
#include "agent/cli/doctor_agent.hpp"
#include "agent/cli/setup.hpp"
#include "agent/kube/api_server.hpp"
#include "agent/kube/token_expiry.hpp"
#include "base/net/certificate.hpp"
#include "notifiers/dingtalk/app.hpp"
#include "notifiers/feishu/app.hpp"

namespace klaw::cli {
namespace {

using Condition = Finding::Condition;
namespace feishu = notifiers::feishu;
namespace dingtalk = notifiers::dingtalk;

constexpr Duration patience = 10s;
constexpr Duration soon = 7 * 24h;

void judgeEnd(const std::string& check, Words subject, TimePoint ends, TimePoint now, Words remedy,
              DoctorReport& report) {
    auto left = ends - now;
    report.add(left < Duration::zero() ? Condition::Failed
               : left < soon           ? Condition::Warning
                                       : Condition::Ok,
               check, std::move(subject), "ends " + formatRfc3339(std::chrono::floor<std::chrono::seconds>(ends)),
               std::move(remedy));
}

void examineClock(const std::string& check, Words subject, const net::HttpHead& head, TimePoint now,
                  DoctorReport& report) {
    auto date = head.headers.get("Date");
    if (auto there = date ? instantOf(*date) : std::nullopt)
        judgeClock(check, std::move(subject), now - *there, report);
}

void examineServer(SetupRun& world, kube::ClusterAccess access, DoctorReport& report) {
    Words subject{"cluster " + access.name + ", asked from here", "集群 " + access.name + "（从本机访问）"};
    auto name = access.name;
    if (auto ends = kube::tokenExpiry(access)) {
        auto left = *ends - world.clock.now();
        report.add(left > Duration::zero() ? Condition::Ok : Condition::Failed, "cluster.credentials",
                   {"token for " + name + ", as it stands here", name + " 的 token（本机）"},
                   "ends " + formatRfc3339(std::chrono::floor<std::chrono::seconds>(*ends)),
                   {"give the kubeconfig a new token", "更新 kubeconfig 中的 token"});
    }
    if (!access.clientCertPem.empty()) judgeClientCertificate(name, access.clientCertPem, world.clock.now(), report);
    kube::ApiServer server(world.loop, world.clock, std::move(access));
    auto answer = world.run(server.get("/version", patience));
    if (!answer)
        return report.add(
            Condition::Failed, "cluster.reach", std::move(subject), evidenceOf(answer.error()),
            {"look at address, credentials, certificates and network policies", "检查地址、凭据、证书和网络策略"});
    auto version = nlohmann::json::parse(answer->body, nullptr, false);
    report.ok("cluster.reach", std::move(subject),
              version.is_object() ? version.value("gitVersion", "no version") : "no version");
    auto now = world.clock.now();
    examineClock("cluster.clock", {"clock beside " + name, "与 " + name + " 的时钟差"}, *answer, now, report);
    if (answer->certificateEnds)
        judgeEnd("cluster.certificate", {"certificate of " + name, name + " 的证书"}, *answer->certificateEnds, now,
                 {"renew the certificate of that server", "更新该服务器的证书"}, report);
}

/// Of a source that is one cluster, or of one that is a directory or all contexts of a file.
void examineSource(SetupRun& world, const app::ClusterConfig& source, DoctorReport& report) {
    auto place = source.directory.empty() ? source.name : source.directory;
    Words subject{"cluster " + place, "集群 " + place};
    if (source.secret)
        return report.add(Condition::Unknown, "cluster.reach", std::move(subject),
                          "its kubeconfig is in a Secret, which the agent reads: not asked from here",
                          {"the line of the agent about it says how it is", "见 agent 所见的那一行"});
    auto found = app::clustersOnDisk({source});
    if (!found)
        return report.add(Condition::Failed, "cluster.kubeconfig", std::move(subject), evidenceOf(found.error()),
                          {found.error().remedy, found.error().remedy});
    for (const auto& problem : found->problems)
        report.add(Condition::Failed, "cluster.kubeconfig", subject, evidenceOf(problem),
                   {problem.remedy, problem.remedy});
    if (found->clusters.empty() && found->problems.empty())
        report.add(
            Condition::Warning, "cluster.kubeconfig", std::move(subject), "there is no kubeconfig",
            {"the agent watches nothing of it until there is one", "放入 kubeconfig 之前，agent 不监视任何集群"});
    for (auto& access : found->clusters) examineServer(world, std::move(access), report);
}

void judgeCredentials(const app::AppConfig& app, const Result<void>& token, DoctorReport& report) {
    Words subject{"credentials of " + app.name, app.name + " 的凭据"};
    if (token) return report.ok("chat.credentials", std::move(subject), "the platform gives a token for them");
    bool away = token.error().code == ErrorCode::Unavailable || token.error().code == ErrorCode::DeadlineExceeded;
    report.add(Condition::Failed, "chat.credentials", std::move(subject), evidenceOf(token.error()),
               away ? Words{"the platform must be reachable from here", "本机需要能访问该平台"}
                    : Words{"copy id and secret anew; `klaw feishu|dingtalk setup --check` looks at the rest",
                            "重新复制 id 和密钥；其余由 `klaw feishu|dingtalk setup --check` 检查"});
}

/// Any answer has a clock.
void examinePlatformClock(SetupRun& world, const std::string& url, const std::string& app, DoctorReport& report) {
    if (auto answer = world.run(world.client.send(net::HttpRequest("GET", url + "/"), patience)))
        examineClock("chat.clock", {"clock beside the platform of " + app, "与 " + app + " 所在平台的时钟差"}, *answer,
                     world.clock.now(), report);
}

void examineFeishu(SetupRun& world, const app::AppConfig& app, DoctorReport& report) {
    feishu::AppOptions options;
    options.name = app.name;
    options.id = app.id;
    options.secret = app.secret;
    options.url = feishu::openPlatformUrl(app.domain);
    auto url = options.url;
    feishu::App asked(world.loop, world.client, world.clock, world.random, std::move(options));
    judgeCredentials(app, world.run(asked.checkCredentials()), report);
    examinePlatformClock(world, url, app.name, report);
}

void examineDingTalk(SetupRun& world, const app::AppConfig& app, DoctorReport& report) {
    dingtalk::AppOptions options;
    options.name = app.name;
    options.id = app.id;
    options.secret = app.secret;
    options.robotCode = app.robotCode;
    options.platform = dingtalk::platformOf(app.domain);
    auto url = options.platform.api;
    dingtalk::App asked(world.loop, world.client, world.clock, std::move(options));
    judgeCredentials(app, world.run(asked.checkCredentials()), report);
    examinePlatformClock(world, url, app.name, report);
}

}  // namespace

void examineNetwork(const app::Config& config, DoctorReport& report) {
    SetupRun world;
    auto sources = config.clusters;
    if (sources.empty()) sources.emplace_back();
    for (const auto& source : sources) examineSource(world, source, report);
    for (const auto& app : config.apps) {
        if (app.secretFrom)
            report.add(Condition::Unknown, "chat.credentials", {"credentials of " + app.name, app.name + " 的凭据"},
                       "their secret stands in Kubernetes, where the agent reads it",
                       {"the line about its connection says whether they are taken", "是否有效见其连接一行"});
        else if (app.type == app::ChannelConfig::Type::Feishu)
            examineFeishu(world, app, report);
        else
            examineDingTalk(world, app, report);
    }
}

void judgeClientCertificate(const std::string& cluster, std::string_view pem, TimePoint now, DoctorReport& report) {
    Words subject{"client certificate for " + cluster + ", as it stands here", cluster + " 的客户端证书（本机）"};
    Words remedy{"give the kubeconfig a new client certificate", "更新 kubeconfig 中的客户端证书"};
    auto chain = net::readCertificates(pem);
    if (!chain)
        return report.add(Condition::Failed, "cluster.client_certificate", std::move(subject),
                          evidenceOf(chain.error()), std::move(remedy));
    judgeEnd("cluster.client_certificate", std::move(subject), chain->front().notAfter, now, std::move(remedy), report);
}

std::optional<TimePoint> instantOf(std::string_view date) {
    std::tm parts{};
    std::string text(date);
    const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (!end || *end != '\0') return std::nullopt;
    return TimePoint() + std::chrono::seconds(::timegm(&parts));
}

}  // namespace klaw::cli
