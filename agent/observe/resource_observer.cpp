#include "agent/observe/resource_observer.hpp"

#include <algorithm>
#include <utility>

namespace klaw::observe {
namespace {

using rules::Change;

rules::FieldTree fieldsFor(const rules::FieldTree& fields, ObserverOptions::Keep keep) {
    rules::FieldTree tree = fields;
    if (keep == ObserverOptions::Keep::Objects) return tree;
    tree.add("count");
    tree.add("series.count");
    return tree;
}

std::uint32_t countOf(PackedView event) {
    static const auto seriesField = FieldName::of("series"), countField = FieldName::of("count");
    auto series = event[seriesField][countField].asInt();
    auto count = series > 0 ? series : event[countField].asInt();
    return count > 0 ? static_cast<std::uint32_t>(std::min<std::int64_t>(count, UINT32_MAX)) : 1;
}

kube::LineOutcome outcomeOf(const ProjectedEvent& event) {
    kube::LineOutcome outcome;
    outcome.resourceVersion = event.object.resourceVersion;
    outcome.initialEventsEnd = event.initialEventsEnd;
    if (event.type == ProjectedEvent::Type::Bookmark) outcome.type = kube::LineOutcome::Type::Bookmark;
    if (event.type != ProjectedEvent::Type::Error) return outcome;
    outcome.type = kube::LineOutcome::Type::Error;
    outcome.errorCode = event.errorCode;
    outcome.errorReason = event.errorReason;
    outcome.errorMessage = event.errorMessage;
    return outcome;
}

}  // namespace

ResourceObserver::ResourceObserver(ObserverOptions options, Sink sink, ListCompleted listCompleted)
    : options_(std::move(options)),
      sink_(std::move(sink)),
      listCompleted_(std::move(listCompleted)),
      projector_(Projection(fieldsFor(options_.fields, options_.keep)), options_.scanner) {}

ResourceObserver::~ResourceObserver() = default;

void ResourceObserver::listBegins() {
    listing_ = true;
    namesakes_.clear();
    cache_.beginList();
    counts_.beginList();
}

Result<kube::PageOutcome> ResourceObserver::page(kube::PaddedText body) {
    counters_.bytes += body.size;
    auto outcome = projector_.page(body, [this](const ProjectedObject& seen) {
        ++counters_.lines;
        arrived(seen);
    });
    if (outcome) return outcome;
    ++counters_.errors;
    return fail(std::move(outcome.error()).within(options_.cluster + "/" + options_.resource));
}

Result<kube::LineOutcome> ResourceObserver::line(kube::PaddedText line) {
    ++counters_.lines;
    counters_.bytes += line.size;
    auto event = projector_.event(line);
    if (!event) {
        ++counters_.errors;
        return fail(std::move(event.error()).within(options_.cluster + "/" + options_.resource));
    }
    if (event->type == ProjectedEvent::Type::Added || event->type == ProjectedEvent::Type::Modified)
        arrived(event->object);
    if (event->type == ProjectedEvent::Type::Deleted) deleted(event->object);
    return outcomeOf(*event);
}

void ResourceObserver::listEnds(std::string_view) {
    listing_ = false;
    namesakes_.clear();
    counts_.sweep();
    cache_.sweep([this](PackedObject last) { emit(Change::Type::Deleted, last.view(), last.view()); });
    before_.reset();
    firstListDone_ = true;
    ++counters_.lists;
    if (listCompleted_) listCompleted_(options_.cluster, options_.resource);
}

bool ResourceObserver::setFields(const rules::FieldTree& fields) {
    auto wanted = fieldsFor(fields, options_.keep);
    options_.fields = fields;
    Projection next(wanted);
    bool grown = !projector_.projection().covers(wanted);
    cache_.transform([&](PackedView object) {
        scratch_.clear();
        next.project(object, scratch_);
        return scratch_.take();
    });
    // Lists that follow each other quickly all compare along the fields that the cache surely has.
    if (grown && !before_) before_ = std::make_unique<Projection>(projector_.projection());
    projector_ = Projector(std::move(next), options_.scanner);
    return grown;
}

void ResourceObserver::arrived(const ProjectedObject& seen) {
    if (keepsCounts()) return counted(seen);
    auto key = keyOf(seen);
    auto known = cache_.see(key);
    if (known && known.bytes() == seen.object.bytes()) {
        ++counters_.unchanged;
        return;
    }
    if (known) return changed(key, seen.object, known);
    if (listing_) deletePredecessor(seen);
    cache_.put(keyOf(seen), seen.object);
    emit(Change::Type::Added, seen.object, {});
}

void ResourceObserver::changed(std::string_view key, PackedView object, PackedView known) {
    bool onlyMoreIsKnown = before_ && sameInOldFields(object, known);
    auto last = cache_.put(key, object);
    emit(Change::Type::Modified, object, onlyMoreIsKnown ? object : last.view());
}

bool ResourceObserver::sameInOldFields(PackedView object, PackedView known) {
    scratch_.clear();
    before_->project(object, scratch_);
    otherScratch_.clear();
    before_->project(known, otherScratch_);
    return scratch_.bytes() == otherScratch_.bytes();
}

void ResourceObserver::counted(const ProjectedObject& seen) {
    auto before = counts_.see(keyOf(seen), seen.resourceVersion, countOf(seen.object));
    if (before.unchanged) {
        ++counters_.unchanged;
        return;
    }
    if (!before.known) return emit(Change::Type::Added, seen.object, {});
    static const auto countField = FieldName::of("count");
    scratch_.clear();
    scratch_.beginMap();
    scratch_.key(countField);
    scratch_.integer(before.count);
    scratch_.endMap();
    emit(Change::Type::Modified, seen.object, scratch_.view());
}

void ResourceObserver::deleted(const ProjectedObject& seen) {
    auto key = keyOf(seen);
    if (keepsCounts()) return counts_.erase(key);
    auto last = cache_.erase(key);
    if (!last.empty()) emit(Change::Type::Deleted, seen.object, last.view());
}

void ResourceObserver::deletePredecessor(const ProjectedObject& seen) {
    auto uid = namesakes_.find(cache_, seen.ns, seen.name);
    if (!uid) return;
    auto last = cache_.erase(*uid);
    emit(Change::Type::Deleted, last.view(), last.view());
}

void ResourceObserver::emit(Change::Type type, PackedView object, PackedView old) {
    ++counters_.changes;
    Change change;
    change.type = type;
    change.cluster = options_.cluster;
    change.resource = options_.resource;
    change.object = object;
    change.old = old;
    change.initial = !firstListDone_;
    sink_(change);
}

/// Objects of aggregated APIs may lack a uid; among those a name is an identity.
std::string_view ResourceObserver::keyOf(const ProjectedObject& seen) {
    if (!seen.uid.empty()) return seen.uid;
    key_.assign(seen.ns).append("/").append(seen.name);
    return key_;
}

}  // namespace klaw::observe
