#pragma once

#include <memory>

#include "agent/app/config.hpp"
#include "agent/deliver/delivery_planner.hpp"
#include "base/clock.hpp"
#include "base/net/http_client.hpp"
#include "base/random.hpp"
#include "notifiers/notifier.hpp"

namespace klaw::app {

/// The notifier of a configured channel; references outlive it. `account` counts its calls; may be null.
std::unique_ptr<notifiers::Notifier> makeNotifier(const ChannelConfig& channel, net::HttpClient& client,
                                                  const Clock& clock, Random& random,
                                                  std::shared_ptr<notifiers::Account> account = nullptr);

/// How cards for the configured channels are planned.
deliver::DeliveryPlanner makePlanner(const Config& config, const std::string& consoleUrl);

/// "http://127.0.0.1:8917", or the configured address.
std::string consoleUrlOf(const Config& config, std::uint16_t port);

}  // namespace klaw::app
