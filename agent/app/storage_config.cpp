#include "agent/app/storage_config.hpp"

#include <string>

#include "agent/app/config_values.hpp"
#include "agent/app/data_directory.hpp"
#include "rules/load/value_readers.hpp"

namespace klaw::app {
namespace {

using rules::Field;
using rules::YamlCursor;

// clang-format off
constexpr Field<std::string> postgresFields[] = {
    {"url", [](const YamlCursor& v, std::string& url) { url = v.text("url").value; }},
    {"url_file", [](const YamlCursor& v, std::string& url) { url = secretFromFile(v, "url_file"); }},
    {"url_env", [](const YamlCursor& v, std::string& url) { url = secretFromEnvironment(v, "url_env"); }},
};
// clang-format on

void readPostgres(const YamlCursor& value, Config& config) {
    std::string url;
    rules::decodeFields<std::string>(value, "postgres", postgresFields, url);
    auto location = storage::Location::postgres(url);
    if (location)
        config.postgres = std::move(*location);
    else
        value.error("postgres: " + location.error().message, location.error().remedy);
}

constexpr Field<Config> storageFields[] = {{"postgres", readPostgres}};

}  // namespace

void readStorage(const YamlCursor& value, Config& config) {
    rules::decodeFields<Config>(value, "storage", storageFields, config);
}

storage::Location databaseOf(const Config& config, const std::filesystem::path& data) {
    if (config.postgres) return *config.postgres;
    return DataDirectory::databaseFile(data);
}

}  // namespace klaw::app
