#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "agent/kube/watch_handler.hpp"
#include "agent/observe/event_counts.hpp"
#include "agent/observe/namesakes.hpp"
#include "agent/observe/object_cache.hpp"
#include "agent/observe/projector.hpp"
#include "rules/change.hpp"

namespace klaw::observe {

struct ObserverOptions {
    /// Objects: the projected object is kept. Counts: for Events, of which only version and count are kept; then `old`
    /// of a Change is {"count": n}, deletions are not reported and find() knows nothing.
    enum class Keep { Objects, Counts };

    std::string cluster;
    std::string resource;  ///< canonical: "pods", "deployments.apps"
    rules::FieldTree fields;
    Keep keep = Keep::Objects;
    std::shared_ptr<JsonScanner> scanner;  ///< shared by the observers of a loop; null: an own one
};

struct ObserverCounters {
    std::uint64_t lines = 0;  ///< watch events and list items
    std::uint64_t bytes = 0;
    std::uint64_t unchanged = 0;  ///< objects whose projected fields were as before
    std::uint64_t changes = 0;    ///< handed to the sink
    std::uint64_t errors = 0;     ///< lines or pages refused
    std::uint64_t lists = 0;      ///< completed
};

/// Turns the list/watch stream of one resource into Changes: projects, compares with the cache, tells what is
/// different.
///
/// On the loop thread. The sink is called inside line(), page() and listEnds(), after the cache has the new state; it
/// may read this and other observers but must not feed any. On Deleted `object` is the final state where the server
/// sent one, else the last known, and `old` the last known. An object re-created under its name is Deleted first, then
/// Added.
class ResourceObserver final : public kube::WatchHandler {
public:
    using Sink = std::function<void(const rules::Change&)>;
    using ListCompleted = std::function<void(std::string_view cluster, std::string_view resource)>;

    ResourceObserver(ObserverOptions options, Sink sink, ListCompleted listCompleted = {});
    ~ResourceObserver() override;

    void listBegins() override;
    Result<kube::PageOutcome> page(kube::PaddedText body) override;
    Result<kube::LineOutcome> line(kube::PaddedText line) override;
    void listEnds(std::string_view resourceVersion) override;

    /// New fields because the rules changed. True: some were not kept so far, the caller makes the stream list again.
    /// That list reports objects in which nothing else changed as Modified with `old` equal to `object`.
    bool setFields(const rules::FieldTree& fields);

    PackedView find(std::string_view uid) const { return cache_.find(uid); }
    void forEach(const std::function<void(PackedView)>& visit) const { cache_.forEach(visit); }
    std::size_t size() const { return keepsCounts() ? counts_.size() : cache_.size(); }
    bool firstListDone() const { return firstListDone_; }
    const std::string& cluster() const { return options_.cluster; }
    const std::string& resource() const { return options_.resource; }
    const ObserverCounters& counters() const { return counters_; }
    std::size_t memoryBytes() const { return cache_.memoryBytes() + counts_.memoryBytes(); }

private:
    void arrived(const ProjectedObject& seen);
    void changed(std::string_view key, PackedView object, PackedView known);
    void counted(const ProjectedObject& seen);
    void deleted(const ProjectedObject& seen);
    void deletePredecessor(const ProjectedObject& seen);
    void emit(rules::Change::Type type, PackedView object, PackedView old);
    /// Whether the two agree in the fields that were kept before the projection grew.
    bool sameInOldFields(PackedView object, PackedView known);
    std::string_view keyOf(const ProjectedObject& seen);
    bool keepsCounts() const { return options_.keep == ObserverOptions::Keep::Counts; }

    ObserverOptions options_;
    Sink sink_;
    ListCompleted listCompleted_;
    Projector projector_;
    std::unique_ptr<Projection> before_;  ///< while a list fetches fields that were not kept before
    ObjectCache cache_;
    Namesakes namesakes_;
    EventCounts counts_;
    PackedWriter scratch_, otherScratch_;
    std::string key_;
    ObserverCounters counters_;
    bool listing_ = false;
    bool firstListDone_ = false;
};

}  // namespace klaw::observe
