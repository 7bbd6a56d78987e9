#include "agent/recording/history.hpp"

#include <algorithm>

#include "agent/recording/recording_reader.hpp"

namespace klaw::recording {
namespace {

constexpr std::string_view ending = ".jsonl.gz";
constexpr std::string_view baseName = "base";

/// Colons are no good in names of files.
std::string nameOf(TimePoint started) {
    auto name = formatRfc3339(started);
    std::ranges::replace(name, ':', '.');
    return name;
}

std::optional<TimePoint> startOf(std::string name) {
    for (std::size_t colon : {13, 16})
        if (colon < name.size() && name[colon] == '.') name[colon] = ':';
    return parseRfc3339(name);
}

std::uint64_t sizeOf(const std::filesystem::path& file) {
    std::error_code gone;
    auto size = std::filesystem::file_size(file, gone);
    return gone ? 0 : size;
}

}  // namespace

std::uint64_t HistoryFiles::size() const {
    std::uint64_t size = base ? base->size : 0;
    for (const auto& segment : segments) size += segment.size;
    return size;
}

std::filesystem::path historyBase(const std::filesystem::path& directory) {
    return directory / (std::string(baseName) + std::string(ending));
}

std::filesystem::path historySegment(const std::filesystem::path& directory, TimePoint started) {
    return directory / (nameOf(started) + std::string(ending));
}

HistoryFiles historyIn(const std::filesystem::path& directory) {
    HistoryFiles files;
    std::error_code missing;
    std::filesystem::directory_iterator entries(directory, missing), end;
    for (; !missing && entries != end; entries.increment(missing)) {
        auto name = entries->path().filename().string();
        if (!name.ends_with(ending)) continue;
        name.resize(name.size() - ending.size());
        if (auto started = startOf(name))
            files.segments.push_back({entries->path(), *started, sizeOf(entries->path())});
    }
    std::ranges::sort(files.segments, {}, &HistorySegment::started);
    auto base = historyBase(directory);
    std::error_code none;
    if (!std::filesystem::exists(base, none)) return files;
    auto reader = RecordingReader::open(base);
    if (!reader && reader.error().code != ErrorCode::DataLoss) files.trouble = reader.error().describe();
    if (!reader) return files;
    files.base = HistorySegment{base, reader->header().started, sizeOf(base)};
    std::erase_if(files.segments, [&](const auto& segment) { return segment.started < files.base->started; });
    return files;
}

}  // namespace klaw::recording
