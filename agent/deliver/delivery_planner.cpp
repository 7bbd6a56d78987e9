#include "agent/deliver/delivery_planner.hpp"

#include <algorithm>
#include <array>

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

bool isUnderWay(const rules::Incident& incident) {
    return std::ranges::any_of(
        incident.actions, [](const rules::Action& action) { return action.state == rules::Action::State::Acting; });
}

/// The channel that could not be reached; null when this one does not stand in for any.
const std::string* standsInFor(const rules::Incident& incident, const ChannelPlan& channel) {
    auto found = std::ranges::find(incident.diversions, channel.name, &rules::Diversion::to);
    return found == incident.diversions.end() ? nullptr : &found->from;
}

std::string cannotBeReached(const std::string& channel, const std::string& language) {
    return language.starts_with("zh") ? "无法送达 " + channel : channel + " cannot be reached";
}

bool isCalling(Reason reason) {
    return reason == Reason::Opened || reason == Reason::Reminded || reason == Reason::Diverted;
}

/// It only shows better what is shown anyway.
bool isRefinement(Reason reason) {
    return reason == Reason::Grew || reason == Reason::Shrank || reason == Reason::Changed ||
           reason == Reason::Enriched;
}

/// The card that begins the incident has not left yet, and this one leaves in its place.
bool replacesFirstCard(const rules::IncidentUpdate& update, const ChannelPlan& channel,
                       const std::optional<DeliveryPlanner::Hold>& hold) {
    if (!isRefinement(update.reason)) return false;
    if (hold) return isCalling(hold->of);
    return !channel.canUpdate && withinGroupWait(update, channel.groupWait);
}

/// A delivery of its own, so that it is known for itself whether people were rung. It follows the card, which it is
/// about.
storage::Delivery ringDelivery(const storage::Delivery& of, notifiers::Card card, rules::Ring ring) {
    card.ring = ring;
    card.sections.clear();
    card.buttons.clear();
    auto delivery = of;
    delivery.id += ".ring";
    delivery.reason = ringReason;
    delivery.idempotencyKey += "r";
    delivery.livingCard = false;
    delivery.payload = notifiers::toJson(card);
    return delivery;
}

bool worthSaying(const rules::IncidentUpdate& update, const ChannelPlan& channel) {
    switch (update.reason) {
        case Reason::Opened:
            return !isQuiet(update.incident);
        case Reason::Reopened:
            return channel.canUpdate ? !neverHeard(update.incident) : !isQuiet(update.incident);
        case Reason::Resolved:
            return !neverHeard(update.incident);
        case Reason::Assigned:
        case Reason::Acknowledged:
        case Reason::Unacknowledged:
        case Reason::Silenced:
        case Reason::SilenceEnded:
            return true;
        case Reason::Inhibited:
        case Reason::InhibitionEnded:
            return !update.incident.silenced;
        case Reason::Diverted:
            return update.incident.diversions.back().to == channel.name;
        case Reason::Escalated:
        case Reason::Commented:
            return channel.canUpdate;
        case Reason::Acted:
            return channel.canUpdate || !isUnderWay(update.incident);
        case Reason::Reminded:
            return true;
        case Reason::Grew:
            return channel.canUpdate || withinGroupWait(update, channel.groupWait) || reachedMilestone(update.incident);
        case Reason::Shrank:
        case Reason::Changed:
        case Reason::Enriched:
            return channel.canUpdate || withinGroupWait(update, channel.groupWait);
    }
    return true;
}

}  // namespace

DeliveryPlanner::DeliveryPlanner(std::vector<ChannelPlan> channels, std::shared_ptr<const rules::Routes> routes)
    : channels_(std::move(channels)), routes_(routes ? std::move(routes) : std::make_shared<const rules::Routes>()) {}

/// Those that routes and rules name, those of the steps it was escalated to, and those that stand in. Where none of
/// them exists, or with "*", all, so that nothing is said to nobody.
std::vector<const ChannelPlan*> DeliveryPlanner::receivers(const rules::IncidentUpdate& update) const {
    const auto& incident = update.incident;
    auto chosen = routes_->of(incident, update.at);
    auto isNamed = [](const std::vector<std::string>& names, const ChannelPlan& channel) {
        return std::ranges::find(names, channel.name) != names.end() || std::ranges::find(names, "*") != names.end();
    };
    std::vector<const ChannelPlan*> ordered;
    for (const auto* names : {&chosen.named, &chosen.notify})
        if (ordered.empty())
            for (const auto& channel : channels_)
                if (isNamed(*names, channel)) ordered.push_back(&channel);
    if (ordered.empty())
        for (const auto& channel : channels_) ordered.push_back(&channel);
    auto add = [&](const auto& isWanted) {
        for (const auto& channel : channels_)
            if (isWanted(channel) && std::ranges::find(ordered, &channel) == ordered.end()) ordered.push_back(&channel);
    };
    for (std::size_t step = 0; step < std::min<std::size_t>(incident.escalated, chosen.escalate.size()); ++step)
        add([&](const ChannelPlan& channel) { return isNamed(chosen.escalate[step].notify, channel); });
    add([&](const ChannelPlan& channel) { return standsInFor(incident, channel) != nullptr; });
    return ordered;
}

