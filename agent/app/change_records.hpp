#pragma once

#include <string>
#include <vector>

#include "agent/app/answered.hpp"
#include "base/error.hpp"
#include "storage/unit_of_work.hpp"

namespace klaw::app {

inline storage::UnitOfWork recording(storage::AuditEntry entry) {
    storage::UnitOfWork unit;
    unit.audit.push_back(std::move(entry));
    return unit;
}

inline void addLines(std::string& text, const std::vector<std::string>& lines, std::string_view before) {
    for (const auto& line : lines) text.append(before).append(line).append("\n");
}

/// For whoever waits for the end of work that was cut off.
inline Answered interrupted() {
    auto answer = Answered::refusing("this was interrupted: look what became of it\n");
    answer.became = Became::Unknown;
    return answer;
}

/// Whether the request may have reached the API server although no answer came.
inline bool isLost(const Error& error) {
    return error.code == ErrorCode::OutcomeUnknown || error.code == ErrorCode::DeadlineExceeded ||
           error.code == ErrorCode::Unavailable || error.code == ErrorCode::Cancelled;
}

}  // namespace klaw::app
