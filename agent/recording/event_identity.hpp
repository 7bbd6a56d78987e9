#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/kube/watch_handler.hpp"

namespace klaw::recording {

/// Of what object a watch event is.
struct EventIdentity {
    enum class Type { Added, Modified, Deleted, ListEnd, Other };
    Type type = Type::Other;
    std::string object;  ///< uid, or namespace/name where there is none; empty for bookmarks
};

/// Reads the few members that say so; nullopt for what is no watch event.
class EventIdentityReader {
public:
    EventIdentityReader();
    ~EventIdentityReader();
    std::optional<EventIdentity> read(kube::PaddedText event);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace klaw::recording
