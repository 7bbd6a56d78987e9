// Flags of the control plane, where its Pods are visible. Defaults are those of Kubernetes 1.36:
// https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
#include <algorithm>

#include "agent/security/check.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::security {
namespace {

/// The command line of one program of the control plane.
class Flags {
public:
    /// Nothing where the object is not a Pod of the program.
    static std::optional<Flags> of(const ObjectView& object, std::string_view program) {
        if (object.subject.ns != "kube-system") return std::nullopt;
        for (const auto& container : at(at(object.json, "spec"), "containers")) {
            auto words = textsAt(container, "command");
            auto arguments = textsAt(container, "args");
            words.insert(words.end(), arguments.begin(), arguments.end());
            auto name = words.empty() ? std::string_view() : std::string_view(words.front());
            bool runs = name == program || name.ends_with("/" + std::string(program));
            if (runs)
                return Flags(std::move(words), "spec.containers[" + textAt(container, "name") + "].command",
                             at(container, "env"));
        }
        return std::nullopt;
    }
    /// The last one counts; "true" for one that stands alone.
    std::optional<std::string> value(const std::string& name) const {
        std::optional<std::string> found;
        auto alone = "--" + name, before = alone + "=";
        for (std::size_t i = 0; i < words_.size(); ++i) {
            auto word = words_[i];
            // etcd takes one dash as well.
            if (word.starts_with('-') && !word.starts_with("--")) word.insert(0, "-");
            if (word.starts_with(before)) found = word.substr(before.size());
            if (word != alone) continue;
            bool hasNext = i + 1 < words_.size() && !words_[i + 1].starts_with('-');
            found = hasNext ? words_[i + 1] : "true";
        }
        return found;
    }
    /// What a variable of the container is set to; empty where that stands elsewhere.
    std::optional<std::string> environment(std::string_view name) const {
        for (const auto& variable : environment_)
            if (textAt(variable, "name") == name) return textAt(variable, "value");
        return std::nullopt;
    }
    bool hasEnvironment(std::string_view name) const { return environment(name).has_value(); }
    bool includes(const std::string& name, std::string_view wanted) const {
        auto list = "," + value(name).value_or("") + ",";
        return list.find("," + std::string(wanted) + ",") != list.npos;
    }
    void tell(const std::string& name, EvidenceList& found) const {
        auto set = value(name);
        found.add(path_, "--" + name + (set ? "=" + *set : " is not set"));
    }

private:
    Flags(std::vector<std::string> words, std::string path, Json environment)
        : words_(std::move(words)), path_(std::move(path)), environment_(std::move(environment)) {}
    std::vector<std::string> words_;
    std::string path_;
    Json environment_;
};

/// Tells of the flag where `isBad`.
template <class IsBad>
void judge(const ObjectView& object, EvidenceList& found, std::string_view program, const char* flag, IsBad isBad) {
    auto flags = Flags::of(object, program);
    if (flags && isBad(*flags)) flags->tell(flag, found);
}

constexpr auto apiServer = "kube-apiserver", controllerManager = "kube-controller-manager",
               scheduler = "kube-scheduler", etcd = "etcd";

void anonymousAccess(const ObjectView& object, EvidenceList& found) {
    // An AuthenticationConfiguration may limit it to some paths.
    judge(object, found, apiServer, "anonymous-auth", [](const Flags& flags) {
        return flags.value("anonymous-auth").value_or("true") != "false" && !flags.value("authentication-config");
    });
}

void tokenFile(const ObjectView& object, EvidenceList& found) {
    judge(object, found, apiServer, "token-auth-file",
          [](const Flags& flags) { return flags.value("token-auth-file").has_value(); });
}

void kubeletAuthority(const ObjectView& object, EvidenceList& found) {
    judge(object, found, apiServer, "kubelet-certificate-authority",
          [](const Flags& flags) { return !flags.value("kubelet-certificate-authority"); });
}

bool hasModes(const Flags& flags) {
    return !flags.value("authorization-config");  // which says it in a file
}

void alwaysAllow(const ObjectView& object, EvidenceList& found) {
    judge(object, found, apiServer, "authorization-mode", [](const Flags& flags) {
        bool byDefault = !flags.value("authorization-mode");
        return hasModes(flags) && (byDefault || flags.includes("authorization-mode", "AlwaysAllow"));
    });
}

void withoutRbac(const ObjectView& object, EvidenceList& found) {
    judge(object, found, apiServer, "authorization-mode",
          [](const Flags& flags) { return hasModes(flags) && !flags.includes("authorization-mode", "RBAC"); });
}

void withoutNode(const ObjectView& object, EvidenceList& found) {
    judge(object, found, apiServer, "authorization-mode",
          [](const Flags& flags) { return hasModes(flags) && !flags.includes("authorization-mode", "Node"); });
}

void withoutNodeRestriction(const ObjectView& object, EvidenceList& found) {
    judge(object, found, apiServer, "enable-admission-plugins",
          [](const Flags& flags) { return !flags.includes("enable-admission-plugins", "NodeRestriction"); });
}

void alwaysAdmit(const ObjectView& object, EvidenceList& found) {
    judge(object, found, apiServer, "enable-admission-plugins",
          [](const Flags& flags) { return flags.includes("enable-admission-plugins", "AlwaysAdmit"); });
}

void withoutServiceAccountPlugin(const ObjectView& object, EvidenceList& found) {
    judge(object, found, apiServer, "disable-admission-plugins",
          [](const Flags& flags) { return flags.includes("disable-admission-plugins", "ServiceAccount"); });
}

void withoutAuditLog(const ObjectView& object, EvidenceList& found) {
    judge(object, found, apiServer, "audit-log-path", [](const Flags& flags) {
        return !flags.value("audit-log-path") && !flags.value("audit-webhook-config-file");
    });
    // Without a policy nothing is written, wherever to.
    judge(object, found, apiServer, "audit-policy-file",
          [](const Flags& flags) { return !flags.value("audit-policy-file"); });
}

void withoutEncryption(const ObjectView& object, EvidenceList& found) {
    judge(object, found, apiServer, "encryption-provider-config",
          [](const Flags& flags) { return !flags.value("encryption-provider-config"); });
}

void insecurePort(const ObjectView& object, EvidenceList& found) {
    judge(object, found, apiServer, "insecure-port",
          [](const Flags& flags) { return flags.value("insecure-port").value_or("0") != "0"; });
}

void weakTls(const ObjectView& object, EvidenceList& found) {
    judge(object, found, apiServer, "tls-min-version", [](const Flags& flags) {
        auto least = flags.value("tls-min-version").value_or("VersionTLS12");
        return least == "VersionTLS10" || least == "VersionTLS11";
    });
    judge(object, found, apiServer, "tls-cipher-suites", [](const Flags& flags) {
        auto suites = flags.value("tls-cipher-suites").value_or("");
        return suites.find("RC4") != suites.npos || suites.find("3DES") != suites.npos;
    });
}

bool isProfiled(const Flags& flags) {
    return flags.value("profiling").value_or("true") != "false";
}

void profiling(const ObjectView& object, EvidenceList& found) {
    for (const char* program : {apiServer, controllerManager, scheduler})
        judge(object, found, program, "profiling", isProfiled);
}

void openManagers(const ObjectView& object, EvidenceList& found) {
    for (const char* program : {controllerManager, scheduler})
        judge(object, found, program, "bind-address", [](const Flags& flags) {
            auto address = flags.value("bind-address").value_or("0.0.0.0");
            return address != "127.0.0.1" && address != "::1";
        });
}

void sharedCredentials(const ObjectView& object, EvidenceList& found) {
    judge(object, found, controllerManager, "use-service-account-credentials", [](const Flags& flags) {
        return flags.value("use-service-account-credentials").value_or("false") != "true";
    });
}

void openEtcd(const ObjectView& object, EvidenceList& found) {
    judge(object, found, etcd, "client-cert-auth", [](const Flags& flags) {
        // Its file counts instead of all flags, and is not to be seen.
        bool elsewhere = flags.value("config-file") || flags.hasEnvironment("ETCD_CONFIG_FILE");
        auto set = flags.value("client-cert-auth");
        if (!set) set = flags.environment("ETCD_CLIENT_CERT_AUTH");
        return !elsewhere && set.value_or("false") != "true";
    });
}

}  // namespace

