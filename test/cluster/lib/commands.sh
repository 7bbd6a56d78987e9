# Sourced: the command line of each component, kept as a script in $dir/run so that a restart uses the same one.

write_command() {
    local component=$1
    shift
    { echo '#!/usr/bin/env bash'; printf 'exec'; printf ' %q' "$@"; echo; } >"$dir/run/$component"
}

write_commands() {
    local emulation=() leadership=(--leader-elect=false) auditing=()
    [ -z "$emulate" ] || emulation=(--emulated-version "kube=$emulate")
    [ "$audit" = no ] || auditing=(--audit-policy-file "$cluster_root/manifests/audit-policy.yaml" --audit-log-path "$dir/logs/audit.log")
    [ "$leaders" = no ] || leadership=(--leader-elect=true)
    local pki=$dir/pki etcd=http://127.0.0.1:$((port_base + 1)) etcd_peer=http://127.0.0.1:$((port_base + 2))

    write_command etcd "$cluster_bin/etcd" --data-dir "$dir/data" --unsafe-no-fsync --log-level warn \
        --quota-backend-bytes 8589934592 \
        --listen-client-urls "$etcd" --advertise-client-urls "$etcd" \
        --listen-peer-urls "$etcd_peer" --initial-advertise-peer-urls "$etcd_peer" --initial-cluster "default=$etcd_peer"

    write_command apiserver "$cluster_bin/kube-apiserver" --etcd-servers "$etcd" \
        --bind-address 127.0.0.1 --advertise-address 127.0.0.1 --secure-port "$port_base" \
        --endpoint-reconciler-type none --service-cluster-ip-range 10.96.0.0/16 --authorization-mode Node,RBAC \
        --tls-cert-file "$pki/server.crt" --tls-private-key-file "$pki/server.key" --client-ca-file "$pki/ca.crt" \
        --service-account-issuer https://klaw.test --service-account-key-file "$pki/service-account.pub" \
        --service-account-signing-key-file "$pki/service-account.key" \
        --kubelet-client-certificate "$pki/admin.crt" --kubelet-client-key "$pki/admin.key" \
        --kubelet-certificate-authority "$pki/ca.crt" --kubelet-preferred-address-types InternalIP \
        --requestheader-client-ca-file "$pki/front-proxy-ca.crt" --requestheader-allowed-names front-proxy \
        --requestheader-username-headers X-Remote-User --requestheader-group-headers X-Remote-Group \
        --requestheader-extra-headers-prefix X-Remote-Extra- \
        --proxy-client-cert-file "$pki/front-proxy.crt" --proxy-client-key-file "$pki/front-proxy.key" \
        --event-ttl 2h --max-requests-inflight 2000 --max-mutating-requests-inflight 1000 --profiling=false "${auditing[@]}" "${emulation[@]}"

    # A node counts as gone 40 s after its last lease renewal (the default is 50 s): kwok renews each 10 s, so three
    # renewals may be late on a busy machine, and a test of a silent node still takes less than a minute.
    # Mostly nobody competes with them for leadership, and without it a restart need not wait for the old lease.
    write_command controller-manager "$cluster_bin/kube-controller-manager" --kubeconfig "$pki/controller-manager.kubeconfig" \
        --authentication-kubeconfig "$pki/controller-manager.kubeconfig" \
        --authorization-kubeconfig "$pki/controller-manager.kubeconfig" \
        --bind-address 127.0.0.1 --secure-port $((port_base + 3)) \
        --tls-cert-file "$pki/server.crt" --tls-private-key-file "$pki/server.key" --root-ca-file "$pki/ca.crt" \
        --service-account-private-key-file "$pki/service-account.key" --use-service-account-credentials \
        --node-monitor-period 2s --node-monitor-grace-period 40s --pvclaimbinder-sync-period 2s \
        --horizontal-pod-autoscaler-sync-period 5s --kube-api-qps 200 --kube-api-burst 400 "${leadership[@]}" "${emulation[@]}"

    write_command scheduler "$cluster_bin/kube-scheduler" --kubeconfig "$pki/scheduler.kubeconfig" \
        --authentication-kubeconfig "$pki/scheduler.kubeconfig" --authorization-kubeconfig "$pki/scheduler.kubeconfig" \
        --bind-address 127.0.0.1 --secure-port $((port_base + 4)) \
        --tls-cert-file "$pki/server.crt" --tls-private-key-file "$pki/server.key" \
        --kube-api-qps 500 --kube-api-burst 1000 "${leadership[@]}" "${emulation[@]}"

    with kwok || return 0
    # A node with the label klaw.test/heartbeat=stopped is left alone, as if its kubelet had died.
    write_command kwok "$cluster_bin/kwok" --kubeconfig "$dir/kubeconfig" \
        --manage-all-nodes=false --manage-nodes-with-label-selector 'klaw.test/heartbeat!=stopped' \
        --node-ip 127.0.0.1 --node-port $((port_base + 5)) --node-lease-duration-seconds 40 \
        --server-address 127.0.0.1:$((port_base + 5)) \
        --tls-cert-file "$pki/kubelet.crt" --tls-private-key-file "$pki/kubelet.key" \
        --enable-crds Stage,Logs,ClusterLogs,Metric,ResourceUsage,ClusterResourceUsage,Exec,ClusterExec
    write_command kubelet-troubles "$cluster_bin/kubelet-troubles" --kubeconfig "$dir/kubeconfig" \
        --troubles "$cluster_root/manifests/troubles.txt"

    with metrics || return 0
    write_command metrics-server "$cluster_bin/metrics-server" --kubeconfig "$dir/kubeconfig" \
        --authentication-kubeconfig "$dir/kubeconfig" --authorization-kubeconfig "$dir/kubeconfig" \
        --bind-address 127.0.0.1 --secure-port $((port_base + 6)) \
        --tls-cert-file "$pki/server.crt" --tls-private-key-file "$pki/server.key" \
        --kubelet-use-node-status-port --kubelet-insecure-tls --kubelet-preferred-address-types InternalIP \
        --metric-resolution 15s
}
