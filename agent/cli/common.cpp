#include <iostream>

#include "agent/cli/commands.hpp"

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

}  // namespace klaw::cli
