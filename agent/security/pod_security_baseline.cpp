// The controls of the level baseline of the Pod Security Standards, each judged as the admission of Kubernetes 1.36
// judges it at the version "latest": https://kubernetes.io/docs/concepts/security/pod-security-standards/
#include <algorithm>

#include "agent/security/check.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::security {
namespace {

template <std::size_t N>
bool isOneOf(const std::string& value, const std::string_view (&allowed)[N]) {
    return std::ranges::find(allowed, value) != std::end(allowed);
}

void hostProcess(const PodView& pod, EvidenceList& found) {
    pod.forEachSecurityContext([&](const Json& context, const std::string& path) {
        if (flagAt(at(context, "windowsOptions"), "hostProcess", false))
            found.add(path + ".windowsOptions.hostProcess", "true");
    });
}

void hostNamespaces(const PodView& pod, EvidenceList& found) {
    for (const char* field : {"hostNetwork", "hostPID", "hostIPC"})
        if (flagAt(pod.spec(), field, false)) found.add(pod.at(field), "true");
}

void privileged(const PodView& pod, EvidenceList& found) {
    pod.forEachContainer([&](const Json& container, const std::string& path) {
        if (flagAt(at(container, "securityContext"), "privileged", false))
            found.add(path + ".securityContext.privileged", "true");
    });
}

void addedCapabilities(const PodView& pod, EvidenceList& found) {
    static constexpr std::string_view allowed[] = {"AUDIT_WRITE", "CHOWN",  "DAC_OVERRIDE",     "FOWNER",  "FSETID",
                                                   "KILL",        "MKNOD",  "NET_BIND_SERVICE", "SETFCAP", "SETGID",
                                                   "SETPCAP",     "SETUID", "SYS_CHROOT"};
    pod.forEachContainer([&](const Json& container, const std::string& path) {
        for (const auto& added : textsAt(memberAt(container, "securityContext.capabilities"), "add"))
            if (!isOneOf(added, allowed)) found.add(path + ".securityContext.capabilities.add", added);
    });
}

void hostPaths(const PodView& pod, EvidenceList& found) {
    pod.forEachVolume([&](const Json& volume, const std::string& path) {
        if (const auto& host = at(volume, "hostPath"); host.is_object())
            found.add(path + ".hostPath.path", at(host, "path"));
    });
}

void hostPorts(const PodView& pod, EvidenceList& found) {
    pod.forEachContainer([&](const Json& container, const std::string& path) {
        for (const auto& port : at(container, "ports"))
            if (integerAt(port, "hostPort").value_or(0) != 0) found.add(path + ".ports.hostPort", at(port, "hostPort"));
    });
}

void hostOfHandler(const Json& handler, const std::string& path, EvidenceList& found) {
    for (const char* action : {"httpGet", "tcpSocket"})
        if (auto host = textAt(at(handler, action), "host"); !host.empty())
            found.add(path + "." + action + ".host", host);
}

void hostProbes(const PodView& pod, EvidenceList& found) {
    pod.forEachContainer([&](const Json& container, const std::string& path) {
        for (const char* probe : {"livenessProbe", "readinessProbe", "startupProbe"})
            hostOfHandler(at(container, probe), path + "." + probe, found);
        for (const char* hook : {"postStart", "preStop"})
            hostOfHandler(at(at(container, "lifecycle"), hook), path + ".lifecycle." + hook, found);
    });
}

void appArmor(const PodView& pod, EvidenceList& found) {
    static constexpr std::string_view allowed[] = {"RuntimeDefault", "Localhost"};
    constexpr std::string_view annotation = "container.apparmor.security.beta.kubernetes.io/";
    pod.forEachSecurityContext([&](const Json& context, const std::string& path) {
        const auto& profile = at(context, "appArmorProfile");
        if (profile.is_object() && !isOneOf(textAt(profile, "type"), allowed))
            found.add(path + ".appArmorProfile.type", at(profile, "type"));
    });
    if (!pod.annotations().is_object()) return;
    for (const auto& [key, value] : pod.annotations().items()) {
        if (!key.starts_with(annotation)) continue;
        auto profile = textAt(pod.annotations(), key);
        bool fine = profile.empty() || profile == "runtime/default" || profile.starts_with("localhost/");
        if (!fine) found.add(pod.atMetadata("annotations[" + key + "]"), profile);
    }
}

void seLinux(const PodView& pod, EvidenceList& found) {
    static constexpr std::string_view allowed[] = {"", "container_t", "container_init_t", "container_kvm_t",
                                                   "container_engine_t"};
    pod.forEachSecurityContext([&](const Json& context, const std::string& path) {
        const auto& options = at(context, "seLinuxOptions");
        auto where = path + ".seLinuxOptions.";
        if (!isOneOf(textAt(options, "type"), allowed)) found.add(where + "type", at(options, "type"));
        for (const char* field : {"user", "role"})
            if (!textAt(options, field).empty()) found.add(where + field, at(options, field));
    });
}

void procMount(const PodView& pod, EvidenceList& found) {
    if (pod.hasUserNamespace()) return;
    pod.forEachContainer([&](const Json& container, const std::string& path) {
        const auto& mount = memberAt(container, "securityContext.procMount");
        if (mount.is_string() && mount != "Default") found.add(path + ".securityContext.procMount", mount);
    });
}

void seccomp(const PodView& pod, EvidenceList& found) {
    static constexpr std::string_view allowed[] = {"RuntimeDefault", "Localhost"};
    pod.forEachSecurityContext([&](const Json& context, const std::string& path) {
        const auto& profile = at(context, "seccompProfile");
        if (profile.is_object() && !isOneOf(textAt(profile, "type"), allowed))
            found.add(path + ".seccompProfile.type", at(profile, "type"));
    });
}

void sysctls(const PodView& pod, EvidenceList& found) {
    static constexpr std::string_view allowed[] = {"kernel.shm_rmid_forced",
                                                   "net.ipv4.ip_local_port_range",
                                                   "net.ipv4.tcp_syncookies",
                                                   "net.ipv4.ping_group_range",
                                                   "net.ipv4.ip_unprivileged_port_start",
                                                   "net.ipv4.ip_local_reserved_ports",
                                                   "net.ipv4.tcp_keepalive_time",
                                                   "net.ipv4.tcp_fin_timeout",
                                                   "net.ipv4.tcp_keepalive_intvl",
                                                   "net.ipv4.tcp_keepalive_probes",
                                                   "net.ipv4.tcp_rmem",
                                                   "net.ipv4.tcp_wmem"};
    for (const auto& sysctl : at(at(pod.spec(), "securityContext"), "sysctls"))
        if (auto name = textAt(sysctl, "name"); !isOneOf(name, allowed))
            found.add(pod.at("securityContext.sysctls"), name);
}

}  // namespace

