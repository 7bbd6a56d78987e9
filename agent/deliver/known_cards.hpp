#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>

#include "agent/deliver/urgency.hpp"

namespace klaw::deliver {

/// The messages that show incidents in one channel, and when each may be changed again.
///
/// What people must know is shown at once. Numbers and details wait: for the channel's shortest gap, twice as long each
/// time, and once they were shown as often as there are alerts for ten minutes, up to an hour. An incident that became
/// twice as large as it was ever shown, or of another severity, waits for the shortest gap only.
class KnownCards {
public:
    void know(const std::string& incident, std::string ref) { cards_[incident].ref = std::move(ref); }
    void clear();
    /// Empty when none is known.
    const std::string& refOf(const std::string& incident) const;
    /// A call showed it to people. `ref` names the message; empty: as before.
    void shown(const storage::Delivery& delivery, const Gist& gist, const std::string& ref, bool asMessage,
               TimePoint now);
    /// The past for a card that is not known.
    TimePoint changeableAt(const storage::Delivery& delivery, const Gist& gist, Duration shortestGap) const;

private:
    struct Known {
        std::string ref;
        TimePoint shownAt{};
        notifiers::CardStatus status = notifiers::CardStatus::Firing;
        rules::Severity severity = rules::Severity::Warning;
        std::size_t most = 0;    ///< affected things it ever showed
        unsigned quietOnes = 0;  ///< changes of numbers and details only
    };
    bool isRemarkable(const Known& known, const Gist& gist) const;
    void forgetEnded(TimePoint now);

    std::map<std::string, Known> cards_;                     ///< by incident
    std::map<std::string, TimePoint> ended_;                 ///< those that are resolved, since when
    std::deque<std::pair<TimePoint, std::string>> endings_;  ///< oldest first
};

}  // namespace klaw::deliver
