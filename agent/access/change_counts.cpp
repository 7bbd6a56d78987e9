#include "agent/access/change_counts.hpp"

#include <algorithm>

#include "agent/access/role.hpp"

namespace klaw::access {
namespace {

constexpr Duration window = 1h;

Error exhausted(std::int64_t limit, const std::string& of, TimePoint freeAt) {
    return Error(ErrorCode::ResourceExhausted,
                 "the limit of " + std::to_string(limit) + " changes an hour " + of + " is reached", {},
                 "wait until " + formatRfc3339(std::chrono::ceil<std::chrono::seconds>(freeAt)) +
                     ", or let an administrator raise it under `limits` in the configuration");
}

}  // namespace

bool covers(const Limit& limit, const Place& place) {
    bool cluster = limit.clusters.empty() || matchesAny(limit.clusters, place.cluster);
    return cluster && (limit.namespaces.empty() || (!place.ns.empty() && matchesAny(limit.namespaces, place.ns)));
}

Result<void> ChangeCounts::check(const std::vector<Limit>& limits, const Change& wanted) const {
    for (const auto& limit : limits) {
        if (!covers(limit, wanted.place)) continue;
        // Times at which the counted changes leave the window, soonest first.
        std::vector<TimePoint> byPerson, inCluster;
        for (const auto& change : changes_) {
            if (change.at + window <= wanted.at || !covers(limit, change.place)) continue;
            if (change.person == wanted.person) byPerson.push_back(change.at + window);
            if (change.place.cluster == wanted.place.cluster) inCluster.push_back(change.at + window);
        }
        // Room for one more is there once fewer than the limit are left.
        auto freeAt = [](const std::vector<TimePoint>& leaving, std::int64_t most) {
            auto index = static_cast<std::int64_t>(leaving.size()) - most;
            return most > 0 ? leaving[static_cast<std::size_t>(index)] : leaving.empty() ? TimePoint() : leaving.back();
        };
        auto full = [](const std::vector<TimePoint>& counted, const std::optional<std::int64_t>& most) {
            return most && static_cast<std::int64_t>(counted.size()) >= *most;
        };
        if (full(byPerson, limit.changesPerPerson))
            return fail(
                exhausted(*limit.changesPerPerson, "for one person", freeAt(byPerson, *limit.changesPerPerson)));
        if (full(inCluster, limit.changesPerCluster))
            return fail(exhausted(*limit.changesPerCluster, "for the cluster " + wanted.place.cluster,
                                  freeAt(inCluster, *limit.changesPerCluster)));
    }
    return {};
}

void ChangeCounts::add(Change change) {
    while (!changes_.empty() && changes_.front().at + window <= change.at) changes_.pop_front();
    changes_.push_back(std::move(change));
}

void ChangeCounts::takeBack(const Change& change) {
    auto same = [&](const Change& other) {
        return other.at == change.at && other.person == change.person && other.place.cluster == change.place.cluster &&
               other.place.ns == change.place.ns;
    };
    auto found = std::find_if(changes_.rbegin(), changes_.rend(), same);
    if (found != changes_.rend()) changes_.erase(std::next(found).base());
}

}  // namespace klaw::access
