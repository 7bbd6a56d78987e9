#pragma once

#include <optional>
#include <string_view>

namespace klaw::rules {

/// A Kubernetes quantity ("1500m", "128Mi", "2e3", "100n") as a number: cores, bytes or plain
/// (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/). Nothing for anything else.
std::optional<double> parseQuantity(std::string_view text);

}  // namespace klaw::rules
