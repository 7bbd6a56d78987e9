#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/app/leadership_settings.hpp"
#include "agent/kube/cluster_access.hpp"
#include "agent/lead/members.hpp"
#include "agent/share/share_server.hpp"
#include "agent/share/shared_source.hpp"
#include "base/async/task_group.hpp"
#include "base/net/http_client.hpp"

namespace klaw::app {

/// How many connections the listener may hold: the leader has one for each resource of each cluster that it takes from
/// here. Lets the process open as many files as the system allows, and leaves half of them for everything else.
std::size_t roomForReaders();

/// Which replica watches which cluster, and the way to the others. On the loop thread.
class Sharing {
public:
    /// `leadership` has a share; `home` is the cluster that has the Leases. `moved`: ownerOf() may say something else.
    Sharing(Loop& loop, LoopClock& clock, const LeadershipConfig& leadership, const kube::ClusterAccess& home,
            std::string identity, share::ShareServer::Find find, std::function<void()> moved);

    void start();
    /// The others take over what was this one's.
    Task<void> stop();

    /// Nobody knows yet whose anything is.
    bool knowsMembers() const { return members_.known(); }
    /// nullopt: this one.
    std::optional<share::Holder> holderOf(std::string_view cluster) const;
    /// From now on others count on this one.
    void setServing() { members_.setServing(true); }
    bool serves() const { return members_.serving(); }
    void setLeads() { members_.setLeads(true); }

    const lead::Members& members() const { return members_; }
    const share::Peers& peers() const { return peers_; }
    net::ServerResponse answer(const net::ServerRequest& request) const { return server_.answer(request); }

private:
    net::HttpClient client_;
    share::Peers peers_;
    share::ShareServer server_;
    lead::ClusterMembers store_;
    lead::Members members_;
    TaskGroup tasks_;
};

}  // namespace klaw::app
