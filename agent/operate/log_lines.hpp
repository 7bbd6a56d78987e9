#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace klaw::operate {

/// What one container wrote.
struct ContainerLog {
    std::string name;  ///< shown before its lines where there are several
    std::string text;  ///< as the API server gives it with timestamps=true: "2026-11-23T10:00:00.1Z the line"
};

struct LogQuestion {
    std::string pattern;      ///< RE2; empty: every line
    std::size_t context = 0;  ///< lines before and after each that matches
    std::size_t most = 100;   ///< the last so many lines are shown
    bool withTimes = false;
};

struct LogAnswer {
    std::string text;  ///< masked for secrets
    std::size_t lines = 0;
    std::size_t leftOut = 0;  ///< earlier ones
};

/// The lines of all of them in the order of their times, those of one container always in its own order; "--" where
/// lines were left out between what matches. InvalidArgument for a malformed pattern.
Result<LogAnswer> mergeLogs(const std::vector<ContainerLog>& logs, const LogQuestion& question);

}  // namespace klaw::operate
