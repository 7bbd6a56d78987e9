#pragma once

#include <fmt/format.h>

#include <string>

namespace klaw::bench {

/// A Pod of about 7 KB as an API server sends it: two containers, two entries of managedFields, one Pod in five
/// restarted.
inline std::string podObject(int number, int version) {
    auto uid = fmt::format("{:08x}-1234-4abc-8def-{:012x}", number * 2654435761u, number);
    auto name = fmt::format("checkout-{}-{:x}", number / 10, number * 40503u & 0xFFFFF);
    bool restarted = number % 5 == 0;
    auto container = [&](const char* containerName, int index) {
        return fmt::format(
            R"({{"name":"{0}","image":"registry.example.com/shop/{0}:1.4.{1}","command":["/bin/{0}","--config=/etc/{0}/config.yaml"],"ports":[{{"name":"http","containerPort":8080,"protocol":"TCP"}}],"env":[{{"name":"POD_NAME","valueFrom":{{"fieldRef":{{"apiVersion":"v1","fieldPath":"metadata.name"}}}}}},{{"name":"LOG_LEVEL","value":"info"}}],"resources":{{"limits":{{"cpu":"500m","memory":"512Mi"}},"requests":{{"cpu":"100m","memory":"128Mi"}}}},"volumeMounts":[{{"name":"config","mountPath":"/etc/{0}"}},{{"name":"kube-api-access-x{1}","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}}],"livenessProbe":{{"httpGet":{{"path":"/healthz","port":8080,"scheme":"HTTP"}},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3}},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent","securityContext":{{"allowPrivilegeEscalation":false,"runAsNonRoot":true,"capabilities":{{"drop":["ALL"]}}}}}})",
            containerName, index);
    };
    auto status = [&](const char* containerName, int index) {
        auto last =
            restarted
                ? R"({"terminated":{"exitCode":137,"reason":"OOMKilled","startedAt":"2026-11-23T10:00:00Z","finishedAt":"2026-11-23T10:05:00Z","containerID":"containerd://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}})"
                : "{}";
        return fmt::format(
            R"({{"name":"{0}","state":{{"running":{{"startedAt":"2026-11-23T10:05:0{1}Z"}}}},"lastState":{2},"ready":true,"restartCount":{3},"image":"registry.example.com/shop/{0}:1.4.{1}","imageID":"registry.example.com/shop/{0}@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","containerID":"containerd://cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc","started":true}})",
            containerName, index, last, restarted ? 3 : 0);
    };
    auto condition = [](const char* type) {
        return fmt::format(
            R"({{"type":"{}","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-11-23T10:05:02Z"}})",
            type);
    };
    auto owned = [](const char* containerName) {
        return fmt::format(
            R"("k:{{\"name\":\"{}\"}}":{{".":{{}},"f:command":{{}},"f:env":{{".":{{}},"k:{{\"name\":\"LOG_LEVEL\"}}":{{".":{{}},"f:name":{{}},"f:value":{{}}}},"k:{{\"name\":\"POD_NAME\"}}":{{".":{{}},"f:name":{{}},"f:valueFrom":{{".":{{}},"f:fieldRef":{{}}}}}}}},"f:image":{{}},"f:imagePullPolicy":{{}},"f:livenessProbe":{{".":{{}},"f:failureThreshold":{{}},"f:httpGet":{{".":{{}},"f:path":{{}},"f:port":{{}},"f:scheme":{{}}}},"f:periodSeconds":{{}},"f:successThreshold":{{}},"f:timeoutSeconds":{{}}}},"f:name":{{}},"f:ports":{{".":{{}},"k:{{\"containerPort\":8080,\"protocol\":\"TCP\"}}":{{".":{{}},"f:containerPort":{{}},"f:name":{{}},"f:protocol":{{}}}}}},"f:resources":{{".":{{}},"f:limits":{{".":{{}},"f:cpu":{{}},"f:memory":{{}}}},"f:requests":{{".":{{}},"f:cpu":{{}},"f:memory":{{}}}}}},"f:securityContext":{{".":{{}},"f:allowPrivilegeEscalation":{{}},"f:runAsNonRoot":{{}}}},"f:terminationMessagePath":{{}},"f:terminationMessagePolicy":{{}},"f:volumeMounts":{{".":{{}},"k:{{\"mountPath\":\"/etc/x\"}}":{{".":{{}},"f:mountPath":{{}},"f:name":{{}}}}}}}})",
            containerName);
    };
    std::string out = fmt::format(
        R"({{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"{0}","generateName":"checkout-{1}-","namespace":"shop-{2}","uid":"{3}","resourceVersion":"{4}","creationTimestamp":"2026-11-23T10:00:00Z","labels":{{"app.kubernetes.io/name":"checkout","app.kubernetes.io/version":"1.4.2","pod-template-hash":"{1}","team":"payments"}},"annotations":{{"prometheus.io/scrape":"true","checksum/config":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"}},"ownerReferences":[{{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"checkout-{1}","uid":"{1:08x}-aaaa-4bbb-8ccc-000000000001","controller":true,"blockOwnerDeletion":true}}],)",
        name, number / 10, number % 40, uid, version);
    out +=
        R"("managedFields":[{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"2026-11-23T10:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:annotations":{".":{},"f:checksum/config":{},"f:prometheus.io/scrape":{}},"f:generateName":{},"f:labels":{".":{},"f:app.kubernetes.io/name":{},"f:app.kubernetes.io/version":{},"f:pod-template-hash":{},"f:team":{}},"f:ownerReferences":{".":{},"k:{\"uid\":\"00000000-aaaa-4bbb-8ccc-000000000001\"}":{}}},"f:spec":{"f:containers":{)";
    out += owned("app") + "," + owned("sidecar");
    out +=
        R"(},"f:dnsPolicy":{},"f:enableServiceLinks":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},"f:terminationGracePeriodSeconds":{},"f:volumes":{".":{},"k:{\"name\":\"config\"}":{".":{},"f:configMap":{".":{},"f:defaultMode":{},"f:name":{}},"f:name":{}}}}}},{"manager":"kubelet","operation":"Update","apiVersion":"v1","time":"2026-11-23T10:05:02Z","fieldsType":"FieldsV1","fieldsV1":{"f:status":{"f:conditions":{"k:{\"type\":\"ContainersReady\"}":{".":{},"f:lastProbeTime":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}},"k:{\"type\":\"Initialized\"}":{".":{},"f:lastProbeTime":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}},"k:{\"type\":\"Ready\"}":{".":{},"f:lastProbeTime":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}}},"f:containerStatuses":{},"f:hostIP":{},"f:phase":{},"f:podIP":{},"f:podIPs":{".":{},"k:{\"ip\":\"10.1.2.3\"}":{".":{},"f:ip":{}}},"f:startTime":{}}},"subresource":"status"}]},)";
    out +=
        R"("spec":{"volumes":[{"name":"config","configMap":{"name":"checkout-config","defaultMode":420}}],"containers":[)";
    out += container("app", number % 10) + "," + container("sidecar", number % 7);
    out += fmt::format(
        R"(],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"checkout","serviceAccount":"checkout","nodeName":"node-{0}","securityContext":{{}},"schedulerName":"default-scheduler","tolerations":[{{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}},{{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}}],"priority":0,"enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"}},"status":{{"phase":"Running","conditions":[)",
        number % 100);
    out += condition("Initialized") + "," + condition("Ready") + "," + condition("ContainersReady") + "," +
           condition("PodScheduled");
    out += fmt::format(
        R"(],"hostIP":"10.0.0.{0}","podIP":"10.1.{0}.{1}","podIPs":[{{"ip":"10.1.{0}.{1}"}}],"startTime":"2026-11-23T10:00:00Z","containerStatuses":[)",
        number % 100, number % 250);
    out += status("app", number % 10) + "," + status("sidecar", number % 7) + R"(],"qosClass":"Burstable"}})";
    return out;
}

inline std::string podEvent(const char* type, int number, int version) {
    return fmt::format(R"({{"type":"{}","object":{}}})", type, podObject(number, version));
}

}  // namespace klaw::bench
