#pragma once

#include <optional>
#include <string>

#include "agent/access/membership.hpp"
#include "base/time.hpp"

namespace klaw::operate {

/// Who asks, and in which language the answer is.
struct Caller {
    std::string identity;  ///< "local:alice", "feishu:ou_…": from the platform, never from the text
    std::string language = "en";
    std::string name;             ///< shown to people in place of the identity; may be empty
    std::string chat;             ///< "feishu:oc_…" where it was asked in one
    std::optional<TimePoint> at;  ///< when, by the platform's clock
    access::Membership membership{};
    std::string via{};    ///< "mcp:openclaw": the program that asked in their name; empty: they did themselves
    std::string claim{};  ///< what that program says of itself: nobody has proved it
    const std::string& shownName() const { return name.empty() ? identity : name; }
    bool chinese() const { return language.starts_with("zh"); }
};

}  // namespace klaw::operate
