#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rules/alert.hpp"

namespace klaw::operate {

/// A kind of object that people ask for by a verb of its own.
struct ResourceKind {
    std::string_view name;                  ///< "deployments", the verb
    std::vector<std::string_view> aliases;  ///< "deploy", "部署"
    std::string_view api;                   ///< "/apis/apps/v1"
    bool namespaced = true;
    rules::LocalizedText summary;
    std::string_view kind;  ///< "Deployment"
};

std::span<const ResourceKind> resourceKinds();
/// By name or alias; null for others.
const ResourceKind* findResourceKind(std::string_view word);

/// The names of those that `delete` takes.
std::vector<std::string_view> deletableKinds();

/// The path of its list: in one namespace, or everywhere with an empty `ns`.
std::string pathOf(const ResourceKind& kind, const std::string& ns);

}  // namespace klaw::operate
