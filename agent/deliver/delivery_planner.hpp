#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/deliver/card_builder.hpp"
#include "base/time.hpp"
#include "rules/incident.hpp"
#include "rules/routes.hpp"
#include "storage/delivery.hpp"

namespace klaw::deliver {

/// What the planner must know of a channel.
struct ChannelPlan {
    std::string name;
    CardStyle style;
    /// A card can be replaced later, so every change is said. Without it only what people must hear is said anew.
    bool canUpdate = false;
    std::map<std::string, std::string> people;  ///< by the name in routes: their id on this platform
    /// How long the first card waits for its likes, where it cannot be updated.
    Duration groupWait = 2s;
};

/// Decides who hears of an update and how, and writes it down as deliveries with the finished card. Pure.
class DeliveryPlanner {
public:
    /// Without routes everything goes to all channels.
    explicit DeliveryPlanner(std::vector<ChannelPlan> channels, std::shared_ptr<const rules::Routes> routes = nullptr);
    const std::shared_ptr<const rules::Routes>& routes() const { return routes_; }

    std::vector<storage::Delivery> plan(const rules::IncidentUpdate& update) const;

private:
    std::vector<const ChannelPlan*> receivers(const rules::Incident& incident) const;
    std::vector<notifiers::CardMention> mentions(const rules::IncidentUpdate& update, const ChannelPlan& channel) const;
    bool escalatedTo(const rules::Incident& incident, const ChannelPlan& channel) const;

    std::vector<ChannelPlan> channels_;
    std::shared_ptr<const rules::Routes> routes_;
};

}  // namespace klaw::deliver
