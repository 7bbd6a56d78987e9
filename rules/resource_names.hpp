#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace klaw::rules {

/// "pods", "deployments.apps": the plural, then the group when it is not the core one. Accepts plurals with or without
/// group, singulars, kinds and kubectl's short names of the built-in resources ("deploy", "Deployment", "hpa"), and
/// "plural.group" of any other. nullopt for a name that is neither.
std::optional<std::string> canonicalResource(std::string_view name);

/// The resource of an owner or involved object: canonicalOf("Deployment", "apps/v1") is "deployments.apps". Unknown
/// kinds get a regular English plural and the group of `apiVersion`; an empty `apiVersion` is fine for built-in kinds.
std::string resourceOfKind(std::string_view kind, std::string_view apiVersion);

/// "Pod" for "pods"; empty for a resource that is not built in.
std::string_view kindOfResource(std::string_view canonical);

/// Whether its objects are in namespaces; one that is not built in is taken for it.
bool isNamespaced(std::string_view canonical);

/// The built-in name nearest to a misspelt one, for "did you mean".
std::optional<std::string_view> nearestResource(std::string_view name);

}  // namespace klaw::rules
