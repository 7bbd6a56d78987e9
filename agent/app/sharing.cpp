#include "agent/app/sharing.hpp"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>

#include "agent/share/rendezvous.hpp"

namespace klaw::app {
namespace {

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
}

lead::MemberOptions optionsOf(const LeadershipConfig& leadership, std::string identity) {
    return {leadership.leaseName, std::move(identity), leadership.share->address, leadership.lasts, leadership.retry};
}

/// A way that is lost without a word must not keep the leader blind for longer than a lease.
net::HttpClientOptions betweenReplicas() {
    net::HttpClientOptions options;
    options.tcpUserTimeout = 8s;
    return options;
}

}  // namespace

std::size_t roomForReaders() {
    constexpr rlim_t usual = 256, most = 20'000;
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return usual;
    files.rlim_cur = files.rlim_max;
    // Where that is refused the limit that holds is as it was.
    if (::setrlimit(RLIMIT_NOFILE, &files) != 0) ::getrlimit(RLIMIT_NOFILE, &files);
    return std::clamp(files.rlim_cur / 2, usual, most);
}

Sharing::Sharing(Loop& loop, LoopClock& clock, const LeadershipConfig& leadership, const kube::ClusterAccess& home,
                 std::string identity, share::ShareServer::Find find, std::function<void()> moved)
    : client_(loop, betweenReplicas()),
      peers_{client_, leadership.share->token},
      server_(clock, leadership.share->token, std::move(find)),
      store_(std::make_shared<kube::ApiServer>(loop, clock, home), leadership.leaseNamespace, leadership.leaseName,
             leadership.share->token),
      members_(store_, clock, lead::elapsedSinceBoot, optionsOf(leadership, std::move(identity)), std::move(moved)),
      tasks_(loop, reportFailure) {}

void Sharing::start() {
    tasks_.spawn("members", members_.run());
}

Task<void> Sharing::stop() {
    co_await tasks_.stop();
    co_await members_.leave();
}

std::optional<share::Holder> Sharing::holderOf(std::string_view cluster) const {
    std::vector<std::string> names(1, members_.identity());
    for (const auto& each : members_.others())
        if (each.serving) names.push_back(each.identity);
    auto owner = share::ownerOf(cluster, names);
    auto found = std::ranges::find(members_.others(), owner, &lead::Member::identity);
    if (found == members_.others().end()) return std::nullopt;
    return share::Holder{found->identity, found->address};
}

}  // namespace klaw::app
