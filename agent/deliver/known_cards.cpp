#include "agent/deliver/known_cards.hpp"

#include <algorithm>

namespace klaw::deliver {
namespace {

constexpr Duration keepEnded = 10min;  ///< as it may fire again
constexpr Duration longGap = 10min;
constexpr Duration longestGap = 1h;

}  // namespace

void KnownCards::clear() {
    cards_.clear();
    ended_.clear();
    endings_.clear();
}

const std::string& KnownCards::refOf(const std::string& incident) const {
    static const std::string none;
    auto known = cards_.find(incident);
    return known == cards_.end() ? none : known->second.ref;
}

bool KnownCards::isRemarkable(const Known& known, const Gist& gist) const {
    return gist.status != known.status || gist.severity != known.severity ||
           gist.affected >= 2 * std::max<std::size_t>(known.most, 1);
}

void KnownCards::shown(const storage::Delivery& delivery, const Gist& gist, const std::string& ref, bool asMessage,
                       TimePoint now) {
    forgetEnded(now);
    const auto& incident = delivery.incidentId;
    if (incident.empty()) return;
    if (gist.ends) {
        if (ended_.emplace(incident, now).second) endings_.emplace_back(now, incident);
    } else {
        ended_.erase(incident);
    }
    if (ref.empty()) return;
    auto& known = cards_[incident];
    if (asMessage) known = Known();
    known.ref = ref;
    known.shownAt = now;
    known.status = gist.status;
    known.severity = gist.severity;
    known.most = std::max(known.most, gist.affected);
    if (!asMessage && gist.urgency == Urgency::Quiet) ++known.quietOnes;
}

TimePoint KnownCards::changeableAt(const storage::Delivery& delivery, const Gist& gist, Duration shortestGap) const {
    auto found = cards_.find(delivery.incidentId);
    bool urgent = gist.urgency != Urgency::Quiet || shortestGap == Duration::zero();
    if (urgent || found == cards_.end()) return {};
    const auto& known = found->second;
    if (isRemarkable(known, gist)) return known.shownAt + shortestGap;
    auto alerts = static_cast<unsigned>(std::clamp<std::size_t>(known.most, 1, 10));
    bool often = known.quietOnes < alerts;
    auto gap = often ? shortestGap * (1 << known.quietOnes) : longGap * (1 << std::min(known.quietOnes - alerts, 4u));
    return known.shownAt + std::min<Duration>(gap, often ? longGap : longestGap);
}

void KnownCards::forgetEnded(TimePoint now) {
    for (; !endings_.empty() && endings_.front().first + keepEnded <= now; endings_.pop_front()) {
        auto ended = ended_.find(endings_.front().second);
        if (ended == ended_.end() || ended->second != endings_.front().first) continue;
        cards_.erase(ended->first);
        ended_.erase(ended);
    }
}

}  // namespace klaw::deliver
