#include "agent/deliver/delivery_planner.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace klaw::deliver {
namespace {

using Reason = rules::IncidentUpdate::Reason;

/// Sizes at which a growing incident is worth a new card where the old one cannot be changed.
constexpr std::array<std::size_t, 8> milestones{5, 10, 25, 50, 100, 500, 1000, 5000};

bool reachedMilestone(const rules::Incident& incident) {
    return std::find(milestones.begin(), milestones.end(), incident.total) != milestones.end();
}

bool withinGroupWait(const rules::IncidentUpdate& update, Duration wait) {
    return update.at < update.incident.openedAt + wait;
}

/// Quiet from before it began: nobody was told, so nobody is told that it is over.
bool neverHeard(const rules::Incident& incident) {
    auto fromTheBeginning = [&](const std::optional<rules::Mark>& mark) {
        return mark && mark->at <= incident.openedAt;
    };
    return fromTheBeginning(incident.silenced) || fromTheBeginning(incident.inhibited);
}

bool worthSaying(const rules::IncidentUpdate& update, const ChannelPlan& channel) {
    switch (update.reason) {
        case Reason::Opened:
            return !isQuiet(update.incident);
        case Reason::Resolved:
            return !neverHeard(update.incident);
        case Reason::Acknowledged:
        case Reason::Unacknowledged:
        case Reason::Silenced:
        case Reason::SilenceEnded:
            return true;
        case Reason::Inhibited:
        case Reason::InhibitionEnded:
            return !update.incident.silenced;
        case Reason::Grew:
            return channel.canUpdate || withinGroupWait(update, channel.groupWait) || reachedMilestone(update.incident);
        case Reason::Shrank:
        case Reason::Changed:
            return channel.canUpdate || withinGroupWait(update, channel.groupWait);
    }
    return true;
}

}  // namespace

DeliveryPlanner::DeliveryPlanner(std::vector<ChannelPlan> channels, std::vector<std::string> defaultReceivers)
    : channels_(std::move(channels)), defaultReceivers_(std::move(defaultReceivers)) {}

const ChannelPlan* DeliveryPlanner::channel(std::string_view name) const {
    auto found = std::find_if(channels_.begin(), channels_.end(),
                              [&](const ChannelPlan& channel) { return channel.name == name; });
    return found == channels_.end() ? nullptr : &*found;
}

/// Those that the rules name; where none of them exists the default ones, so that nothing is said to nobody.
std::vector<const ChannelPlan*> DeliveryPlanner::receivers(const rules::Incident& incident) const {
    std::set<const ChannelPlan*> chosen;
    auto choose = [&](const std::vector<std::string>& names) {
        for (const auto& name : names)
            if (const auto* found = channel(name)) chosen.insert(found);
    };
    for (const auto& alert : incident.alerts) choose(alert.notify);
    if (chosen.empty()) choose(defaultReceivers_);
    std::vector<const ChannelPlan*> ordered;
    for (const auto& candidate : channels_)
        if (chosen.empty() || chosen.contains(&candidate)) ordered.push_back(&candidate);
    return ordered;
}

std::vector<storage::Delivery> DeliveryPlanner::plan(const rules::IncidentUpdate& update) const {
    std::vector<storage::Delivery> deliveries;
    const auto& incident = update.incident;
    for (const auto* channel : receivers(incident)) {
        if (!worthSaying(update, *channel)) continue;
        storage::Delivery delivery;
        delivery.id = incident.id + "." + std::to_string(incident.revision) + "." + channel->name;
        delivery.channel = channel->name;
        delivery.incidentId = incident.id;
        delivery.reason = rules::toString(update.reason);
        delivery.idempotencyKey = storage::deliveryKey(incident.id, incident.revision, channel->name);
        delivery.payload = notifiers::toJson(buildCard(incident, channel->style));
        delivery.createdAt = update.at;
        delivery.notBefore =
            channel->canUpdate ? update.at : std::max(update.at, incident.openedAt + channel->groupWait);
        deliveries.push_back(std::move(delivery));
    }
    return deliveries;
}

}  // namespace klaw::deliver
