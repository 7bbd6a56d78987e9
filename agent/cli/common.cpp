#include <iostream>

#include <filesystem>

#include "agent/app/config_warnings.hpp"
#include "agent/app/storage_config.hpp"
#include "agent/cli/commands.hpp"
#include "storage/reader.hpp"

namespace klaw::cli {

int refuse(const Error& error) {
    std::cerr << "klaw: " << error.describe() << "\n";
    return 1;
}

int refuseAll(const std::vector<Error>& errors) {
    for (const auto& error : errors) refuse(error);
    return 1;
}

Result<app::Config> configFrom(const std::string& file) {
    if (file.empty()) return app::Config();
    auto report = app::loadConfig(file);
    if (!report) return fail(std::move(report).error());
    if (!report->ok()) {
        for (std::size_t i = 1; i < report->errors.size(); ++i) refuse(report->errors[i]);
        return fail(report->errors.front());
    }
    for (const auto& warning : app::configWarnings(file)) refuse(warning);
    return std::move(report->config);
}

std::filesystem::path dataOf(const std::string& data, const app::Config& config) {
    if (!data.empty()) return data;
    return config.data.empty() ? app::defaultDataDirectory() : config.data;
}

int configCheckCommand(const std::string& file) {
    auto config = configFrom(file);
    if (!config) return refuse(config.error());
    std::cout << file << ": " << config->channels.size() << " channel(s), " << config->clusters.size()
              << " cluster(s): fine\n";
    return 0;
}

storage::Location databaseOf(const std::string& data, const app::Config& config) {
    return app::databaseOf(config, dataOf(data, config));
}

Result<std::vector<storage::RuleRevision>> appliedRules(const storage::Location& database) {
    std::vector<storage::RuleRevision> applied;
    if (!database.isPostgres() && !std::filesystem::exists(database.place())) return applied;
    auto reader = storage::Reader::open(database);
    if (!reader) return fail(std::move(reader).error());
    auto current = reader->currentRules();
    if (!current) return fail(std::move(current).error());
    for (auto& rule : *current)
        if (rule.applied()) applied.push_back(std::move(rule));
    return applied;
}

}  // namespace klaw::cli
