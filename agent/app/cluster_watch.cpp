#include "agent/app/cluster_watch.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "agent/observe/json_scanner.hpp"

namespace klaw::app {
namespace {

void reportFailure(const std::string& name, const std::string& what) {
    spdlog::error("{}: {}", name, what);
}

constexpr Duration startTakes = 30s;

/// Klaw may not read it, or the cluster does not know it: that is no outage, it waits for somebody to change it.
bool isRefused(const kube::WatchStatus& status) {
    return status.errorCode == ErrorCode::PermissionDenied || status.errorCode == ErrorCode::NotFound;
}

}  // namespace

ClusterWatch::ClusterWatch(Loop& loop, LoopClock& clock, Random& random, kube::ClusterAccess access,
                           ClusterEvents events)
    : loop_(loop),
      clock_(clock),
      random_(random),
      access_(access),
      events_(std::move(events)),
      server_(std::make_shared<kube::ApiServer>(loop, clock, access)),
      scanner_(std::make_shared<observe::JsonScanner>()),
      tasks_(loop, reportFailure) {
    if (access_.insecureSkipVerify)
        spdlog::warn(
            "cluster {}: the kubeconfig turns TLS verification off; anybody on the way can read and change what is "
            "seen",
            access_.name);
    tasks_.spawn("version of " + access_.name, askVersion());
}

Task<void> ClusterWatch::askVersion() {
    for (Duration wait = 1s;; wait = std::min<Duration>(wait * 2, 60s)) {
        auto version = co_await server_->version();
        if (version) {
            version_ = std::move(*version);
            spdlog::info("cluster {} at {} is Kubernetes {}", access_.name, access_.server, version_);
            if (events_.statusChanged) events_.statusChanged();
            co_return;
        }
        if (version.error().code == ErrorCode::Cancelled) co_return;
        spdlog::warn("cluster {}: {}", access_.name, version.error().describe());
        co_await clock_.sleepFor(wait);
    }
}

std::vector<std::string> ClusterWatch::follow(std::shared_ptr<const rules::RuleSet> rules) {
    std::vector<std::string> known;
    if (resting_) return known;
    for (const auto& resource : rules->resources()) {
        if (leavesToLeader(resource)) continue;
        auto found = watched_.find(resource);
        if (found == watched_.end() || !found->second.task)
            start(resource, *rules);
        else if (setFields(found->second, rules->fieldsFor(resource)))
            found->second.stream->relist();
        else
            known.push_back(resource);
    }
    for (auto it = watched_.begin(); it != watched_.end(); ++it) {
        const auto& names = rules->resources();
        bool read = std::find(names.begin(), names.end(), it->first) != names.end();
        if (read || !it->second.task) continue;
        if (it->second.served) it->second.served->close();
        tasks_.spawn("end of " + it->first, [](std::unique_ptr<TaskGroup> task) -> Task<void> {
            co_await task->stop();
        }(std::move(it->second.task)));
    }
    return known;
}

void ClusterWatch::start(const std::string& resource, const rules::RuleSet& rules) {
    bool events = resource == "events";
    observe::ObserverOptions observing;
    observing.cluster = access_.name;
    observing.resource = resource;
    observing.fields = rules.fieldsFor(resource);
    observing.keep = events ? observe::ObserverOptions::Keep::Counts : observe::ObserverOptions::Keep::Objects;
    observing.scanner = scanner_;
    kube::WatchOptions watching;
    watching.resource = resource;
    if (events && rules.warningEventsOnly()) watching.fieldSelector = "type=Warning";
    Watched watched;
    watched.reports = std::make_shared<bool>(!quiet_);
    auto readers = std::make_shared<std::weak_ptr<share::ServedResource>>();
    auto tellChange = [this, readers, reports = watched.reports](const rules::Change& change) {
        if (*reports && events_.change) events_.change(change);
        if (auto served = readers->lock()) served->changed(change);
    };
    auto listCompleted = [this, reports = watched.reports](std::string_view cluster, std::string_view of) {
        if (*reports && events_.listCompleted) events_.listCompleted(cluster, of);
    };
    watched.observer = std::make_unique<observe::ResourceObserver>(std::move(observing), std::move(tellChange),
                                                                   std::move(listCompleted));
    auto report = [this, resource, last = std::string()]() mutable {
        auto found = watched_.find(resource);
        if (found == watched_.end()) return;  // on the way to its rest
        const auto& status = found->second.stream->status();
        if (found->second.served) found->second.served->noteState();
        if (status.lastError != last && !status.lastError.empty())
            spdlog::warn("cluster {}: cannot watch {}: {}", access_.name, resource, status.lastError);
        if (status.lastError != last && status.lastError.empty())
            spdlog::info("cluster {}: {} is watched again", access_.name, resource);
        last = status.lastError;
        if (events_.statusChanged) events_.statusChanged();
    };
    kube::WatchHandler* handler = watched.observer.get();
    if (events_.received) {
        watched.tee =
            std::make_unique<recording::WatchTee>(access_.name, resource, *watched.observer, *events_.received);
        handler = watched.tee.get();
    }
    openToOthers(watched, resource, rules.fieldsFor(resource));
    if (watched.served) handler = watched.served.get();
    *readers = watched.served;
    openSource(watched, resource, rules.fieldsFor(resource));
    watched.stream = watched.source ? std::make_unique<kube::WatchStream>(*watched.source, clock_, random_, *handler,
                                                                          std::move(watching), report)
                                    : std::make_unique<kube::WatchStream>(*server_, clock_, random_, *handler,
                                                                          std::move(watching), report);
    watched.task = std::make_unique<TaskGroup>(loop_, reportFailure);
    auto& kept = watched_[resource];
    if (kept.served) kept.served->close();  // readers of what was watched before may be there still
    kept = std::move(watched);
    kept.task->spawn("watch of " + resource + " in " + access_.name, kept.stream->run());
    if (kept.source) kept.task->spawn("source of " + resource + " in " + access_.name, kept.source->run());
}

void ClusterWatch::speak(recording::Received* received) {
    quiet_ = false;
    events_.received = received;
}

std::vector<std::string> ClusterWatch::quietResources() const {
    std::vector<std::string> names;
    for (const auto& [resource, watched] : watched_)
        if (watched.task && !*watched.reports) names.push_back(resource);
    return names;
}

Task<void> ClusterWatch::tell(std::string resource, std::shared_ptr<const rules::RuleSet> rules) {
    auto& watched = watched_.at(resource);
    const auto& read = rules->resources();
    bool isRead = std::find(read.begin(), read.end(), resource) != read.end();
    bool counts = resource == "events";
    bool isAsRead = isRead && !counts && !events_.received && !setFields(watched, rules->fieldsFor(resource));
    if (watched.served) watched.served->close();
    if (!isAsRead) {
        co_await watched.task->stop();
        watched.task.reset();
        if (isRead) start(resource, *rules);
        co_return;
    }
    *watched.reports = true;
    watched.observer->forEach([&](PackedView object) {
        rules::Change change;
        change.type = rules::Change::Type::Added;
        change.cluster = access_.name;
        change.resource = resource;
        change.object = object;
        change.initial = true;
        events_.change(change);
    });
    if (watched.observer->firstListDone()) events_.listCompleted(access_.name, resource);
}

Task<void> ClusterWatch::stop() {
    for (auto& [resource, watched] : watched_)
        if (watched.served) watched.served->close();  // readers may stay longer than this
    co_await tasks_.stop();
    for (auto& watched : ended_) co_await watched.task->stop();
    for (auto& [resource, watched] : watched_)
        if (watched.task) co_await watched.task->stop();
}

/// A kind that may not be read does not keep the others from being ready.
bool ClusterWatch::ready() const {
    for (const auto& [resource, watched] : watched_) {
        const auto& status = watched.stream->status();
        if (watched.task && !status.listed && !isRefused(status)) return false;
    }
    return true;
}

operate::ClusterView ClusterWatch::view() const {
    operate::ClusterView view;
    view.name = access_.name;
    view.server = access_.server;
    view.version = version_;
    view.ready = ready();
    for (const auto& [resource, watched] : watched_) {
        if (!watched.task) continue;
        const auto& status = watched.stream->status();
        view.objects += watched.observer->size();
        if (!status.lastError.empty())
            view.problems.push_back(resource + ": " + status.lastError);
        else if (!status.listed)
            view.problems.push_back(resource + ": the first list is not in yet");
        if (status.lastLineAt != TimePoint())
            view.lastHeardOf = std::max(view.lastHeardOf.value_or(status.lastLineAt), status.lastLineAt);
    }
    return view;
}

std::vector<scrape::WatchOutage> ClusterWatch::outages() const {
    std::vector<scrape::WatchOutage> outages;
    for (const auto& [resource, watched] : watched_) {
        const auto& status = watched.stream->status();
        if (!watched.task || isRefused(status)) continue;
        auto lasts = status.failingSince ? clock_.now() - *status.failingSince : Duration{};
        if (status.listed || lasts >= startTakes) outages.push_back({resource, lasts});
    }
    return outages;
}

std::string ClusterWatch::trouble(std::string_view resource) const {
    auto found = watched_.find(resource);
    if (found == watched_.end() || !found->second.task) return {};
    const auto& status = found->second.stream->status();
    if (!status.lastError.empty()) return status.lastError;
    return status.listed ? "" : "the first list is not in yet";
}

const observe::ResourceObserver* ClusterWatch::observer(std::string_view resource) const {
    auto found = watched_.find(resource);
    return found == watched_.end() ? nullptr : found->second.observer.get();
}

void ClusterWatch::forEach(const std::function<void(const std::string&, const kube::WatchStatus&,
                                                    const observe::ResourceObserver&)>& visit) const {
    for (const auto& [resource, watched] : watched_)
        if (watched.task) visit(resource, watched.stream->status(), *watched.observer);
}

const observe::ResourceObserver* WatchedObjects::observer(std::string_view cluster, std::string_view resource) const {
    for (const auto* each : clusters_)
        if (each->name() == cluster) return each->observer(resource);
    return nullptr;
}

void WatchedObjects::forEach(std::string_view cluster, std::string_view resource,
                             const std::function<void(PackedView)>& visit) const {
    if (const auto* found = observer(cluster, resource)) found->forEach(visit);
}

PackedView WatchedObjects::find(std::string_view cluster, std::string_view resource, std::string_view uid) const {
    const auto* found = observer(cluster, resource);
    return found ? found->find(uid) : PackedView();
}

}  // namespace klaw::app
