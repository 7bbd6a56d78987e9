#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "agent/app/agent_run.hpp"

// The clusters are spread over the replicas: each watches its share, and the leader reads what the others watch.

namespace klaw::app {
void AgentRun::openSharing(const kube::ClusterAccess& home) {
    const auto& leadership = *setup_.config.leadership;
    if (!leadership.share) return;
    auto find = [this](const std::string& name, const std::string& resource) -> std::shared_ptr<share::ServedResource> {
        if (role_ != Role::StandingBy) return nullptr;
        auto found = std::ranges::find_if(clusters_, [&](const auto& each) { return each->name() == name; });
        return found == clusters_.end() ? nullptr : (*found)->served(resource);
    };
    sharing_ = std::make_unique<Sharing>(loop_, clock_, leadership, home, candidacy_->elector().identity(),
                                         std::move(find), [this] { followShares(); });
    relay_ = std::make_unique<serve::LeaderRelay>(loop_, [this] { return leaderAddress(); });
}

/// Empty while it is not known.
std::string AgentRun::leaderAddress() const {
    const auto& others = sharing_->members().others();
    auto leader = std::ranges::find(others, candidacy_->elector().holder(), &lead::Member::identity);
    return leader == others.end() ? std::string() : leader->address;
}

Task<net::ServerResponse> AgentRun::passedOn(net::ServerRequest request) {
    auto answer = co_await relay_->pass(std::move(request));
    if (answer) co_return std::move(*answer);
    co_return standbyConsole_->elsewhere(answer.error().message);
}

Task<net::ServerResponse> AgentRun::shared(net::ServerRequest request) {
    co_return sharing_->answer(request);
}

void AgentRun::followShares() {
    if (!sharing_ || ending_) return;
    for (const auto& cluster : clusters_) followShare(*cluster);
    noteServing();
    noteState();
}

/// A standby watches what is its own; the leader watches that, and takes the rest from where it is watched.
void AgentRun::followShare(ClusterWatch& cluster) {
    auto holder = sharing_->holderOf(cluster.name());
    if (role_ != Role::StandingBy) {
        cluster.wake();
        return cluster.setHolder(std::move(holder));
    }
    bool isOwn = sharing_->knowsMembers() && !holder;
    if (isOwn && cluster.isResting()) {
        spdlog::info("cluster {} is watched by this replica", cluster.name());
        cluster.wake();
        cluster.follow(setup_.rules);
    } else if (!isOwn && !cluster.isResting()) {
        if (holder) spdlog::info("cluster {} is left to replica {}", cluster.name(), holder->name);
        cluster.rest();
    }
}

/// Others leave to a newcomer what is its share once it has that.
void AgentRun::noteServing() {
    if (!sharing_ || sharing_->serves() || !sharing_->knowsMembers()) return;
    bool hasItsShare = std::ranges::all_of(clusters_, [](const auto& cluster) { return cluster->ready(); });
    if (hasItsShare || role_ != Role::StandingBy) sharing_->setServing();
}

/// How many clusters this replica has from where; "" is the API server.
std::map<std::string, std::size_t> AgentRun::shares() const {
    std::map<std::string, std::size_t> counts{{"", 0}};
    for (const auto& cluster : clusters_)
        if (!cluster->isResting()) ++counts[cluster->takenFrom()];
    return counts;
}

std::string AgentRun::sharesText() const {
    if (!sharing_) return {};
    auto counts = shares();
    auto text = fmt::format("clusters: {} of {} watched by this replica", counts[""], clusters_.size());
    for (const auto& [from, count] : counts)
        if (!from.empty()) text += fmt::format(", {} taken from {}", count, from);
    return text + "\n";
}

std::string AgentRun::sharesMetrics() const {
    return sharing_ ? Metrics::sharesText(shares(), sharing_->members().others().size() + 1) : std::string();
}

}  // namespace klaw::app
