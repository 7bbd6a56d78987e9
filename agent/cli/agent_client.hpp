#pragma once

#include <string>

#include "base/result.hpp"

namespace klaw::cli {

struct AgentAddress {
    std::string url;
    std::string token;
};

/// The agent that runs with this configuration or data directory. NotFound when none has left its address there.
Result<AgentAddress> findAgent(const std::string& configFile, const std::string& data);

/// Of the user of this process, as the machine calls them.
std::string userName();

struct AgentAnswer {
    bool ok = false;
    std::string text;
};

/// Gives the agent a command in the name of the user of this process. Unavailable when it does not run.
Result<AgentAnswer> askAgent(const AgentAddress& agent, const std::string& command, const std::string& language,
                             const std::string& attachment = {});

/// Prints it; the exit code.
int show(const AgentAnswer& answer);

}  // namespace klaw::cli
