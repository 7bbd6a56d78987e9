#include "agent/operate/resource_kinds.hpp"

#include <algorithm>

#include "base/percent.hpp"

namespace klaw::operate {

std::span<const ResourceKind> resourceKinds() {
    // clang-format off
    static const std::vector<ResourceKind> kinds{
        {"pods", {"pod", "po", "容器组"}, "/api/v1", true, {"Lists Pods", "列出 Pod"}, "Pod"},
        {"deployments", {"deployment", "deploy", "部署"}, "/apis/apps/v1", true, {"Lists Deployments", "列出 Deployment"}, "Deployment"},
        {"statefulsets", {"statefulset", "sts", "有状态副本集"}, "/apis/apps/v1", true, {"Lists StatefulSets", "列出 StatefulSet"}, "StatefulSet"},
        {"daemonsets", {"daemonset", "ds", "守护进程集"}, "/apis/apps/v1", true, {"Lists DaemonSets", "列出 DaemonSet"}, "DaemonSet"},
        {"replicasets", {"replicaset", "rs", "副本集"}, "/apis/apps/v1", true, {"Lists ReplicaSets", "列出 ReplicaSet"}, "ReplicaSet"},
        {"jobs", {"job", "任务"}, "/apis/batch/v1", true, {"Lists Jobs", "列出 Job"}, "Job"},
        {"cronjobs", {"cronjob", "cj", "定时任务"}, "/apis/batch/v1", true, {"Lists CronJobs", "列出 CronJob"}, "CronJob"},
        {"services", {"service", "svc", "服务"}, "/api/v1", true, {"Lists Services", "列出 Service"}, "Service"},
        {"endpointslices", {"endpointslice", "端点"}, "/apis/discovery.k8s.io/v1", true, {"Lists EndpointSlices", "列出 EndpointSlice"}, "EndpointSlice"},
        {"ingresses", {"ingress", "ing", "入口"}, "/apis/networking.k8s.io/v1", true, {"Lists Ingresses", "列出 Ingress"}, "Ingress"},
        {"configmaps", {"configmap", "cm", "配置"}, "/api/v1", true, {"Lists ConfigMaps", "列出 ConfigMap"}, "ConfigMap"},
        {"secrets", {"secret", "密钥"}, "/api/v1", true, {"Lists Secrets, never what is in them", "列出 Secret，不显示内容"}, "Secret"},
        {"hpa", {"horizontalpodautoscalers", "horizontalpodautoscaler", "自动扩缩"}, "/apis/autoscaling/v2", true, {"Lists HorizontalPodAutoscalers", "列出 HPA"}, "HorizontalPodAutoscaler"},
        {"pvc", {"persistentvolumeclaims", "persistentvolumeclaim", "存储声明"}, "/api/v1", true, {"Lists PersistentVolumeClaims", "列出 PVC"}, "PersistentVolumeClaim"},
        {"events", {"event", "ev", "事件"}, "/api/v1", true, {"Lists Events", "列出事件"}, "Event"},
        {"nodes", {"node", "no", "节点"}, "/api/v1", false, {"Lists nodes", "列出节点"}, "Node"},
        {"namespaces", {"namespace", "ns", "命名空间"}, "/api/v1", false, {"Lists namespaces", "列出命名空间"}, "Namespace"},
    };
    // clang-format on
    return kinds;
}

const ResourceKind* findResourceKind(std::string_view word) {
    for (const auto& kind : resourceKinds())
        if (kind.name == word || std::ranges::find(kind.aliases, word) != kind.aliases.end()) return &kind;
    return nullptr;
}

std::vector<std::string_view> deletableKinds() {
    return {"pods",    "deployments", "statefulsets", "daemonsets", "services", "ingresses", "configmaps",
            "secrets", "jobs",        "cronjobs",     "pvc",        "hpa",      "namespaces"};
}

std::string pathOf(const ResourceKind& kind, const std::string& ns) {
    static constexpr std::pair<std::string_view, std::string_view> plurals[] = {{"hpa", "horizontalpodautoscalers"},
                                                                                {"pvc", "persistentvolumeclaims"}};
    std::string_view plural = kind.name;
    for (const auto& [shortName, name] : plurals)
        if (shortName == kind.name) plural = name;
    return std::string(kind.api) + (ns.empty() ? "" : "/namespaces/" + percentEncode(ns)) + "/" + std::string(plural);
}

}  // namespace klaw::operate
