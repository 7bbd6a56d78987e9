#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/deliver/card_builder.hpp"
#include "base/time.hpp"
#include "rules/incident.hpp"
#include "storage/delivery.hpp"

namespace klaw::deliver {

/// What the planner must know of a channel.
struct ChannelPlan {
    std::string name;
    CardStyle style;
    /// A card can be replaced later, so every change is said. Without it only what people must hear is said anew.
    bool canUpdate = false;
    /// How long the first card waits for its likes, where it cannot be updated.
    Duration groupWait = 2s;
};

/// Decides who hears of an update and how, and writes it down as deliveries with the finished card. Pure.
class DeliveryPlanner {
public:
    /// `defaultReceivers`: channels of rules that name none; empty: all channels.
    DeliveryPlanner(std::vector<ChannelPlan> channels, std::vector<std::string> defaultReceivers);

    std::vector<storage::Delivery> plan(const rules::IncidentUpdate& update) const;

private:
    std::vector<const ChannelPlan*> receivers(const rules::Incident& incident) const;
    const ChannelPlan* channel(std::string_view name) const;

    std::vector<ChannelPlan> channels_;
    std::vector<std::string> defaultReceivers_;
};

}  // namespace klaw::deliver
