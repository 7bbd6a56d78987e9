#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

// What was watched in the last hours, on disk: <directory>/base.jsonl.gz, the objects as they were when the history
// begins, and after it one recording for each segment of time, named by the moment at which it begins.
namespace klaw::recording {

struct HistorySegment {
    std::filesystem::path file;
    TimePoint started;
    std::uint64_t size = 0;  ///< bytes
};

struct HistoryFiles {
    std::optional<HistorySegment> base;
    std::string trouble;                   ///< why a base that is there cannot be read now; empty: it can
    std::vector<HistorySegment> segments;  ///< in the order of time; none is older than the base
    std::uint64_t size() const;
};

/// What lies in the directory; nothing where it is missing. Segments that the base has swallowed already are left out.
HistoryFiles historyIn(const std::filesystem::path& directory);

std::filesystem::path historyBase(const std::filesystem::path& directory);
std::filesystem::path historySegment(const std::filesystem::path& directory, TimePoint started);

/// Makes of the base and the oldest segment one base, of the moment `ends` at which that segment ends: the last event
/// of each object that is still there. Blocks; a crash at any moment loses nothing. Of a file that is broken what
/// stands before the break counts, and its streams get a lostMark. Errors: Unavailable when the disk is full, and
/// Cancelled once `stopping` is true; then everything is as it was.
Result<void> foldHistory(const std::filesystem::path& directory, const HistoryFiles& files, TimePoint ends,
                         const std::atomic<bool>& stopping);

}  // namespace klaw::recording
