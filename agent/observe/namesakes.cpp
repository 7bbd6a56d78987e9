#include "agent/observe/namesakes.hpp"

#include <boost/functional/hash.hpp>

namespace klaw::observe {
namespace {

std::uint64_t hashOf(std::string_view ns, std::string_view name) {
    std::size_t seed = std::hash<std::string_view>()(ns);
    boost::hash_combine(seed, std::hash<std::string_view>()(name));
    return seed;
}

std::string_view nameOf(PackedView object) {
    return object["metadata"]["name"].asString();
}
std::string_view namespaceOf(PackedView object) {
    return object["metadata"]["namespace"].asString();
}

}  // namespace

std::optional<std::string> Namesakes::find(const ObjectCache& cache, std::string_view ns, std::string_view name) {
    if (!built_) {
        cache.forEachUnseen([&](std::string_view uid, PackedView object) {
            uidByName_.emplace(hashOf(namespaceOf(object), nameOf(object)), uid);
        });
        built_ = true;
    }
    if (uidByName_.empty()) return std::nullopt;
    auto found = uidByName_.find(hashOf(ns, name));
    if (found == uidByName_.end()) return std::nullopt;
    auto uid = std::move(found->second);
    auto object = cache.find(uid);
    if (nameOf(object) != name || namespaceOf(object) != ns) return std::nullopt;
    uidByName_.erase(found);
    return uid;
}

void Namesakes::clear() {
    uidByName_ = {};
    built_ = false;
}

}  // namespace klaw::observe
