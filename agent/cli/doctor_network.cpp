#include "agent/cli/doctor_network.hpp"

#include <fmt/format.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "agent/app/cluster_finder.hpp"
#include "agent/cli/doctor_agent.hpp"
#include "agent/cli/doctor_rights.hpp"
#include "agent/cli/setup.hpp"
#include "agent/kube/api_server.hpp"
#include "agent/kube/token_expiry.hpp"
#include "base/net/certificate.hpp"

namespace klaw::cli {
namespace {

using Condition = Finding::Condition;

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
    auto rights = world.run(server.ownRights("default", patience));
    if (rights)
        judgeRights(name, *rights, operate::rbacParts(), report);
    else
        report.add(Condition::Unknown, "cluster.rights", {"rights in " + name, "在 " + name + " 的权限"},
                   evidenceOf(rights.error()));
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
    for (auto& access : found->clusters) examineServer(world, std::move(access), report);
}

}  // namespace

void examineClock(const std::string& check, Words subject, const net::HttpHead& head, TimePoint now,
                  DoctorReport& report) {
    auto date = head.headers.get("Date");
    if (auto there = date ? instantOf(*date) : std::nullopt)
        judgeClock(check, std::move(subject), now - *there, report);
}

void examineClusters(const app::Config& config, DoctorReport& report) {
    SetupRun world;
    auto sources = config.clusters;
    if (sources.empty()) sources.emplace_back();
    for (const auto& source : sources) examineSource(world, source, report);
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
