// What the Pods of a workload are made of: images, limits, what they hold of the API and of their node.
#include <algorithm>

#include "agent/security/check.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::security {
namespace {

/// How an image is named: https://github.com/distribution/reference
struct ImageName {
    explicit ImageName(std::string_view text) {
        auto at = text.find('@');
        hasDigest = at != text.npos;
        auto path = text.substr(0, at);
        auto colon = path.rfind(':');
        auto slash = path.rfind('/');
        bool isTag = colon != path.npos && (slash == path.npos || colon > slash);  // else it is the registry's port
        if (isTag) tag = path.substr(colon + 1);
    }
    bool isMutable() const { return !hasDigest && (tag.empty() || tag == "latest"); }
    std::string_view tag;
    bool hasDigest = false;
};

void latestImage(const PodView& pod, EvidenceList& found) {
    pod.forEachContainer([&](const Json& container, const std::string& path) {
        auto image = textAt(container, "image");
        if (!image.empty() && ImageName(image).isMutable()) found.add(path + ".image", image);
    });
}

void imageWithoutDigest(const PodView& pod, EvidenceList& found) {
    pod.forEachContainer([&](const Json& container, const std::string& path) {
        auto image = textAt(container, "image");
        ImageName name(image);
        if (!image.empty() && !name.hasDigest && !name.isMutable()) found.add(path + ".image", image);
    });
}

void stalePull(const PodView& pod, EvidenceList& found) {
    pod.forEachContainer([&](const Json& container, const std::string& path) {
        auto image = textAt(container, "image"), policy = textAt(container, "imagePullPolicy");
        bool kept = policy == "IfNotPresent" || policy == "Never";
        if (kept && ImageName(image).isMutable()) found.add(path + ".imagePullPolicy", policy);
    });
}

/// Limits of a Pod as a whole count for all its containers.
void missingLimit(const PodView& pod, const char* resource, EvidenceList& found) {
    if (!at(memberAt(pod.spec(), "resources.limits"), resource).is_null()) return;
    for (const auto& container : at(pod.spec(), "containers"))
        if (at(memberAt(container, "resources.limits"), resource).is_null())
            found.addMissing(pod.at("containers") + "[" + textAt(container, "name") + "].resources.limits." + resource);
}

void missingMemoryLimit(const PodView& pod, EvidenceList& found) {
    missingLimit(pod, "memory", found);
}

void missingCpuLimit(const PodView& pod, EvidenceList& found) {
    missingLimit(pod, "cpu", found);
}

void writableRoot(const PodView& pod, EvidenceList& found) {
    if (pod.isWindows()) return;
    pod.forEachContainer([&](const Json& container, const std::string& path) {
        const auto& readOnly = memberAt(container, "securityContext.readOnlyRootFilesystem");
        if (readOnly != true) found.add(path + ".securityContext.readOnlyRootFilesystem", readOnly);
    });
}

void runtimeSocket(const PodView& pod, EvidenceList& found) {
    static constexpr std::string_view sockets[] = {"docker.sock", "containerd.sock", "crio.sock", "cri-dockerd.sock"};
    pod.forEachVolume([&](const Json& volume, const std::string& path) {
        auto host = textAt(at(volume, "hostPath"), "path");
        if (std::ranges::any_of(sockets, [&](auto socket) { return host.ends_with("/" + std::string(socket)); }))
            found.add(path + ".hostPath.path", host);
    });
}

void writableHostPath(const PodView& pod, EvidenceList& found) {
    std::vector<std::string> ofHost;
    pod.forEachVolume([&](const Json& volume, const std::string&) {
        if (at(volume, "hostPath").is_object()) ofHost.push_back(textAt(volume, "name"));
    });
    pod.forEachContainer([&](const Json& container, const std::string& path) {
        for (const auto& mount : at(container, "volumeMounts"))
            if (std::ranges::count(ofHost, textAt(mount, "name")) > 0 && !flagAt(mount, "readOnly", false))
                found.add(path + ".volumeMounts[" + textAt(mount, "name") + "].mountPath", at(mount, "mountPath"));
    });
}

void defaultNamespace(const PodView& pod, EvidenceList& found) {
    if (pod.subject().ns == "default") found.add("metadata.namespace", "default");
}

}  // namespace

std::vector<Check> workloadChecks() {
    std::vector<Check> checks;
    addPodCheck(checks, "container-runtime-socket", Severity::Critical,
                {"Pods hold the socket of the container runtime, which is root on the node",
                 "Pod 挂载了容器运行时的套接字，等同节点 root"},
                {"Remove the hostPath volume of the socket", "去掉挂载该套接字的 hostPath 卷"},
                {owasp("K01"), kubescape("C-0074")}, runtimeSocket);
    addPodCheck(checks, "writable-host-path", Severity::High,
                {"Pods may write to a path of their node", "Pod 可写节点上的路径"},
                {"Mount it with readOnly: true, or not at all", "以 readOnly: true 挂载，或不再挂载"},
                {owasp("K01"), kubescape("C-0045")}, writableHostPath);
    addPodCheck(
        checks, "image-latest", Severity::Medium,
        {"An image has no tag, or the tag latest: what runs is not known", "镜像没有标签或使用 latest，运行内容不确定"},
        {"Name a version, best with its digest", "写明版本，最好带摘要"}, {owasp("K02"), kubescape("C-0075")},
        latestImage);
    addPodCheck(checks, "image-pull-policy", Severity::Medium,
                {"An image with a moving tag is not pulled again", "镜像标签可变却不会重新拉取"},
                {"Set imagePullPolicy to Always, or name a version", "将 imagePullPolicy 设为 Always，或写明版本"},
                {owasp("K02"), kubescape("C-0075")}, stalePull);
    addPodCheck(checks, "image-digest", Severity::Low,
                {"An image is named by a tag alone, which can be moved", "镜像仅以标签引用，标签可被移动"},
                {"Add the digest: NAME:TAG@sha256:…", "加上摘要：名称:标签@sha256:…"}, {owasp("K02")},
                imageWithoutDigest);
    addPodCheck(checks, "memory-limit", Severity::Low,
                {"A container may use all memory of its node", "容器可用尽节点内存"},
                {"Set resources.limits.memory", "设置 resources.limits.memory"}, {owasp("K01"), kubescape("C-0271")},
                missingMemoryLimit);
    addPodCheck(checks, "cpu-limit", Severity::Low, {"A container may use all CPU of its node", "容器可用尽节点 CPU"},
                {"Set resources.limits.cpu", "设置 resources.limits.cpu"}, {owasp("K01"), kubescape("C-0270")},
                missingCpuLimit);
    addPodCheck(checks, "writable-root-filesystem", Severity::Low,
                {"A container may write to its own image", "容器的根文件系统可写"},
                {"Set securityContext.readOnlyRootFilesystem to true, and mount an emptyDir where it writes",
                 "将 securityContext.readOnlyRootFilesystem 设为 true，写入处挂载 emptyDir"},
                {nsa("Kubernetes Pod security: Immutable container file systems"), kubescape("C-0017")}, writableRoot);
    addPodCheck(checks, "default-namespace", Severity::Low,
                {"A workload runs in the namespace default", "工作负载运行在 default 命名空间"},
                {"Move it to a namespace of its own", "移到独立的命名空间"},
                {cis("5.6.4"), nsa("Network separation and hardening: Namespaces"), kubescape("C-0212")},
                defaultNamespace);
    return checks;
}

}  // namespace klaw::security
