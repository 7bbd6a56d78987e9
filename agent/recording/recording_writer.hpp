#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "agent/recording/recording.hpp"
#include "base/result.hpp"

namespace klaw::recording {

struct RecordingWriterOptions {
    bool anonymize = false;
    std::string anonymizeSalt;  ///< same salt, same new names; empty: a random one for each file
    bool gzip = true;
    bool fast = false;                    ///< of gzip
    std::size_t flushBytes = 256u << 10;  ///< at most so much input is lost when the recorder is killed
};

/// Writes a recording. `data` and `stringData` of Secrets, and the copy kubectl leaves in their annotation, never get
/// in.
///
/// On one thread; writes block on the file. Errors: Unavailable with the path (disk full, no permission);
/// InvalidArgument for an event that is not a JSON object, which is then left out.
class RecordingWriter {
public:
    static Result<RecordingWriter> create(const std::filesystem::path& file, const RecordingHeader& header,
                                          RecordingWriterOptions options = {});
    ~RecordingWriter();  ///< closes
    RecordingWriter(RecordingWriter&&) noexcept;
    RecordingWriter& operator=(RecordingWriter&&) noexcept;

    Result<void> event(Duration at, std::string_view cluster, std::string_view resource, std::string_view event);
    /// `body` is JSON; a text exposition is passed as a JSON string.
    Result<void> scrape(Duration at, std::string_view cluster, std::string_view source, std::string_view body);
    /// Everything written so far becomes readable.
    Result<void> flush();
    Result<void> close();

private:
    struct Impl;
    explicit RecordingWriter(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace klaw::recording
