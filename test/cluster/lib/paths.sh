# Sourced: where the cluster's programs are.
cluster_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
repo_root=$(cd "$cluster_root/../.." && pwd)
cluster_bin=${KLAW_CLUSTER_BIN:-$repo_root/build/cluster/bin}
case $cluster_bin in /*) ;; *) cluster_bin=$PWD/$cluster_bin ;; esac
