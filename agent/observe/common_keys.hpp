#pragma once

#include <string_view>

namespace klaw::observe {

/// Keys that most objects repeat in subtrees which rules keep whole (labels, owners, containers, conditions): kept as
/// two bytes each instead of as text.
inline constexpr std::string_view commonKeys[] = {
    // labels and annotations
    "app", "app.kubernetes.io/component", "app.kubernetes.io/instance", "app.kubernetes.io/managed-by",
    "app.kubernetes.io/name", "app.kubernetes.io/part-of", "app.kubernetes.io/version", "beta.kubernetes.io/arch",
    "beta.kubernetes.io/os", "component", "controller-revision-hash", "controller-uid",
    "deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas",
    "deployment.kubernetes.io/revision", "helm.sh/chart", "job-name", "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name", "apps.kubernetes.io/pod-index", "k8s-app", "kubernetes.io/arch",
    "kubernetes.io/hostname", "kubernetes.io/metadata.name", "kubernetes.io/os",
    "kubectl.kubernetes.io/last-applied-configuration", "kubectl.kubernetes.io/restartedAt",
    "node.kubernetes.io/instance-type", "pod-template-generation", "pod-template-hash", "release",
    "statefulset.kubernetes.io/pod-name", "tier", "topology.kubernetes.io/region", "topology.kubernetes.io/zone",
    "version",
    // metadata
    "annotations", "apiVersion", "blockOwnerDeletion", "controller", "creationTimestamp", "deletionTimestamp",
    "finalizers", "generateName", "generation", "kind", "labels", "metadata", "name", "namespace", "ownerReferences",
    "resourceVersion", "uid",
    // specs
    "args", "command", "claimName", "containerPort", "containers", "cpu", "effect", "env", "ephemeral-storage",
    "hostIP", "image", "imagePullPolicy", "initContainers", "key", "limits", "livenessProbe", "matchLabels", "memory",
    "mountPath", "nodeName", "operator", "persistentVolumeClaim", "pods", "port", "ports", "priority", "protocol",
    "readOnly", "readinessProbe", "replicas", "requests", "resources", "restartPolicy", "schedulerName",
    "securityContext", "selector", "serviceAccountName", "spec", "suspend", "targetPort", "template",
    "terminationGracePeriodSeconds", "tolerations", "type", "value", "volumeMounts", "volumes",
    // status
    "address", "allocatable", "availableReplicas", "capacity", "conditions", "containerID", "containerStatuses",
    "exitCode", "finishedAt", "imageID", "initContainerStatuses", "ip", "lastHeartbeatTime", "lastProbeTime",
    "lastState", "lastTransitionTime", "lastUpdateTime", "message", "observedGeneration", "phase", "podIP", "podIPs",
    "qosClass", "ready", "readyReplicas", "reason", "restartCount", "running", "signal", "startTime", "started",
    "startedAt", "state", "status", "terminated", "unavailableReplicas", "updatedReplicas", "waiting",
    // events
    "count", "eventTime", "fieldPath", "firstTimestamp", "host", "involvedObject", "lastObservedTime", "lastTimestamp",
    "note", "regarding", "reportingController", "series", "source"};

}  // namespace klaw::observe
