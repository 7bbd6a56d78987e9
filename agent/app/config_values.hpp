#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/kube/cluster_source.hpp"
#include "rules/load/yaml_cursor.hpp"

namespace klaw::app {

// Values that several sections of the configuration read alike. What does not fit is reported.

/// A path as it is meant: `~` is the home directory, and others are relative to the file's.
std::string resolved(const rules::YamlCursor& value, const std::string& path);
/// The first line of a file that holds a secret.
std::string secretFromFile(const rules::YamlCursor& value, std::string_view key);
std::string secretFromEnvironment(const rules::YamlCursor& value, std::string_view key);
void readSecretReference(const rules::YamlCursor& value, const char* option, kube::SecretReference& into);
/// A text, or where it stands in a Secret of Kubernetes.
void readSecret(const rules::YamlCursor& value, const char* option, std::string& text,
                std::optional<kube::SecretReference>& elsewhere);

}  // namespace klaw::app
