#pragma once

#include <string>
#include <string_view>

#include "agent/recording/recording.hpp"
#include "base/result.hpp"

namespace klaw::recording {

/// Takes one line of a recording apart without looking into the event, which is most of it: the writer puts `event` or
/// `scrape` last, so it is what is left of the line. `strings` holds names that contained escapes.
/// The message of the Error lacks a place.
Result<RecordingEntry> parseEnvelope(kube::PaddedText line, std::string (&strings)[2]);

/// {"klaw":"recording",…}; Unsupported for a version that is newer than this program.
Result<RecordingHeader> parseHeader(std::string_view line);
bool looksLikeHeader(std::string_view line);
std::string formatHeader(const RecordingHeader& header);

}  // namespace klaw::recording
