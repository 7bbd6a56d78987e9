#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "agent/recording/recording.hpp"
#include "base/result.hpp"

namespace klaw::recording {

/// Reads a recording from a file, plain or gzip, in constant memory.
///
/// Also reads what `kubectl get … --watch --output-watch-events -o json` prints (documents over several lines, no
/// header, also plain or gzip): then the cluster is called "kubectl", the resource follows from kind and apiVersion,
/// every entry is at 0 s and `started` is the epoch.
///
/// Errors: NotFound or Unavailable for the file; DataLoss with "path:line" as place for everything that is broken in
/// it. A file that ends in the middle of a gzip stream (a killed recorder) is read up to its last complete line;
/// whether that happened is told by truncated().
class RecordingReader {
public:
    static Result<RecordingReader> open(const std::filesystem::path& file);
    /// Reads `bytes` (plain or gzip) instead of a file; `name` is for messages. For tests and embedded demos.
    static Result<RecordingReader> fromBytes(std::string bytes, std::string name);
    ~RecordingReader();
    RecordingReader(RecordingReader&&) noexcept;
    RecordingReader& operator=(RecordingReader&&) noexcept;

    const RecordingHeader& header() const;
    /// nullopt at the end.
    Result<std::optional<RecordingEntry>> next();
    bool truncated() const;
    std::size_t lineNumber() const;
    /// "path:line" of the entry read last, for messages about its content.
    std::string place() const;

private:
    struct Impl;
    explicit RecordingReader(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace klaw::recording
