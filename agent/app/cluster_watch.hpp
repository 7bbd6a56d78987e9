#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/kube/watch_stream.hpp"
#include "agent/observe/resource_observer.hpp"
#include "agent/operate/control.hpp"
#include "agent/recording/watch_tee.hpp"
#include "agent/scrape/api_server_source.hpp"
#include "agent/share/served_resource.hpp"
#include "agent/share/shared_source.hpp"
#include "base/async/task_group.hpp"
#include "rules/rule_engine.hpp"

namespace klaw::app {

/// What a watched cluster reports to the agent.
struct ClusterEvents {
    observe::ResourceObserver::Sink change;
    observe::ResourceObserver::ListCompleted listCompleted;
    std::function<void()> statusChanged;
    recording::Received* received = nullptr;  ///< hears of everything that comes in; nullptr: nobody does
    const share::Peers* peers = nullptr;      ///< other replicas, of which one may watch it; nullptr: there are none
};

/// One cluster: a stream and an observer for every resource that the rules look at. What one does never waits for
/// another. On the loop thread.
class ClusterWatch {
public:
    ClusterWatch(Loop& loop, LoopClock& clock, Random& random, kube::ClusterAccess access, ClusterEvents events);

    /// Watches what the rules read: starts what is new, widens what is there, ends what nobody reads any more. The
    /// resources of which everything is known already: their objects must be looked at again by the new rules.
    std::vector<std::string> follow(std::shared_ptr<const rules::RuleSet> rules);
    /// Before follow(): what is watched is kept, and nothing of it is reported.
    void keepQuiet() { quiet_ = true; }
    /// From now on, what begins to be watched is reported.
    void speak(recording::Received* received);
    /// Those that keep quiet still.
    std::vector<std::string> quietResources() const;
    /// All that is known of a resource is reported as a first list is, and from now on what happens. What is not kept,
    /// or not as the rules read it, is listed anew.
    Task<void> tell(std::string resource, std::shared_ptr<const rules::RuleSet> rules);
    Task<void> stop();

    /// Another replica watches it: nothing is watched and nothing is known here until follow() after wake().
    void rest();
    void wake() { resting_ = false; }
    bool isResting() const { return resting_; }
    /// Another replica watches it, and it is taken from there as far as that can give it; nullopt: this one does.
    void setHolder(std::optional<share::Holder> holder);
    /// Name of the replica from which it is taken; empty: from none.
    std::string takenFrom() const;
    /// What other replicas may read of it; nullptr: nothing.
    std::shared_ptr<share::ServedResource> served(std::string_view resource) const;

    const std::string& name() const { return access_.name; }
    const kube::ClusterAccess& access() const { return access_; }
    kube::ApiServer& server() { return *server_; }
    /// For questions that may outlast this cluster's time.
    std::shared_ptr<kube::ApiServer> sharedServer() { return server_; }
    bool ready() const;
    operate::ClusterView view() const;
    /// Of each resource that may be read. One that has failed since this began is among them once that is more than a
    /// start may take.
    std::vector<scrape::WatchOutage> outages() const;
    /// Why nothing is known of a resource; empty when it is.
    std::string trouble(std::string_view resource) const;
    const observe::ResourceObserver* observer(std::string_view resource) const;
    /// Streams and observers for metrics.
    void forEach(const std::function<void(const std::string& resource, const kube::WatchStatus&,
                                          const observe::ResourceObserver&)>& visit) const;

private:
    struct Watched {
        std::unique_ptr<observe::ResourceObserver> observer;
        std::unique_ptr<recording::WatchTee> tee;
        std::shared_ptr<share::ServedResource> served;  ///< nullptr: other replicas do not read it here
        std::unique_ptr<share::SharedSource> source;    ///< nullptr: it comes from the API server alone
        std::unique_ptr<kube::WatchStream> stream;
        std::unique_ptr<TaskGroup> task;
        std::shared_ptr<bool> reports;
    };
    void start(const std::string& resource, const rules::RuleSet& rules);
    bool setFields(Watched& watched, const rules::FieldTree& fields);
    void openSource(Watched& watched, const std::string& resource, const rules::FieldTree& fields);
    void openToOthers(Watched& watched, const std::string& resource, const rules::FieldTree& fields);
    bool leavesToLeader(const std::string& resource) const;
    void noteSource();
    Task<void> endRested(std::list<Watched>::iterator ended);
    Task<void> askVersion();

    Loop& loop_;
    LoopClock& clock_;
    Random& random_;
    kube::ClusterAccess access_;
    ClusterEvents events_;
    std::shared_ptr<kube::ApiServer> server_;
    std::shared_ptr<observe::JsonScanner> scanner_;
    std::map<std::string, Watched, std::less<>> watched_;
    std::list<Watched> ended_;  ///< by rest(), until nothing of them runs
    TaskGroup tasks_;
    std::string version_;
    bool quiet_ = false;
    bool resting_ = false;
    std::optional<share::Holder> holder_;
    std::string standInReason_;  ///< why the API server is watched for a replica that should; empty: it is not
};

/// The objects of all clusters, as rules look them up.
class WatchedObjects final : public rules::ObjectSource {
public:
    void add(const ClusterWatch& cluster) { clusters_.push_back(&cluster); }
    void remove(const ClusterWatch& cluster) { std::erase(clusters_, &cluster); }
    void forEach(std::string_view cluster, std::string_view resource,
                 const std::function<void(PackedView)>& visit) const override;
    PackedView find(std::string_view cluster, std::string_view resource, std::string_view uid) const override;

private:
    const observe::ResourceObserver* observer(std::string_view cluster, std::string_view resource) const;
    std::vector<const ClusterWatch*> clusters_;
};

}  // namespace klaw::app
