// Reads what test/podsecurity writes and says where Klaw's checks judge a Pod otherwise. Exit code 1 for any
// disagreement.
#include <fmt/format.h>

#include <iostream>
#include <map>
#include <set>
#include <string>

#include "agent/security/check.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::security {
namespace {

/// By the id that a check has in k8s.io/pod-security-admission.
const std::map<std::string, std::string_view>& idsOfChecks() {
    static const std::map<std::string, std::string_view> ids{{"allowPrivilegeEscalation", "privilege-escalation"},
                                                             {"appArmorProfile", "apparmor-profile"},
                                                             {"capabilities_baseline", "capabilities-added"},
                                                             {"capabilities_restricted", "capabilities-kept"},
                                                             {"hostNamespaces", "host-namespaces"},
                                                             {"hostPathVolumes", "host-path-volume"},
                                                             {"hostPorts", "host-port"},
                                                             {"hostProbesAndHostLifecycle", "host-probe"},
                                                             {"privileged", "privileged-container"},
                                                             {"procMount", "proc-mount"},
                                                             {"procMount_restricted", "proc-mount-in-user-namespace"},
                                                             {"restrictedVolumes", "volume-types"},
                                                             {"runAsNonRoot", "run-as-non-root"},
                                                             {"runAsUser", "run-as-root-user"},
                                                             {"seLinuxOptions", "selinux-options"},
                                                             {"seccompProfile_baseline", "seccomp-unconfined"},
                                                             {"seccompProfile_restricted", "seccomp-missing"},
                                                             {"sysctls", "unsafe-sysctl"},
                                                             {"windowsHostProcess", "host-process"}};
    return ids;
}

struct Count {
    std::size_t failed = 0, passed = 0, disagreed = 0;
};

int compare(std::istream& in) {
    constexpr std::size_t mostShown = 20;
    std::map<std::string, Count> counts;
    std::size_t pods = 0, disagreements = 0;
    for (std::string text; std::getline(in, text); ++pods) {
        auto json = parsedJson<Json>(text);
        const auto& pod = at(json, "pod");
        auto written = textsAt(json, "failed");
        std::set<std::string> failed(written.begin(), written.end());
        for (const auto& id : failed)
            if (!idsOfChecks().contains(id)) {
                std::cerr << "Klaw has no check for " << id << "\n";
                return 1;
            }
        Subject subject{"Pod", "shop", "web"};
        PodView view(subject, pod, "");
        for (const auto& [id, own] : idsOfChecks()) {
            EvidenceList found;
            findCheck(own)->pod(view, found);
            auto& count = counts[id];
            bool wanted = failed.contains(id);
            ++(wanted ? count.failed : count.passed);
            if (wanted == !found.empty()) continue;
            ++count.disagreed;
            if (disagreements++ < mostShown)
                std::cerr << fmt::format("{}: Kubernetes {}, {} {}: {}\n", id, wanted ? "forbids" : "allows", own,
                                         wanted ? "allows" : "forbids", pod.dump());
        }
    }
    bool all = pods > 0;
    for (const auto& [id, count] : counts) {
        fmt::print("{:<28} {:>7} forbidden {:>7} allowed {:>5} otherwise\n", id, count.failed, count.passed,
                   count.disagreed);
        all = all && count.failed > 0 && count.passed > 0 && count.disagreed == 0;
    }
    fmt::print("{} Pods, {} disagreements\n", pods, disagreements);
    return all ? 0 : 1;
}

}  // namespace
}  // namespace klaw::security

int main() {
    return klaw::security::compare(std::cin);
}
