# Sourced: the troubles of test/cluster/trouble. Each has four functions, named by its name with _ for -:
# make_X makes it, has_X tells whether the cluster shows it, mend_X mends it, healthy_X tells whether that has worked.
# $namespace and $name are where; without those of a pod, $name is also the name of the Deployment.

troubles='unschedulable image-pull crash-loop oom-kill config-error mount-failure probe-failure node-silent job-failed rollout-stuck claim-pending'

# manifest FILE [KEY=VALUE…]: fills in a manifest.
manifest() {
    local file=$1 edits=() pair
    shift
    for pair in "NAMESPACE=$namespace" "NAME=$name" "$@"; do edits+=(-e "s|\b${pair%%=*}\b|${pair#*=}|g"); done
    sed "${edits[@]}" "$cluster_root/manifests/troubles/$file"
}

apply_service() { manifest deployment.yaml "IMAGE=$1" CPU="${2:-10m}" DEADLINE="${3:-600}" | kubectl apply -f - >/dev/null; }

# pod_fields JSONPATH: of each pod of the trouble, one line a pod.
pod_fields() {
    kubectl -n "$namespace" get pods -l "app=$name" -o jsonpath="{range .items[*]}$1{\"\\n\"}{end}"
}

service_is_healthy() {
    kubectl -n "$namespace" rollout status "deployment/$name" --timeout=1s &&
        [ "$(pod_fields '{.status.phase}')" = Running ]
}

waits_with() { pod_fields '{.status.containerStatuses[0].state.waiting.reason}' | grep -Eqx "$1"; }

make_unschedulable() { apply_service shop/cart:1.0 1000; }
has_unschedulable() { pod_fields '{.status.conditions[?(@.type=="PodScheduled")].reason}' | grep -qx Unschedulable; }
mend_unschedulable() { apply_service shop/cart:1.0 10m; }
healthy_unschedulable() { service_is_healthy; }

# The troubles of an image are mended as people do it: by another image.
make_image_pull() { apply_service trouble/image-pull:1; }
has_image_pull() { waits_with 'ErrImagePull|ImagePullBackOff'; }
mend_image_pull() { apply_service shop/catalog:1.0; }
healthy_image_pull() { service_is_healthy; }

make_crash_loop() { apply_service trouble/crash-loop:1; }
has_crash_loop() { waits_with CrashLoopBackOff; }
mend_crash_loop() { apply_service shop/checkout:1.0; }
healthy_crash_loop() { service_is_healthy; }

make_oom_kill() { apply_service trouble/oom-kill:1; }
has_oom_kill() {
    pod_fields '{.status.containerStatuses[0].state.terminated.reason}{.status.containerStatuses[0].lastState.terminated.reason}' |
        grep -qx OOMKilled
}
mend_oom_kill() { apply_service payments/ledger:1.0; }
healthy_oom_kill() { service_is_healthy; }

make_config_error() { apply_service trouble/config-error:1; }
has_config_error() { waits_with CreateContainerConfigError; }
mend_config_error() { apply_service shop/settings:1.0; }
healthy_config_error() { service_is_healthy; }

make_mount_failure() { apply_service trouble/mount:1; }
has_mount_failure() { has_event FailedMount; }
mend_mount_failure() { apply_service shop/tls:1.0; }
healthy_mount_failure() { service_is_healthy; }

make_probe_failure() { apply_service trouble/never-ready:1; }
has_probe_failure() { has_event Unhealthy; }
mend_probe_failure() { apply_service platform/search:1.0; }
healthy_probe_failure() { service_is_healthy; }

has_event() {
    kubectl -n "$namespace" get events --field-selector "reason=$1" -o jsonpath='{.items[*].involvedObject.name}' | grep -q "$name"
}

# The node is one of its own, which nothing is scheduled to.
node_name() { echo "$namespace-$name"; }
node_ready_is() { [ "$(kubectl get node "$(node_name)" -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}')" = "$1" ]; }
make_node_silent() {
    # With the taint from the start no pod can slip in.
    node_manifest "$(node_name)" 1 | sed 's|^status:|spec: {taints: [{key: klaw.test/own, effect: NoSchedule}]}\nstatus:|' |
        kubectl apply --server-side -f - >/dev/null
    wait_until 60 "node $(node_name) to be ready" node_ready_is True
    kubectl label --overwrite node "$(node_name)" klaw.test/heartbeat=stopped >/dev/null
}
has_node_silent() { node_ready_is Unknown; }
mend_node_silent() { kubectl label node "$(node_name)" klaw.test/heartbeat- >/dev/null; }
healthy_node_silent() { node_ready_is True; }

make_job_failed() { manifest job.yaml IMAGE=trouble/exit:1 | kubectl apply -f - >/dev/null; }
job_has() { [ "$(kubectl -n "$namespace" get job "$name" -o jsonpath="{.status.conditions[?(@.type==\"$1\")].status}")" = True ]; }
has_job_failed() { job_has Failed; }
# A job that has failed stays so: it is run anew.
mend_job_failed() { manifest job.yaml IMAGE=shop/report:1.0 | kubectl replace --force --grace-period=1 -f - >/dev/null; }
healthy_job_failed() { job_has Complete; }

make_rollout_stuck() {
    apply_service shop/gateway:1.0 10m 5
    wait_until 60 'the first rollout' service_is_healthy
    apply_service trouble/never-ready:1 10m 5
}
has_rollout_stuck() {
    [ "$(kubectl -n "$namespace" get deployment "$name" -o jsonpath='{.status.conditions[?(@.type=="Progressing")].reason}')" \
        = ProgressDeadlineExceeded ]
}
mend_rollout_stuck() { apply_service shop/gateway:1.0 10m 5; }
healthy_rollout_stuck() { service_is_healthy; }

claim_phase_is() { [ "$(kubectl -n "$namespace" get persistentvolumeclaim "$name" -o jsonpath='{.status.phase}')" = "$1" ]; }
make_claim_pending() { manifest claim.yaml | kubectl apply -f - >/dev/null; }
has_claim_pending() { claim_phase_is Pending && has_event FailedBinding; }
mend_claim_pending() { manifest volume.yaml | kubectl apply -f - >/dev/null; }
healthy_claim_pending() { claim_phase_is Bound; }

# Everything of all troubles of the namespace.
clear_namespace() {
    kubectl delete namespace "$namespace" --ignore-not-found --wait=false >/dev/null
    local kind names
    for kind in node persistentvolume; do
        names=$(kubectl get "$kind" -o name | grep "^[a-z]*/$namespace-" || true)
        # shellcheck disable=SC2086
        [ -z "$names" ] || kubectl delete $names --wait=false >/dev/null
    done
    wait_until 90 "namespace $namespace to go" namespace_is_gone
}
namespace_is_gone() { ! kubectl get namespace "$namespace"; }
