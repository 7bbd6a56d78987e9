#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "agent/recording/recorded_object.hpp"

namespace klaw::recording {

/// The objects of one resource as a server has them, with the last changes for watches. Versions are given by the
/// caller and grow.
class RecordedResource {
public:
    using Object = std::shared_ptr<const RecordedObject>;
    enum class Type { Added, Modified, Deleted };
    struct Stored {
        Object object;
        std::uint64_t version = 0;
    };
    struct Logged {
        std::uint64_t version = 0;
        Type type = Type::Added;
        Object object;
    };

    RecordedResource(std::string name, std::size_t history) : name_(std::move(name)), history_(history) {}

    /// "pods", "deployments.apps"
    const std::string& name() const { return name_; }
    std::string plural() const { return name_.substr(0, name_.find('.')); }
    const std::string& kind() const { return kind_; }
    const std::string& apiVersion() const { return apiVersion_; }
    bool namespaced() const { return namespaced_; }
    void learnType(const RecordedObject& object);

    void put(Object object, std::uint64_t version);
    void remove(const Object& object, std::uint64_t version);
    /// Back to the objects at the time of keepAsInitial(), by changes. `nextVersion` is called for each.
    template <class NextVersion>
    void rewind(NextVersion nextVersion) {
        auto current = objects_;
        for (const auto& [key, stored] : current)
            if (!initial_.contains(key)) remove(stored.object, nextVersion());
        for (const auto& [key, object] : initial_) {
            auto now = objects_.find(key);
            if (now == objects_.end() || now->second.object != object) put(object, nextVersion());
        }
    }
    void keepAsInitial();

    const std::map<std::string, Stored>& objects() const { return objects_; }
    /// Changes in order; those before and including `forgotten()` are gone.
    const std::deque<Logged>& log() const { return log_; }
    std::uint64_t forgotten() const { return forgotten_; }

private:
    void record(Type type, Object object, std::uint64_t version);

    std::string name_;
    std::size_t history_;
    std::string kind_, apiVersion_;
    bool namespaced_ = false;
    std::map<std::string, Stored> objects_;
    std::map<std::string, Object> initial_;
    std::deque<Logged> log_;
    std::uint64_t forgotten_ = 0;
};

}  // namespace klaw::recording