std::vector<Check> baselineChecks() {
    std::vector<Check> checks;
    addPodCheck(checks, "privileged-container", Severity::Critical, {"A container is privileged", "容器以特权模式运行"},
                {"Remove securityContext.privileged, and add the single capabilities that are needed",
                 "去掉 securityContext.privileged，只添加确需的 capability"},
                {podSecurity("Privileged Containers"), cis("5.2.2"), owasp("K01"), kubescape("C-0057")}, privileged);
    addPodCheck(
        checks, "host-namespaces", Severity::High,
        {"Pods share the network, process or IPC namespace of their node", "Pod 使用节点的网络、进程或 IPC 命名空间"},
        {"Remove hostNetwork, hostPID and hostIPC", "去掉 hostNetwork、hostPID 与 hostIPC"},
        {podSecurity("Host Namespaces"), cis("5.2.3"), cis("5.2.4"), cis("5.2.5"), owasp("K01"), kubescape("C-0038"),
         kubescape("C-0041")},
        hostNamespaces);
    addPodCheck(checks, "host-process", Severity::Critical,
                {"A Windows container runs as a process of the host", "Windows 容器以主机进程方式运行"},
                {"Remove windowsOptions.hostProcess", "去掉 windowsOptions.hostProcess"},
                {podSecurity("HostProcess"), cis("5.2.10"), owasp("K01")}, hostProcess);
    addPodCheck(checks, "capabilities-added", Severity::High,
                {"A container adds capabilities beyond the usual ones", "容器添加了默认范围之外的 capability"},
                {"Remove them from capabilities.add", "从 capabilities.add 中去掉"},
                {podSecurity("Capabilities"), cis("5.2.8"), cis("5.2.9"), owasp("K01"), kubescape("C-0046")},
                addedCapabilities);
    addPodCheck(checks, "host-path-volume", Severity::High,
                {"Pods mount a path of their node", "Pod 挂载了节点上的路径"},
                {"Use a PersistentVolumeClaim, an emptyDir or a ConfigMap instead of hostPath",
                 "改用 PersistentVolumeClaim、emptyDir 或 ConfigMap"},
                {podSecurity("HostPath Volumes"), cis("5.2.11"), owasp("K01"), kubescape("C-0048")}, hostPaths);
    addPodCheck(checks, "host-port", Severity::Medium, {"A container takes a port of its node", "容器占用节点端口"},
                {"Remove hostPort, and reach it by a Service", "去掉 hostPort，改用 Service"},
                {podSecurity("Host Ports"), cis("5.2.12"), kubescape("C-0044")}, hostPorts);
    addPodCheck(
        checks, "host-probe", Severity::Medium,
        {"A probe or a lifecycle hook asks another host", "探针或生命周期钩子访问其他主机"},
        {"Remove the field host: the kubelet then asks the Pod itself", "去掉 host 字段，由 kubelet 访问 Pod 自身"},
        {podSecurity("Host Probes / Lifecycle Hooks")}, hostProbes);
    addPodCheck(checks, "apparmor-profile", Severity::High,
                {"The AppArmor profile is switched off", "AppArmor 配置被关闭"},
                {"Set appArmorProfile.type to RuntimeDefault or Localhost",
                 "将 appArmorProfile.type 设为 RuntimeDefault 或 Localhost"},
                {podSecurity("AppArmor"), owasp("K01"), kubescape("C-0055")}, appArmor);
    addPodCheck(
        checks, "selinux-options", Severity::High,
        {"SELinux runs Pods with a type, user or role of their own", "Pod 自定义了 SELinux 的类型、用户或角色"},
        {"Remove user and role, and use one of the types for containers", "去掉 user 与 role，并使用容器专用的类型"},
        {podSecurity("SELinux"), owasp("K01"), kubescape("C-0055")}, seLinux);
    addPodCheck(checks, "proc-mount", Severity::High, {"A container sees all of /proc", "容器可见完整的 /proc"},
                {"Remove procMount, or set it to Default", "去掉 procMount，或设为 Default"},
                {podSecurity("/proc Mount Type"), owasp("K01")}, procMount);
    addPodCheck(checks, "seccomp-unconfined", Severity::High, {"seccomp is switched off", "seccomp 被关闭"},
                {"Set seccompProfile.type to RuntimeDefault", "将 seccompProfile.type 设为 RuntimeDefault"},
                {podSecurity("Seccomp"), cis("5.6.2"), owasp("K01"), kubescape("C-0055")}, seccomp);
    addPodCheck(checks, "unsafe-sysctl", Severity::Medium,
                {"Pods set kernel parameters that are not safe", "Pod 设置了不安全的内核参数"},
                {"Remove them from securityContext.sysctls", "从 securityContext.sysctls 中去掉"},
                {podSecurity("Sysctls"), owasp("K01")}, sysctls);
    return checks;
}

}  // namespace klaw::security
