#pragma once

#include <string_view>

namespace klaw::recording {

/// In lower case: words that say something about Kubernetes and nothing about its owner.
bool isKubernetesWord(std::string_view lowerCase);
/// "kubernetes.io", "apps", "metrics.k8s.io": domains of labels and API groups that everybody has.
bool isKubernetesDomain(std::string_view domain);
/// Keys whose values are enumerations, times or versions.
bool isVerbatimKey(std::string_view key);
/// Maps whose keys come from users.
bool hasDataKeys(std::string_view key);

}  // namespace klaw::recording
