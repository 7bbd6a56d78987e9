# Sourced: starting, stopping and awaiting the components of one cluster. Expects $dir, or sets it with open_cluster.
. "$(dirname "${BASH_SOURCE[0]}")/paths.sh"

components='etcd apiserver controller-manager scheduler kwok kubelet-troubles metrics-server'

die() { echo "${0##*/}: $*" >&2; exit 1; }

absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }

open_cluster() {
    dir=$(absolute "$1")
    [ -f "$dir/settings" ] || die "no cluster in $1 (start one with test/cluster/up --dir $1)"
    . "$dir/settings"
    export KUBECONFIG=$dir/kubeconfig
}

kubectl() { "$cluster_bin/kubectl" "$@"; }

# wait_until SECONDS WHAT COMMAND…: polls the command until it succeeds.
wait_until() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || { echo "${0##*/}: gave up waiting for $what" >&2; return 1; }
        sleep 0.2
    done
}

known_component() {
    [[ " $components " = *" $1 "* ]] || die "unknown component '$1' (one of: $components)"
    [ -f "$dir/run/$1" ] || die "$1 is not part of this cluster"
}

# The executable is compared too, so that a process number which was used again is never taken for ours.
is_running() {
    local pid
    pid=$(cat "$dir/pids/$1" 2>/dev/null) || return 1
    [[ "$(readlink "/proc/$pid/exe" 2>/dev/null)" = "$cluster_bin/"* ]]
}

launch() {
    if is_running "$1"; then return; fi
    setsid bash "$dir/run/$1" >>"$dir/logs/$1.log" 2>&1 </dev/null 9>&- &
    local pid=$! tries
    echo "$pid" >"$dir/pids/$1"
    # Until the shell has become the program, is_running would take it for a stranger.
    for ((tries = 0; tries < 500; tries++)); do
        if is_running "$1" || ! kill -0 "$pid" 2>/dev/null; then return; fi
        sleep 0.01
    done
}

signal() { if is_running "$1"; then kill "-$2" "$(cat "$dir/pids/$1")"; fi; }

# A dying process has no executable any more but may hold its port still: it has ended when only its leader's remains wait
# to be collected.
is_stopped() {
    local pid threads
    ! is_running "$1" || return 1
    pid=$(cat "$dir/pids/$1" 2>/dev/null) || return 0
    [ -z "$(readlink "/proc/$pid/exe" 2>/dev/null)" ] || return 0
    threads=("/proc/$pid/task/"*)
    [ ${#threads[@]} -le 1 ] && ! grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$pid/status"
}

halt() {
    signal "$1" "${2:-TERM}"
    wait_until 15 "$1 to stop" is_stopped "$1" 2>/dev/null || signal "$1" KILL
    wait_until 5 "$1 to stop" is_stopped "$1"
    rm -f "$dir/pids/$1"
}

healthy_at() { kubectl --server "https://127.0.0.1:$1" get --raw "$2"; }

is_ready() {
    is_running "$1" || return 1
    case $1 in
        etcd) "$cluster_bin/compact" --check --endpoint "http://127.0.0.1:$((port_base + 1))" ;;
        apiserver) kubectl get --raw /readyz ;;
        controller-manager) healthy_at $((port_base + 3)) /healthz ;;
        scheduler) healthy_at $((port_base + 4)) /readyz ;;
        kwok) healthy_at $((port_base + 5)) /healthz ;;
        metrics-server) healthy_at $((port_base + 6)) /livez ;;
    esac
}

await_component() {
    wait_until 90 "$1 to be ready (see $dir/logs/$1.log)" ready_or_gone "$1"
    is_running "$1" || { tail -n 5 "$dir/logs/$1.log" >&2; die "$1 ended (see $dir/logs/$1.log)"; }
}

ready_or_gone() { is_ready "$1" || is_stopped "$1"; }