std::optional<std::string_view> controlPlaneProgramOf(const ObjectView& object) {
    for (std::string_view program : {apiServer, controllerManager, scheduler, etcd})
        if (Flags::of(object, program)) return program;
    return std::nullopt;
}

std::vector<Check> controlPlaneChecks() {
    std::vector<Check> checks;
    auto add = [&](std::string_view id, Severity severity, rules::LocalizedText title, rules::LocalizedText remedy,
                   std::vector<Reference> references, void (*look)(const ObjectView&, EvidenceList&),
                   std::vector<std::string_view> programs = {apiServer}) {
        references.push_back(owasp("K09"));
        Check check{id, severity, std::move(title), std::move(remedy), std::move(references), {"pods"}};
        check.programs = std::move(programs);
        check.object = look;
        checks.push_back(std::move(check));
    };
    add("api-server-anonymous", Severity::Medium,
        {"The API server answers whoever does not log in", "API Server 接受匿名请求"},
        {"Set --anonymous-auth=false, or limit it to health checks by --authentication-config",
         "设置 --anonymous-auth=false，或用 --authentication-config 仅放行健康检查"},
        {cis("1.2.1"), kubescape("C-0113")}, anonymousAccess);
    add("api-server-token-file", Severity::High,
        {"The API server takes passwords that never change, from a file", "API Server 使用静态令牌文件认证"},
        {"Remove --token-auth-file", "去掉 --token-auth-file"}, {cis("1.2.2"), kubescape("C-0114")}, tokenFile);
    add("api-server-kubelet-authority", Severity::Medium,
        {"The API server does not check the certificates of kubelets", "API Server 不校验 kubelet 证书"},
        {"Set --kubelet-certificate-authority", "设置 --kubelet-certificate-authority"},
        {cis("1.2.5"), kubescape("C-0117")}, kubeletAuthority);
    add("api-server-always-allow", Severity::Critical,
        {"The API server allows everybody everything", "API Server 允许任何人执行任何操作"},
        {"Set --authorization-mode=Node,RBAC", "设置 --authorization-mode=Node,RBAC"},
        {cis("1.2.6"), kubescape("C-0118")}, alwaysAllow);
    add("api-server-node-authorization", Severity::Medium,
        {"Kubelets may read more than what is of their node", "kubelet 可读取不属于本节点的对象"},
        {"Add Node to --authorization-mode", "在 --authorization-mode 中加入 Node"},
        {cis("1.2.7"), kubescape("C-0119")}, withoutNode);
    add("api-server-rbac", Severity::High, {"The API server does not use roles", "API Server 未启用 RBAC"},
        {"Add RBAC to --authorization-mode", "在 --authorization-mode 中加入 RBAC"},
        {cis("1.2.8"), kubescape("C-0088"), kubescape("C-0120")}, withoutRbac);
    add("api-server-always-admit", Severity::Medium,
        {"The API server admits every object", "API Server 启用了 AlwaysAdmit"},
        {"Take AlwaysAdmit out of --enable-admission-plugins", "从 --enable-admission-plugins 中去掉 AlwaysAdmit"},
        {cis("1.2.10"), kubescape("C-0122")}, alwaysAdmit);
    add("api-server-service-account-plugin", Severity::High,
        {"The API server does not check the service accounts of Pods", "API Server 停用了 ServiceAccount 准入插件"},
        {"Take ServiceAccount out of --disable-admission-plugins",
         "从 --disable-admission-plugins 中去掉 ServiceAccount"},
        {cis("1.2.12")}, withoutServiceAccountPlugin);
    add("api-server-node-restriction", Severity::Medium,
        {"A kubelet may change other nodes and their Pods", "kubelet 可修改其他节点及其 Pod"},
        {"Add NodeRestriction to --enable-admission-plugins", "在 --enable-admission-plugins 中加入 NodeRestriction"},
        {cis("1.2.14"), kubescape("C-0127")}, withoutNodeRestriction);
    add("control-plane-profiling", Severity::Low,
        {"A part of the control plane shows its profile", "控制面组件开启了性能剖析接口"},
        {"Set --profiling=false", "设置 --profiling=false"},
        {cis("1.2.15"), cis("1.3.2"), cis("1.4.1"), kubescape("C-0129"), kubescape("C-0145"), kubescape("C-0151")},
        profiling, {apiServer, controllerManager, scheduler});
    add("api-server-audit-log", Severity::Medium, {"The API server writes no audit log", "API Server 未记录审计日志"},
        {"Set --audit-policy-file and --audit-log-path", "设置 --audit-policy-file 与 --audit-log-path"},
        {cis("1.2.16"), cis("3.2.1"), owasp("K05"), nsa("Audit Logging and Threat Detection"), kubescape("C-0067"),
         kubescape("C-0130")},
        withoutAuditLog);
    add("api-server-encryption", Severity::Medium, {"Secrets stand in etcd as they are", "etcd 中的 Secret 未加密"},
        {"Set --encryption-provider-config", "设置 --encryption-provider-config"},
        {cis("1.2.27"), owasp("K08"), nsa("Network separation and hardening: Encryption"), kubescape("C-0066"),
         kubescape("C-0141")},
        withoutEncryption);
    add("api-server-insecure-port", Severity::Critical,
        {"The API server has a port without TLS and without log-in", "API Server 开放了无 TLS、无认证的端口"},
        {"Remove --insecure-port", "去掉 --insecure-port"}, {kubescape("C-0005")}, insecurePort);
    add("api-server-weak-tls", Severity::Medium,
        {"The API server takes TLS that is broken", "API Server 允许不安全的 TLS 版本或套件"},
        {"Set --tls-min-version=VersionTLS12, and leave RC4 and 3DES out of --tls-cipher-suites",
         "设置 --tls-min-version=VersionTLS12，并从 --tls-cipher-suites 中去掉 RC4 与 3DES"},
        {cis("1.2.29"), kubescape("C-0143")}, weakTls);
    add("control-plane-open-port", Severity::Low,
        {"The controller manager or the scheduler listens on all addresses",
         "controller-manager 或 scheduler 监听所有地址"},
        {"Set --bind-address=127.0.0.1", "设置 --bind-address=127.0.0.1"},
        {cis("1.3.7"), cis("1.4.2"), kubescape("C-0150"), kubescape("C-0152")}, openManagers,
        {controllerManager, scheduler});
    add("controller-manager-credentials", Severity::Medium,
        {"All controllers work with the same rights", "所有控制器共用同一权限"},
        {"Set --use-service-account-credentials=true", "设置 --use-service-account-credentials=true"}, {cis("1.3.3")},
        sharedCredentials, {controllerManager});
    add("etcd-client-certificates", Severity::Critical,
        {"etcd takes clients without a certificate", "etcd 不校验客户端证书"},
        {"Set --client-cert-auth=true", "设置 --client-cert-auth=true"}, {cis("2.2")}, openEtcd, {etcd});
    return checks;
}

}  // namespace klaw::security
