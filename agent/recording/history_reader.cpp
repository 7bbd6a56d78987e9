#include "agent/recording/history_reader.hpp"

#include "agent/recording/history.hpp"

namespace klaw::recording {
namespace {

constexpr int attempts = 3;

/// All at once: what is open stays readable when it is folded away. nullopt when one was folded away before that.
Result<std::optional<std::vector<RecordingReader>>> openAll(const std::filesystem::path& directory) {
    auto files = historyIn(directory);
    std::vector<RecordingReader> readers;
    auto add = [&](const HistorySegment& segment) -> Result<bool> {
        auto reader = RecordingReader::open(segment.file);
        if (!reader && reader.error().code == ErrorCode::NotFound) return false;
        if (!reader && segment.size == 0) return true;  // begun this moment
        if (!reader) return fail(std::move(reader).error());
        readers.push_back(std::move(*reader));
        return true;
    };
    if (files.base) files.segments.insert(files.segments.begin(), *files.base);
    for (const auto& segment : files.segments) {
        auto opened = add(segment);
        if (!opened) return fail(std::move(opened).error());
        if (!*opened) return std::nullopt;
    }
    return readers;
}

}  // namespace

HistoryReader::HistoryReader(std::vector<RecordingReader> readers)
    : readers_(std::move(readers)), started_(readers_.front().header().started) {}

Result<HistoryReader> HistoryReader::open(const std::filesystem::path& directory) {
    for (int attempt = 0; attempt < attempts; ++attempt) {
        auto readers = openAll(directory);
        if (!readers) return fail(std::move(readers).error());
        if (*readers && !(*readers)->empty()) return HistoryReader(std::move(**readers));
    }
    return fail(ErrorCode::NotFound, "nothing was kept of what was watched", directory.string(),
                "set `history` in the configuration and let the agent run for a while, or record with klaw record");
}

Result<std::optional<RecordingEntry>> HistoryReader::next() {
    for (;;) {
        auto& reader = readers_[current_];
        auto entry = reader.next();
        if (!entry) return fail(std::move(entry).error());
        if (*entry) {
            (*entry)->at += reader.header().started - started_;
            return entry;
        }
        if (current_ + 1 == readers_.size()) return std::nullopt;
        ++current_;
    }
}

}  // namespace klaw::recording
