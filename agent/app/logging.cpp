#include "agent/app/logging.hpp"

#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "base/text/secrets.hpp"
#include "base/text/utf8.hpp"

namespace klaw::app {
namespace {

std::string timeOf(const spdlog::details::log_msg& message) {
    return formatRfc3339(
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::time_point_cast<Duration>(message.time)));
}

std::string levelOf(const spdlog::details::log_msg& message) {
    auto level = spdlog::level::to_string_view(message.level);
    return {level.data(), level.size()};
}

std::string textOf(const spdlog::details::log_msg& message) {
    return maskSecrets(validUtf8({message.payload.data(), message.payload.size()}));
}

class JsonFormatter final : public spdlog::formatter {
public:
    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
        nlohmann::ordered_json line{
            {"time", timeOf(message)}, {"level", levelOf(message)}, {"message", textOf(message)}};
        auto text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
        out.append(text.data(), text.data() + text.size());
    }
    std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonFormatter>(); }
};

class TextFormatter final : public spdlog::formatter {
public:
    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
        auto text = textOf(message);
        for (auto& c : text)
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
        auto line = timeOf(message) + " " + levelOf(message) + " " + text + "\n";
        out.append(line.data(), line.data() + line.size());
    }
    std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<TextFormatter>(); }
};

}  // namespace

void setUpLogging(const LogConfig& config) {
    auto logger = std::make_shared<spdlog::logger>("klaw", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    if (config.json)
        logger->set_formatter(std::make_unique<JsonFormatter>());
    else
        logger->set_formatter(std::make_unique<TextFormatter>());
    logger->set_level(spdlog::level::from_str(config.level == "warn" ? "warning" : config.level));
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(std::move(logger));
}

}  // namespace klaw::app
