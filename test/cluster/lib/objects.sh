# Sourced: the objects that a new cluster starts with.

add_kwok_objects() {
    local kwok=$cluster_bin/kwok-module/kustomize
    kubectl apply --server-side -f "$kwok/crd/bases" >/dev/null
    kubectl wait --for=condition=Established crd --all --timeout=30s >/dev/null
    printf '%s\n' "$(date -u +%FT%T.%NZ) stdout F listening on :8080" \
        "$(date -u +%FT%T.%NZ) stderr F could not reach database: connection refused" >"$dir/container.log"
    {
        cat "$kwok/stage/pod/fast/pod-delete.yaml"; echo ---
        cat "$kwok/stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml"; echo ---
        # kwok dates a node's recovery back to its creation; a kubelet would say now.
        sed 's/or .metadata.creationTimestamp \$now/$now/' "$kwok/stage/node/fast/node-initialize.yaml"; echo ---
        cat "$kwok/metrics/resource/metrics-resource.yaml"; echo ---
        cat "$kwok/metrics/usage/usage-from-annotation.yaml"; echo ---
        with_troubled_images <"$cluster_root/manifests/pod-stages.yaml"; echo ---
        sed "s|CONTAINER_LOG|$dir/container.log|g" "$cluster_root/manifests/logs.yaml"
    } | kubectl apply --server-side -f - >/dev/null
}

# Pods with these images are left to kubelet-troubles.
with_troubled_images() {
    local images
    images=$(awk '!/^#/ && NF {printf "%s\"%s\"", sep, $1; sep = ", "}' "$cluster_root/manifests/troubles.txt")
    sed "s|TROUBLED_IMAGES|[$images]|"
}

node_manifest() {
    sed "s/NODE_NAME/$1/g; s/ZONE/zone-$(($2 % 3 + 1))/" "$cluster_root/manifests/node.yaml"
}

add_nodes() {
    [ "$1" -gt 0 ] || return 0
    local i
    for ((i = 1; i <= $1; i++)); do
        node_manifest "node-$i" "$i"
        echo ---
    done | kubectl apply --server-side -f - >/dev/null
}

nodes_have_addresses() {
    ! kubectl get nodes -o jsonpath='{range .items[*]}{.status.addresses[?(@.type=="InternalIP")].address}{"\n"}{end}' | grep -qx ''
}

add_metrics_objects() {
    sed "s/METRICS_PORT/$((port_base + 6))/" "$cluster_root/manifests/metrics.yaml" | kubectl apply --server-side -f - >/dev/null
}

add_limited_user() {
    kubectl apply --server-side -f "$cluster_root/manifests/limited-user.yaml" >/dev/null
    write_kubeconfig kubeconfig-limited ca "token: $(kubectl create token klaw-limited -n kube-system --duration 240h)"
}
