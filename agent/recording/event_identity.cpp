#include "agent/recording/event_identity.hpp"

#include <simdjson.h>

namespace klaw::recording {

struct EventIdentityReader::Impl {
    simdjson::ondemand::parser parser;
};

EventIdentityReader::EventIdentityReader() : impl_(std::make_unique<Impl>()) {}
EventIdentityReader::~EventIdentityReader() = default;

std::optional<EventIdentity> EventIdentityReader::read(kube::PaddedText event) {
    simdjson::ondemand::document document;
    if (impl_->parser.iterate(event.data, event.size, event.capacity).get(document)) return std::nullopt;
    std::string_view type, uid, ns, name;
    if (document["type"].get_string().get(type)) return std::nullopt;
    EventIdentity identity;
    if (type == "BOOKMARK") {
        if (event.text().find("k8s.io/initial-events-end") != std::string_view::npos)
            identity.type = EventIdentity::Type::ListEnd;
        return identity;
    }
    identity.type = type == "ADDED"      ? EventIdentity::Type::Added
                    : type == "MODIFIED" ? EventIdentity::Type::Modified
                    : type == "DELETED"  ? EventIdentity::Type::Deleted
                                         : EventIdentity::Type::Other;
    simdjson::ondemand::object metadata;
    if (document["object"]["metadata"].get_object().get(metadata)) return std::nullopt;
    if (!metadata["uid"].get_string().get(uid) && !uid.empty()) {
        identity.object = uid;
        return identity;
    }
    if (metadata["name"].get_string().get(name)) return std::nullopt;
    if (metadata["namespace"].get_string().get(ns)) ns = {};
    identity.object.append(ns).append("/").append(name);
    return identity;
}

}  // namespace klaw::recording
