#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/deliver/card_builder.hpp"
#include "base/time.hpp"
#include "rules/incident.hpp"
#include "rules/routes.hpp"
#include "storage/delivery.hpp"

namespace klaw::deliver {

/// Of a delivery that rings people and shows nothing.
inline constexpr std::string_view ringReason = "ring";

/// What the planner must know of a channel.
struct ChannelPlan {
    std::string name;
    CardStyle style;
    /// A card can be replaced later, so every change is said. Without it only what people must hear is said anew.
    bool canUpdate = false;
    bool canRing = false;                       ///< people can be rung here
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

    /// A card that waits for what is being looked up, and has not left yet.
    struct Hold {
        TimePoint until{};
        rules::IncidentUpdate::Reason of;  ///< what it is the card of
    };
    /// Deliveries leave after the hold. One that takes the place of a card that has not left calls whom that would have
    /// called.
    std::vector<storage::Delivery> plan(const rules::IncidentUpdate& update,
                                        const std::optional<Hold>& hold = std::nullopt) const;

private:
    std::vector<const ChannelPlan*> receivers(const rules::IncidentUpdate& update) const;
    std::vector<notifiers::CardMention> mentions(const rules::IncidentUpdate& update, const ChannelPlan& channel,
                                                 bool replacesFirst) const;
    std::optional<TimePoint> quietUntil(const rules::IncidentUpdate& update, const ChannelPlan& channel) const;
    rules::Ring ringOf(const rules::IncidentUpdate& update) const;
    bool escalatedTo(const rules::IncidentUpdate& update, const ChannelPlan& channel) const;

    std::vector<ChannelPlan> channels_;
    std::shared_ptr<const rules::Routes> routes_;
};

}  // namespace klaw::deliver
