#include "agent/recording/recorded_resource.hpp"

#include <algorithm>

namespace klaw::recording {

void RecordedResource::learnType(const RecordedObject& object) {
    if (kind_.empty()) {
        kind_ = object.kind();
        apiVersion_ = object.apiVersion();
    }
    namespaced_ = namespaced_ || !object.ns().empty();
}

void RecordedResource::put(Object object, std::uint64_t version) {
    auto [stored, isNew] = objects_.try_emplace(object->key());
    stored->second = {object, version};
    record(isNew ? Type::Added : Type::Modified, std::move(object), version);
}

void RecordedResource::remove(const Object& object, std::uint64_t version) {
    if (objects_.erase(object->key()) > 0) record(Type::Deleted, object, version);
}

void RecordedResource::keepAsInitial() {
    for (const auto& [key, stored] : objects_) {
        initial_.emplace(key, stored.object);
        forgotten_ = std::max(forgotten_, stored.version);
    }
    log_.clear();
}

void RecordedResource::record(Type type, Object object, std::uint64_t version) {
    log_.push_back({version, type, std::move(object)});
    if (log_.size() <= history_) return;
    forgotten_ = log_.front().version;
    log_.pop_front();
}

}  // namespace klaw::recording
