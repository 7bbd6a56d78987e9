#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/kube/cluster_source.hpp"
#include "base/time.hpp"
#include "rules/labels.hpp"
#include "rules/load/value_readers.hpp"
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
/// "en" or "zh".
std::string readLanguage(const rules::YamlCursor& value);
bool isWebAddress(std::string_view url);
rules::Labels readLabels(const rules::YamlCursor& value);
/// `every`: one second at least.
Duration readInterval(const rules::YamlCursor& value);

/// A list of sections of one kind, and the place of each.
template <class T>
void readList(const rules::YamlCursor& value, std::string_view name, std::span<const rules::Field<T>> fields,
              std::vector<T>& into, std::vector<rules::YamlCursor>& places) {
    for (const auto& item : value.items(name)) {
        T one;
        rules::decodeFields<T>(item, name, fields, one);
        into.push_back(std::move(one));
        places.push_back(item);
    }
}

}  // namespace klaw::app
