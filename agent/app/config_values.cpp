#include "agent/app/config_values.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace klaw::app {
namespace {

using kube::SecretReference;
using rules::Field;
using rules::YamlCursor;

constexpr std::size_t maxSecretBytes = 64u << 10;

std::string expandHome(const std::string& path) {
    const char* home = std::getenv("HOME");
    if (home && (path == "~" || path.starts_with("~/"))) return home + path.substr(1);
    return path;
}

std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
    return text;
}

// clang-format off
constexpr Field<SecretReference> secretFields[] = {
    {"cluster", [](const YamlCursor& v, SecretReference& s) { s.cluster = v.text("cluster").value; }},
    {"namespace", [](const YamlCursor& v, SecretReference& s) { s.ns = v.text("namespace").value; }},
    {"name", [](const YamlCursor& v, SecretReference& s) { s.name = v.text("name").value; }},
    {"key", [](const YamlCursor& v, SecretReference& s) { s.key = v.text("key").value; }},
};
// clang-format on

}  // namespace

std::string resolved(const YamlCursor& value, const std::string& path) {
    if (path.empty()) return path;
    std::filesystem::path given(expandHome(path));
    if (given.is_absolute()) return given.string();
    return (std::filesystem::path(value.at().file->name).parent_path() / given).lexically_normal().string();
}

std::string secretFromFile(const YamlCursor& value, std::string_view key) {
    auto path = resolved(value, value.text(key).value);
    std::ifstream in(path, std::ios::binary);
    std::string text(maxSecretBytes, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.empty())
        value.error(std::string(key) + ": cannot read \"" + path + "\" or it is empty",
                    "put the secret into that file, readable for Klaw");
    return trimmed(std::move(text));
}

std::string secretFromEnvironment(const YamlCursor& value, std::string_view key) {
    auto name = value.text(key).value;
    const char* text = std::getenv(name.c_str());
    if (!text || !*text) {
        value.error(std::string(key) + ": the environment variable " + name + " is not set",
                    "set it or leave the key out");
        return {};
    }
    return trimmed(text);
}

void readSecretReference(const YamlCursor& value, const char* option, SecretReference& into) {
    rules::decodeFields<SecretReference>(value, option, secretFields, into);
}

void readSecret(const YamlCursor& value, const char* option, std::string& text,
                std::optional<kube::SecretReference>& elsewhere) {
    if (!value.isMap()) {
        text = value.text(option).value;
        return;
    }
    auto& from = elsewhere.emplace();
    readSecretReference(value, option, from);
    if (from.ns.empty() || from.name.empty() || from.key.empty())
        value.error(std::string(option) + ": it does not say which value", "write {namespace: …, name: …, key: …}");
}

std::string readLanguage(const rules::YamlCursor& value) {
    auto language = value.text("language").value;
    if (language != "en" && language != "zh")
        value.error("language: \"" + language + "\" is not available", "write en or zh");
    return language;
}

bool isWebAddress(std::string_view url) {
    return url.starts_with("http://") || url.starts_with("https://");
}

rules::Labels readLabels(const rules::YamlCursor& value) {
    std::map<std::string, rules::Text> texts;
    rules::readTexts(value, "labels", texts);
    rules::Labels labels;
    for (auto& [name, text] : texts) labels.emplace(name, std::move(text.value));
    return labels;
}

Duration readInterval(const rules::YamlCursor& value) {
    constexpr Duration shortestInterval = 1s;
    auto interval = rules::readDuration(value, "every");
    if (interval >= shortestInterval) return interval;
    value.error("every: sources of metrics are asked once a second at most", "write for example 30s");
    return shortestInterval;
}

}  // namespace klaw::app
