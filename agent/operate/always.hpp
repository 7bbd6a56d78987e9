#pragma once

#include "agent/operate/command_line.hpp"

namespace klaw::operate {

/// For verbs that change something, or ask to be confirmed, whatever their words are.
inline bool always(const CommandLine&) {
    return true;
}

}  // namespace klaw::operate
