#include "agent/app/heartbeat.hpp"

#include <spdlog/spdlog.h>

namespace klaw::app {
namespace {

constexpr Duration timeout = 10s;
constexpr Duration whileOff = 10s;  // how soon one that is configured later begins

}  // namespace

Heartbeat::Heartbeat(LoopClock& clock, net::HttpClient& client, std::function<std::string(Duration)> trouble)
    : clock_(clock), client_(client), trouble_(std::move(trouble)) {}

void Heartbeat::follow(HeartbeatConfig config) {
    config_ = std::move(config);
}

Task<void> Heartbeat::run() {
    for (;;) {
        if (!config_.url.empty()) co_await beat();
        auto pause = config_.url.empty() ? whileOff : config_.every;
        co_await clock_.sleepFor(pause);
    }
}

Task<void> Heartbeat::beat() {
    if (auto trouble = trouble_(config_.undelivered); !trouble.empty()) {
        ++counts_.withheld;
        say("withheld: " + trouble);
        co_return;
    }
    net::HttpRequest request("GET", config_.url);
    auto response = co_await client_.send(std::move(request), timeout);
    if (!response && response.error().code == ErrorCode::Cancelled) co_return;
    if (response && response->status < 300) {
        ++counts_.sent;
        say({});
        co_return;
    }
    ++counts_.failed;
    // The address is a secret: whoever knows it can keep the alarm quiet.
    say(response ? "refused with HTTP status " + std::to_string(response->status) : "its receiver cannot be reached");
}

void Heartbeat::say(std::string trouble) {
    if (trouble == said_) return;
    said_ = std::move(trouble);
    if (said_.empty())
        spdlog::info("the heartbeat goes on");
    else
        spdlog::warn("no heartbeat: {}", said_);
}

}  // namespace klaw::app
