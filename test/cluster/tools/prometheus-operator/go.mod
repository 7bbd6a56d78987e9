module klaw/test/cluster/tools/prometheus-operator

go 1.26.4

// For its CustomResourceDefinitions; nothing of it is built.
require github.com/prometheus-operator/prometheus-operator v0.85.0
