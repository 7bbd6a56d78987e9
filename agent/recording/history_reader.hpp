#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "agent/recording/recording_reader.hpp"

namespace klaw::recording {

/// A history (history.hpp) from its beginning to now, as one recording. It may be written meanwhile.
class HistoryReader {
public:
    /// NotFound where there is none.
    static Result<HistoryReader> open(const std::filesystem::path& directory);

    TimePoint started() const { return started_; }
    /// nullopt at the end. `at` is since started().
    Result<std::optional<RecordingEntry>> next();
    std::string place() const { return readers_[current_].place(); }

private:
    explicit HistoryReader(std::vector<RecordingReader> readers);

    std::vector<RecordingReader> readers_;
    std::size_t current_ = 0;
    TimePoint started_;
};

}  // namespace klaw::recording
