#include "agent/cli/replay_summary.hpp"

#include "agent/operate/table.hpp"
#include "notifiers/card.hpp"

namespace klaw::cli {

ReplaySummary::Heard& ReplaySummary::Heard::operator+=(const Heard& other) {
    alerts += other.alerts;
    fromBefore += other.fromBefore;
    cards += other.cards;
    messages += other.messages;
    return *this;
}

void ReplaySummary::transition(const rules::Transition& transition) {
    if (transition.reason != rules::Transition::Reason::Fired) return;
    auto& heard = byRule_[transition.alert.rule];
    ++heard.alerts;
    heard.fromBefore += transition.alert.startedBefore;
}

void ReplaySummary::card(const storage::Delivery& delivery) {
    auto card = notifiers::cardFromJson(delivery.payload);
    if (!card) return;
    auto& heard = byRule_[card->footer.rule];
    ++heard.messages;
    heard.cards += incidents_.insert(delivery.incidentId).second;
}

ReplaySummary::Heard ReplaySummary::of(const std::string& rule) const {
    auto found = byRule_.find(rule);
    return found == byRule_.end() ? Heard() : found->second;
}

std::vector<std::string> ReplaySummary::rules() const {
    std::vector<std::string> names;
    for (const auto& [rule, heard] : byRule_) names.push_back(rule);
    return names;
}

std::string formatSummary(const ReplaySummary& summary, const std::vector<std::string>& rules) {
    std::vector<std::vector<std::string>> rows;
    ReplaySummary::Heard all;
    auto add = [&](const std::string& name, const ReplaySummary::Heard& heard) {
        rows.push_back({name, std::to_string(heard.alerts), std::to_string(heard.fromBefore),
                        std::to_string(heard.cards), std::to_string(heard.messages)});
    };
    for (const auto& rule : rules) {
        add(rule, summary.of(rule));
        all += summary.of(rule);
    }
    add("all", all);
    return operate::formatTable({"RULE", "ALERTS", "FROM BEFORE", "CARDS", "MESSAGES"}, rows);
}

}  // namespace klaw::cli
