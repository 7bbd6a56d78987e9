#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace klaw::recording {

/// Renames what could identify people or companies, the same way wherever it appears.
///
/// Works word by word: "checkout-7f9c" becomes "bavoru-tilego" in names, labels, images, owners and messages alike, so
/// that everything still belongs together. What is kept: the vocabulary of Kubernetes (kinds, reasons, phases, words of
/// its messages, its own label keys), numbers, quantities and times. IP addresses and uids become others of their form.
/// Every other word is renamed, known or not. managedFields are dropped, ConfigMap data and environment values renamed.
///
/// Memory grows with the number of distinct words. Not thread-safe.
class Anonymizer {
public:
    /// Same salt, same new names (unless two words collide, which depends on the order they come in).
    explicit Anonymizer(std::string salt);

    void object(nlohmann::ordered_json& object);
    /// A name, message or image: word by word.
    std::string text(std::string_view text);
    /// Metrics in Prometheus' text format: only the values of labels.
    std::string exposition(std::string_view metrics);
    /// "databases.acme.example" → the group renamed where it is not one of Kubernetes' own.
    std::string resource(std::string_view resource);

private:
    void value(nlohmann::ordered_json& value, std::string_view key, bool keysAreData);
    void map(nlohmann::ordered_json& map, bool keysAreData);
    std::string dataKey(std::string_view key);
    std::string apiVersion(std::string_view text);
    std::string sample(std::string_view line);
    std::string token(std::string_view token);
    std::string word(std::string_view word);
    std::string newWord(std::string_view word, int attempt) const;
    std::string ipv4(std::string_view address) const;
    std::string ipv6(std::string_view address) const;
    std::string uuid(std::string_view uuid) const;

    std::string salt_;
    std::unordered_map<std::string, std::string> words_;
    std::unordered_set<std::string> taken_;
};

}  // namespace klaw::recording
