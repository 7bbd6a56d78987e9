// Recordings and kubectl output of any bytes, plain or gzip: an end or an error, never a crash; what can be read can be
// played, written and anonymized.
#include <cstdlib>
#include <filesystem>

#include "agent/recording/playlist.hpp"
#include "agent/recording/recording_reader.hpp"
#include "agent/recording/recording_writer.hpp"

namespace {

using namespace klaw::recording;

/// Somewhere that takes everything and keeps nothing.
RecordingWriter makeWriter(bool anonymize) {
    RecordingWriterOptions options;
    options.anonymize = anonymize;
    options.anonymizeSalt = "salt";
    options.gzip = false;
    auto writer = RecordingWriter::create("/dev/null", RecordingHeader(), options);
    if (!writer) std::abort();
    return std::move(*writer);
}

void copyAll(RecordingReader& reader) {
    auto plain = makeWriter(false), anonymous = makeWriter(true);
    while (true) {
        auto entry = reader.next();
        if (!entry || !*entry) return;
        auto& read = **entry;
        for (auto* writer : {&plain, &anonymous}) {
            if (read.event.size > 0)
                (void)writer->event(read.at, read.cluster, read.resource, read.event.text());
            else
                (void)writer->scrape(read.at, read.cluster, "source", read.scrape);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string bytes(reinterpret_cast<const char*>(data), size);
    auto reader = RecordingReader::fromBytes(bytes, "fuzz");
    if (!reader) return 0;
    copyAll(*reader);
    reader = RecordingReader::fromBytes(std::move(bytes), "fuzz");
    if (reader) (void)readPlaylist(*reader, "");
    return 0;
}
