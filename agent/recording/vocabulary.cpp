#include "agent/recording/vocabulary.hpp"

#include <unordered_set>

namespace klaw::recording {
namespace {

using Words = std::unordered_set<std::string_view>;

/// Words of names, enumerations and messages that Kubernetes and its usual companions write.
constexpr std::string_view vocabulary =
    "a about above access account active address addresses affinity after again against agent all allocated already an "
    "and "
    "annotation annotations any api app apparmor apply are as assigned at attach attached attempt attempts available "
    "back backoff "
    "backup be because been before being below bind binding bound but by bytes cache can cannot capacity cert "
    "certificate change "
    "changed check class claim client cluster cni code command completed complete component condition config configmap "
    "connect "
    "connection containerd container containers control controller controllers coredns could count cpu crash crashing "
    "crashloopbackoff create created creating cri cron cronjob current daemon daemonset data dead deadline default "
    "degraded delay "
    "delete deleted deleting deletion denied deployment deployments description desired did died disk dns docker does "
    "doesn "
    "doubled down drain due during each effect ejected empty end endpoint endpoints ephemeral err error errors etcd "
    "event events "
    "evicted evicting eviction exceeded exec exist existing exists exit exited expected expired external fail failed "
    "failing "
    "failure false field file filesystem finished for force form found free from full garbage gateway get gib go gone "
    "got grace "
    "group had has have health healthy healthz helm high hit host hostip hostname hostpath hpa http https id if image "
    "imagepullbackoff "
    "images in increased increase info ingress init initcontainers initial initialized injected inode inodes instance "
    "insufficient internal "
    "invalid io ip is isn issue it its job jobs k8s kernel key kill killed killing kind kubeadm kube kubectl kubelet "
    "kubernetes "
    "label labels last latest lease limit limits list liveness livez load local lock log loop low main maintenance "
    "managed "
    "manager manifest match max maximum mebibytes memory message metadata metrics mib min minimum minutes missing mode "
    "monitor "
    "more most mount mounted mountvolume multi name namespace namespaces need network never new next nil no node "
    "nodename nodes "
    "nodeport nodes none normal not notready now null number object objects of off ok old on one only oom oomkilled "
    "open "
    "operation operator or other out over owner part pause path pending permission persistentvolume "
    "persistentvolumeclaim "
    "phase pid pids plugin pod podinitializing podip podips pods policy pool port ports pre preempted preemption "
    "present pressure priority "
    "probe process progress progressing protocol provision provisioned provisioner proxy public pull pulled pulling pv "
    "pvc "
    "queue quota rate rbac reached read readiness ready readyz reason rebooted received reclaim reconcile recreate "
    "recreated "
    "refused registered registry rejected release released remaining removed replace replica replicaset replicas "
    "replicated "
    "request requests required resolve resource resources response restart restarted restarting restarts result retry "
    "revision "
    "role rolling rollout root rootfs rule running runtime sandbox scale scaled scaling schedule scheduled scheduler "
    "scheduling "
    "secret secrets seconds security selector server serve service serviceaccount services set setup shutdown sidecar "
    "signal "
    "since size skipped some space spec stale start started starting startup starts state stateful statefulset status "
    "stop "
    "stopped stopping storage storageclass subset succeeded success successful successfully sync synced system table "
    "taint taints "
    "target task tcp template terminated terminating termination test than that the their then there this threshold "
    "time timed "
    "timeout tls to token tolerate toleration tolerations tolerated too topology tracking true type udp unable "
    "unavailable "
    "unbound undefined unexpected unhealthy unknown unmount unschedulable until up update updated updating usage use "
    "used user "
    "using valid value version volume volumemount volumes wait waiting warning was watch web webhook were when which "
    "while "
    "will with within without worker write xfs ext4 zone";

Words split(std::string_view rest) {
    Words words;
    while (!rest.empty()) {
        auto space = rest.find(' ');
        words.insert(rest.substr(0, space));
        rest = space == rest.npos ? std::string_view() : rest.substr(space + 1);
    }
    return words;
}

}  // namespace

bool isKubernetesWord(std::string_view lowerCase) {
    static const Words words = split(vocabulary);
    return words.contains(lowerCase);
}

bool isKubernetesDomain(std::string_view domain) {
    static const Words groups = {"",       "v1",         "apps",          "batch",  "autoscaling",
                                 "policy", "extensions", "kubernetes.io", "k8s.io", "helm.sh"};
    if (groups.contains(domain)) return true;
    return domain.ends_with(".k8s.io") || domain.ends_with(".kubernetes.io");
}

bool isVerbatimKey(std::string_view key) {
    static const Words keys = {"kind",
                               "reason",
                               "type",
                               "status",
                               "phase",
                               "operator",
                               "effect",
                               "operation",
                               "fieldsType",
                               "protocol",
                               "restartPolicy",
                               "dnsPolicy",
                               "qosClass",
                               "imagePullPolicy",
                               "terminationMessagePath",
                               "action",
                               "volumeMode",
                               "terminationMessagePolicy",
                               "scheme",
                               "accessModes",
                               "preemptionPolicy",
                               "scopes",
                               "concurrencyPolicy",
                               "resourceVersion"};
    return keys.contains(key);
}

bool hasDataKeys(std::string_view key) {
    static const Words keys = {"labels", "annotations", "matchLabels", "selector", "nodeSelector",
                               "data",   "binaryData",  "stringData",  "hard",     "used"};
    return keys.contains(key);
}

}  // namespace klaw::recording
