#pragma once

#include <string>

namespace klaw::cli {

struct DoctorOptions {
    std::string config;
    std::string data;
    std::string language;
    bool json = false;
    bool offline = false;  ///< asks no API server and no platform
};
/// Everything that a support engineer would ask, about the configuration, the database, the running agent and what it
/// talks to. 1 when something has failed. Nothing is changed, and nothing is sent to a chat.
int doctorCommand(const DoctorOptions& options);

}  // namespace klaw::cli
