#include <spdlog/spdlog.h>

#include "agent/app/cluster_watch.hpp"
#include "agent/share/fields_digest.hpp"

// One of several replicas: a cluster is watched by one of them, and read from there by the leader.

namespace klaw::app {
namespace {

/// Only their counts are kept, which is not what a list would have to give.
bool isCounted(const std::string& resource) {
    return resource == "events";
}

}  // namespace

void ClusterWatch::rest() {
    resting_ = true;
    auto before = std::exchange(watched_, {});
    for (auto& [resource, watched] : before) {
        if (watched.served) watched.served->close();
        if (!watched.task) continue;
        ended_.push_back(std::move(watched));
        tasks_.spawn("end of " + resource, endRested(std::prev(ended_.end())));
    }
}

Task<void> ClusterWatch::endRested(std::list<Watched>::iterator ended) {
    co_await ended->task->stop();
    ended_.erase(ended);
}

/// Whoever takes the lead lists them anew, so that a standby would watch them for nobody.
bool ClusterWatch::leavesToLeader(const std::string& resource) const {
    return events_.peers && quiet_ && isCounted(resource);
}

void ClusterWatch::openToOthers(Watched& watched, const std::string& resource, const rules::FieldTree& fields) {
    if (!events_.peers || !quiet_) return;
    auto isWell = [this, resource] {
        auto found = watched_.find(resource);
        if (found == watched_.end()) return false;
        const auto& status = found->second.stream->status();
        return found->second.task && status.listed && status.lastError.empty();
    };
    watched.served =
        std::make_shared<share::ServedResource>(loop_, *watched.observer, share::fieldsDigest(fields), isWell);
}

/// What is recorded must be what the API server said.
void ClusterWatch::openSource(Watched& watched, const std::string& resource, const rules::FieldTree& fields) {
    if (!events_.peers || isCounted(resource) || events_.received) return;
    share::SharedSource::Options options;
    options.cluster = access_.name;
    options.fields = share::fieldsDigest(fields);
    auto version = [this, resource] {
        auto found = watched_.find(resource);
        return found == watched_.end() ? std::string() : found->second.stream->version();
    };
    watched.source = std::make_unique<share::SharedSource>(*server_, *events_.peers, clock_, std::move(options),
                                                           version, [this] { noteSource(); });
    watched.source->setHolder(holder_);
}

bool ClusterWatch::setFields(Watched& watched, const rules::FieldTree& fields) {
    bool areMore = watched.observer->setFields(fields);
    auto digest = share::fieldsDigest(fields);
    if (watched.source) watched.source->setFields(digest);
    if (watched.served) watched.served->setFields(digest, areMore);
    return areMore;
}

void ClusterWatch::setHolder(std::optional<share::Holder> holder) {
    if (holder == holder_) return;
    holder_ = std::move(holder);
    if (holder_)
        spdlog::info("cluster {} is watched by replica {}", access_.name, holder_->name);
    else
        spdlog::info("cluster {} is watched by this replica", access_.name);
    for (auto& [resource, watched] : watched_)
        if (watched.source) watched.source->setHolder(holder_);
}

std::string ClusterWatch::takenFrom() const {
    for (const auto& [resource, watched] : watched_)
        if (watched.task && watched.source && !watched.source->from().empty()) return watched.source->from();
    return {};
}

void ClusterWatch::noteSource() {
    std::string reason, first;
    for (const auto& [resource, watched] : watched_) {
        if (!watched.source || watched.source->reason().empty()) continue;
        reason = watched.source->reason();
        first = resource;
        break;
    }
    auto before = std::exchange(standInReason_, reason);
    if (before == reason) return;
    if (!reason.empty())
        spdlog::warn("cluster {}: {} is watched at the API server, because it cannot be taken from replica {}",
                     access_.name, first, reason);
    else
        spdlog::info("cluster {}: the API server stands in for no replica any more", access_.name);
}

std::shared_ptr<share::ServedResource> ClusterWatch::served(std::string_view resource) const {
    auto found = watched_.find(resource);
    return found == watched_.end() ? nullptr : found->second.served;
}

}  // namespace klaw::app
