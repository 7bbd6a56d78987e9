#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/operate/catalogue.hpp"

namespace klaw::operate {

/// What a command that is not whole could go on with.
struct Continuation {
    std::string question;                                      ///< with the usage below it
    std::vector<std::pair<std::string, std::string>> choices;  ///< label and command, which may ask for more
};

/// What the usage of the verb wants first and the command does not say: the object, from what there is in the
/// namespace that is meant, the alert, the person, how many replicas. Nothing for a command that is whole, and where
/// nobody knows what it could be. The namespace is that of the command, or the only one in which whoever asks, or the
/// chat, has a role. Reads the cluster as the caller.
Task<std::optional<Continuation>> continuationOf(Control& control, Caller caller, const Verb* verb, CommandLine line);

/// The namespaces, without patterns, of the roles there that whoever asks has, where none holds in others as well; or
/// else those of the chat.
std::vector<std::string> namespacesOf(const Control& control, const Caller& caller, const std::string& cluster);

/// Commands that a misspelt or shortened first word may mean, the likeliest first, each with the rest of the command.
std::vector<std::string> likelyCommands(const std::string& command);

/// A command line as text that is read the same again.
std::string written(const CommandLine& line);

}  // namespace klaw::operate
