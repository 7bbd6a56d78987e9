#include "agent/app/config_secrets.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace klaw::app {

using rules::YamlCursor;

namespace {

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

}  // namespace klaw::app
