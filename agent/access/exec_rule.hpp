#pragma once

#include <string>
#include <vector>

#include "agent/access/place.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace klaw::access {

/// A command that may be run in containers. A list that is empty fits everything; in all of them but `command` and
/// `roles` `*` stands for any characters.
struct ExecRule {
    /// One element an argument: itself, `*` for any one that does not begin with `-`, or `-*` for any one that does. No
    /// open one is the name of a program that checkCommand() refuses.
    std::vector<std::string> command;
    std::vector<std::string> clusters;
    std::vector<std::string> namespaces;
    std::vector<std::string> names;       ///< of Pods
    std::vector<std::string> containers;  ///< their names
    std::vector<std::string> roles;       ///< only for who has one of them there
    Duration timeout = 10s;               ///< how long it may run

    static constexpr Duration shortestTimeout = 1s, longestTimeout = 60s;
};

/// InvalidArgument, with what to do, for a command that would be no limit: one that runs what it is given, such as a
/// shell, or whose program is left open. Such programs are known by their names, not all of them.
Result<void> checkCommand(const std::vector<std::string>& command);

/// Whether the rule is about a container of the Pod at `place`, whoever asks.
bool covers(const ExecRule& rule, const Place& place, std::string_view container);

/// Whether the arguments, the program's name the first, are as the rule has them.
bool allows(const ExecRule& rule, const std::vector<std::string>& arguments);

/// "df -h *"
std::string written(const ExecRule& rule);

}  // namespace klaw::access
