#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rules/findings.hpp"

namespace klaw::deliver {

/// The last lines that a container wrote: masked for secrets, without what a terminal would interpret, few and short
/// enough for a card.
std::vector<std::string> lastLogLines(std::string_view log);

/// Those of a list of Events (JSON as the API server gives it), masked, in no order. Tolerant: what is not there or of
/// an odd type is left out.
std::vector<rules::TimelineEvent> eventsFrom(std::string_view json);

/// The last few of them, oldest first, without repeats.
std::vector<rules::TimelineEvent> timelineOf(std::vector<rules::TimelineEvent> events);

/// Whose logs tell what happened, by the state of a Pod (JSON): of the container that is named, else of the first that
/// is not well, else of the first.
struct FailedContainer {
    std::string name;       ///< empty: the Pod cannot be read
    bool previous = false;  ///< it has restarted a moment ago: what it wrote before tells
};
FailedContainer failedContainerOf(std::string_view podJson, std::string_view named, TimePoint now);

/// The name of the Pod that failed last, of a list of them (JSON); of the newest where none has failed. Empty: there is
/// none.
std::string failedPodOf(std::string_view podsJson);

}  // namespace klaw::deliver
