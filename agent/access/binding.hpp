#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace klaw::access {

/// Who has a role: certain people, whoever writes in a chat, or whoever is in a department or below it.
struct Binding {
    std::string name;                     ///< of a person, shown on cards
    std::vector<std::string> identities;  ///< "feishu:ou_…"
    std::vector<std::string> chats;       ///< "feishu:oc_…"
    std::string role = "viewer";
    std::vector<std::string> clusters;       ///< where the role holds, `*` for any characters; none: everywhere
    std::vector<std::string> namespaces;     ///< the same; what is of no namespace is then outside
    std::optional<TimePoint> until{};        ///< it holds before that time; nothing: always
    std::string grant{};                     ///< id, where it was granted while the agent ran
    std::vector<std::string> departments{};  ///< "feishu_department:od-…", "dingtalk_department:42"
    std::vector<std::string> groups{};       ///< of Kubernetes, in which they are where clusters impersonate callers
};

}  // namespace klaw::access
