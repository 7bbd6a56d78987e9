// The controls that the level restricted of the Pod Security Standards adds, each judged as the admission of
// Kubernetes 1.36 judges it at the version "latest".
#include <algorithm>

#include "agent/security/check.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::security {
namespace {

void volumeTypes(const PodView& pod, EvidenceList& found) {
    static constexpr const char* allowed[] = {"configMap", "csi",   "downwardAPI",           "emptyDir",
                                              "ephemeral", "image", "persistentVolumeClaim", "projected",
                                              "secret"};
    pod.forEachVolume([&](const Json& volume, const std::string& path) {
        auto has = [&](const char* type) { return !at(volume, type).is_null(); };
        if (std::ranges::any_of(allowed, has)) return;
        std::string type = "none";
        if (volume.is_object())
            for (const auto& [key, value] : volume.items())
                if (key != "name" && !value.is_null()) type = key;
        found.add(path, type);
    });
}

void privilegeEscalation(const PodView& pod, EvidenceList& found) {
    if (pod.isWindows()) return;
    pod.forEachContainer([&](const Json& container, const std::string& path) {
        const auto& allows = memberAt(container, "securityContext.allowPrivilegeEscalation");
        if (allows != false) found.add(path + ".securityContext.allowPrivilegeEscalation", allows);
    });
}

void capabilitiesKept(const PodView& pod, EvidenceList& found) {
    if (pod.isWindows()) return;
    pod.forEachContainer([&](const Json& container, const std::string& path) {
        const auto& capabilities = memberAt(container, "securityContext.capabilities");
        auto where = path + ".securityContext.capabilities.";
        if (std::ranges::count(textsAt(capabilities, "drop"), "ALL") == 0)
            found.add(where + "drop", at(capabilities, "drop"));
        for (const auto& added : textsAt(capabilities, "add"))
            if (added != "NET_BIND_SERVICE") found.add(where + "add", added);
    });
}

/// A container may say it itself; else what the Pod says counts.
void runAsNonRoot(const PodView& pod, EvidenceList& found) {
    if (pod.hasUserNamespace()) return;
    const auto& ofPod = memberAt(pod.spec(), "securityContext.runAsNonRoot");
    if (ofPod == false) found.add(pod.at("securityContext.runAsNonRoot"), ofPod);
    pod.forEachContainer([&](const Json& container, const std::string& path) {
        const auto& own = memberAt(container, "securityContext.runAsNonRoot");
        if (own == false || (own.is_null() && ofPod != true)) found.add(path + ".securityContext.runAsNonRoot", own);
    });
}

void runAsRootUser(const PodView& pod, EvidenceList& found) {
    if (pod.hasUserNamespace()) return;
    pod.forEachSecurityContext([&](const Json& context, const std::string& path) {
        if (integerAt(context, "runAsUser") == 0) found.add(path + ".runAsUser", "0");
    });
}

bool isConfined(const Json& profile) {
    auto type = textAt(profile, "type");
    return type == "RuntimeDefault" || type == "Localhost";
}

void seccompMissing(const PodView& pod, EvidenceList& found) {
    if (pod.isWindows()) return;
    const auto& ofPod = memberAt(pod.spec(), "securityContext.seccompProfile");
    if (ofPod.is_object() && !isConfined(ofPod))
        found.add(pod.at("securityContext.seccompProfile.type"), at(ofPod, "type"));
    pod.forEachContainer([&](const Json& container, const std::string& path) {
        const auto& own = memberAt(container, "securityContext.seccompProfile");
        if (!isConfined(own.is_object() ? own : ofPod))
            found.add(path + ".securityContext.seccompProfile.type", at(own, "type"));
    });
}

void procMountAnywhere(const PodView& pod, EvidenceList& found) {
    pod.forEachContainer([&](const Json& container, const std::string& path) {
        const auto& mount = memberAt(container, "securityContext.procMount");
        if (mount.is_string() && mount != "Default") found.add(path + ".securityContext.procMount", mount);
    });
}

}  // namespace

std::vector<Check> restrictedChecks() {
    std::vector<Check> checks;
    addPodCheck(checks, "volume-types", Severity::Low,
                {"Pods use a type of volume that the level restricted does not have",
                 "Pod 使用了 restricted 级别不允许的卷类型"},
                {"Use a PersistentVolumeClaim, a CSI volume or one that is made for the Pod",
                 "改用 PersistentVolumeClaim、CSI 卷或随 Pod 创建的卷"},
                {podSecurity("Volume Types")}, volumeTypes);
    addPodCheck(
        checks, "privilege-escalation", Severity::Medium,
        {"Processes of a container may gain more rights than their parent has", "容器进程可获得高于父进程的权限"},
        {"Set securityContext.allowPrivilegeEscalation to false",
         "将 securityContext.allowPrivilegeEscalation 设为 false"},
        {podSecurity("Privilege Escalation"), cis("5.2.6"), owasp("K01"), kubescape("C-0016")}, privilegeEscalation);
    addPodCheck(checks, "run-as-non-root", Severity::Medium, {"A container may run as root", "容器可以以 root 运行"},
                {"Set securityContext.runAsNonRoot to true, for the Pod or for each container",
                 "在 Pod 或每个容器上将 securityContext.runAsNonRoot 设为 true"},
                {podSecurity("Running as Non-root"), cis("5.2.7"), owasp("K01"), kubescape("C-0013")}, runAsNonRoot);
    addPodCheck(
        checks, "run-as-root-user", Severity::High, {"A container is told to run as root", "容器被指定以 root 运行"},
        {"Set securityContext.runAsUser to another user than 0", "将 securityContext.runAsUser 设为非 0 用户"},
        {podSecurity("Running as Non-root user"), cis("5.2.7"), owasp("K01"), kubescape("C-0013")}, runAsRootUser);
    addPodCheck(checks, "seccomp-missing", Severity::Low, {"No seccomp profile is set", "未设置 seccomp 配置"},
                {"Set securityContext.seccompProfile.type to RuntimeDefault for the Pod",
                 "在 Pod 上将 securityContext.seccompProfile.type 设为 RuntimeDefault"},
                {podSecurity("Seccomp"), cis("5.6.2"), kubescape("C-0055")}, seccompMissing);
    addPodCheck(checks, "capabilities-kept", Severity::Low,
                {"A container keeps capabilities that it does not name", "容器保留了未声明的 capability"},
                {"Drop ALL, and add NET_BIND_SERVICE at most", "在 drop 中写 ALL，最多添加 NET_BIND_SERVICE"},
                {podSecurity("Capabilities"), cis("5.2.9"), owasp("K01"), kubescape("C-0055")}, capabilitiesKept);
    addPodCheck(
        checks, "proc-mount-in-user-namespace", Severity::Low,
        {"A container sees all of /proc, in a user namespace or not", "容器可见完整的 /proc（含用户命名空间内）"},
        {"Remove procMount, or set it to Default", "去掉 procMount，或设为 Default"}, {podSecurity("/proc Mount Type")},
        procMountAnywhere);
    return checks;
}

}  // namespace klaw::security
