#pragma once

#include <gmock/gmock.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "agent/recording/recording_reader.hpp"
#include "agent/recording/recording_writer.hpp"

namespace klaw::recording::test {

/// A directory that goes with the test.
class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "klaw-test-XXXXXX").string();
        EXPECT_NE(mkdtemp(pattern.data()), nullptr);
        path_ = pattern;
    }
    ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

inline std::string readFile(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream bytes;
    bytes << in.rdbuf();
    return bytes.str();
}

/// The text of a gzip file, by zlib's own reader.
inline std::string unzipped(const std::filesystem::path& path) {
    auto* file = gzopen(path.c_str(), "rb");
    std::string text, chunk(65536, '\0');
    for (int size; (size = gzread(file, chunk.data(), static_cast<unsigned>(chunk.size()))) > 0;)
        text.append(chunk, 0, static_cast<std::size_t>(size));
    gzclose(file);
    return text;
}

inline RecordingHeader header() {
    RecordingHeader header;
    header.started = *parseRfc3339("2026-11-23T10:00:00Z");
    header.clusters = {{"prod", "v1.36.3"}, {"test", ""}};
    return header;
}

inline const std::string headerLine =
    R"({"klaw":"recording","version":1,"started":"2026-11-23T10:00:00Z","clusters":{"prod":{"version":"v1.36.3"}}})"
    "\n";

/// Entries as "t cluster resource event" or "t cluster scrape …"; the error's description comes last.
inline std::vector<std::string> entriesOf(RecordingReader& reader) {
    std::vector<std::string> entries;
    while (true) {
        auto entry = reader.next();
        if (!entry) {
            entries.push_back(entry.error().describe());
            return entries;
        }
        if (!*entry) return entries;
        auto seconds = std::chrono::duration<double>((*entry)->at).count();
        std::ostringstream text;
        text << seconds << " " << (*entry)->cluster << " ";
        if ((*entry)->event.size > 0) {
            EXPECT_GE((*entry)->event.capacity, (*entry)->event.size + 64);
            text << (*entry)->resource << " " << (*entry)->event.text();
        } else {
            text << "scrape " << (*entry)->scrape;
        }
        entries.push_back(text.str());
    }
}

inline std::vector<std::string> entriesOf(const std::string& bytes) {
    auto reader = RecordingReader::fromBytes(bytes, "demo.jsonl");
    if (!reader) return {reader.error().describe()};
    return entriesOf(*reader);
}

}  // namespace klaw::recording::test