/// The receivers of the step that was taken last.
bool DeliveryPlanner::escalatedTo(const rules::IncidentUpdate& update, const ChannelPlan& channel) const {
    const auto& incident = update.incident;
    auto steps = routes_->of(incident, update.at).escalate;
    if (incident.escalated == 0 || incident.escalated > steps.size()) return false;
    const auto& step = steps[incident.escalated - 1];
    if (step.notify.empty()) return !step.mention.empty();
    return std::ranges::find(step.notify, channel.name) != step.notify.end();
}

/// Who is called by name: when a card begins, when it reminds, and who an escalation adds.
std::vector<notifiers::CardMention> DeliveryPlanner::mentions(const rules::IncidentUpdate& update,
                                                              const ChannelPlan& channel, bool replacesFirst) const {
    const auto& incident = update.incident;
    auto chosen = routes_->of(incident, update.at);
    const std::vector<std::string>* names = nullptr;
    bool calls = replacesFirst || isCalling(update.reason);
    if (calls) names = &chosen.mention;
    bool escalated = update.reason == Reason::Escalated && escalatedTo(update, channel);
    if (escalated) names = &chosen.escalate[incident.escalated - 1].mention;
    std::vector<std::string> assignee(1, incident.assignee);
    if (update.reason == Reason::Assigned) names = &assignee;
    std::vector<notifiers::CardMention> called;
    if (!names) return called;
    for (const auto& name : routes_->people(*names, update.at)) {
        auto person = channel.people.find(name);
        if (name == "all")
            called.push_back({"all", {}});
        else if (person != channel.people.end())
            called.push_back({person->second, name});
    }
    return called;
}

/// A channel that stands in sleeps with the one that it stands in for.
std::optional<TimePoint> DeliveryPlanner::quietUntil(const rules::IncidentUpdate& update,
                                                     const ChannelPlan& channel) const {
    const auto* failing = standsInFor(update.incident, channel);
    return routes_->quietUntil(update.incident, failing ? *failing : channel.name, update.at);
}

/// How those who are called by this update are rung.
rules::Ring DeliveryPlanner::ringOf(const rules::IncidentUpdate& update) const {
    auto chosen = routes_->of(update.incident, update.at);
    if (update.incident.acknowledged) return rules::Ring::None;
    if (isCalling(update.reason)) return chosen.ring;
    auto step = update.incident.escalated;
    bool escalated = update.reason == Reason::Escalated && step > 0 && step <= chosen.escalate.size();
    return escalated ? chosen.escalate[step - 1].ring : rules::Ring::None;
}

std::vector<storage::Delivery> DeliveryPlanner::plan(const rules::IncidentUpdate& update,
                                                     const std::optional<Hold>& hold) const {
    std::vector<storage::Delivery> deliveries;
    const auto& incident = update.incident;
    auto judged = update;  // as what it shows is judged: the card that has not left has a reason of its own
    if (hold && isRefinement(update.reason)) judged.reason = hold->of;
    for (const auto* channel : receivers(update)) {
        bool called = update.reason == Reason::Escalated && escalatedTo(update, *channel);
        auto quietUntil = this->quietUntil(update, *channel);
        bool says = called || worthSaying(judged, *channel);
        // Of a card that may still wait, also when its wait has just ended: it is awake now.
        bool refines = routes_->haveQuietHours() && isRefinement(judged.reason);
        if (!says && !refines) continue;
        storage::Delivery delivery;
        delivery.onlyRefines = !says;
        delivery.id = incident.id + "." + std::to_string(incident.revision) + "." + channel->name;
        delivery.channel = channel->name;
        delivery.incidentId = incident.id;
        delivery.reason = rules::toString(judged.reason);
        delivery.idempotencyKey = storage::deliveryKey(incident.id, incident.revision, channel->name);
        auto card = buildCard(incident, channel->style);
        if (!quietUntil || update.reason != Reason::Assigned)
            card.mentions = mentions(update, *channel, replacesFirstCard(update, *channel, hold));
        if (const auto* failing = standsInFor(incident, *channel))
            card.footer.notes.push_back(cannotBeReached(*failing, channel->style.language));
        delivery.payload = notifiers::toJson(card);
        delivery.createdAt = update.at;
        auto rung = ringOf(update);
        delivery.notBefore =
            channel->canUpdate ? update.at : std::max(update.at, incident.openedAt + channel->groupWait);
        if (hold) delivery.notBefore = std::max(delivery.notBefore, hold->until);
        delivery.quiet = quietUntil.has_value();
        if (quietUntil) delivery.notBefore = std::max(delivery.notBefore, *quietUntil);
        bool rings = channel->canRing && rung != rules::Ring::None && !card.mentions.empty();
        auto call = rings ? std::optional(ringDelivery(delivery, std::move(card), rung)) : std::nullopt;
        deliveries.push_back(std::move(delivery));
        if (call) deliveries.push_back(std::move(*call));
    }
    return deliveries;
}

}  // namespace klaw::deliver
