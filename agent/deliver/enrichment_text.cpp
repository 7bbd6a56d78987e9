#include "agent/deliver/enrichment_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/text/json_fields.hpp"
#include "base/text/secrets.hpp"
#include "base/text/utf8.hpp"
#include "notifiers/safe_text.hpp"

namespace klaw::deliver {
namespace {

using Json = nlohmann::json;

constexpr std::size_t maxLogLines = 20, maxLineBytes = 400, maxEvents = 10, maxMessageBytes = 300;
/// How long ago a restart may be for what was written before it to be the news.
constexpr Duration freshRestart = 10min;

std::uint64_t number(const Json& json, const char* name) {
    const auto& value = at(json, name);
    return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

std::string masked(const std::string& raw, std::size_t bytes) {
    return truncateUtf8(notifiers::oneLine(maskSecrets(raw)), bytes);
}

TimePoint seenAt(const Json& event) {
    for (const auto& written : {textAt(at(event, "series"), "lastObservedTime"), textAt(event, "lastTimestamp"),
                                textAt(event, "eventTime"), textAt(at(event, "metadata"), "creationTimestamp")})
        if (auto time = parseRfc3339(written)) return *time;
    return {};
}

bool isWell(const Json& status) {
    const auto& ready = at(status, "ready");
    return ready.is_boolean() && ready.get<bool>();
}

}  // namespace

std::vector<std::string> lastLogLines(std::string_view log) {
    std::string clean;  // first, so that no escape sequence hides the key from its value
    for (const auto& line : notifiers::cleanLines(log)) clean += line + "\n";
    auto lines = notifiers::cleanLines(maskSecrets(clean));
    std::erase_if(lines, [](const std::string& line) { return line.find_first_not_of(' ') == line.npos; });
    if (lines.size() > maxLogLines) lines.erase(lines.begin(), lines.end() - maxLogLines);
    for (auto& line : lines) line = truncateUtf8(line, maxLineBytes);
    return lines;
}

std::vector<rules::TimelineEvent> eventsFrom(std::string_view json) {
    std::vector<rules::TimelineEvent> events;
    auto list = Json::parse(json, nullptr, false);
    const auto& items = at(list, "items");
    if (!items.is_array()) return events;
    for (const auto& item : items) {
        rules::TimelineEvent event;
        const auto& about = at(item, "involvedObject");
        event.at = seenAt(item);
        event.object = masked(textAt(about, "kind") + " " + textAt(about, "name"), maxMessageBytes);
        event.type = masked(textAt(item, "type"), maxMessageBytes);
        event.reason = masked(textAt(item, "reason"), maxMessageBytes);
        event.message = masked(textAt(item, "message"), maxMessageBytes);
        event.count = std::max({std::uint64_t(1), number(item, "count"), number(at(item, "series"), "count")});
        events.push_back(std::move(event));
    }
    return events;
}

std::vector<rules::TimelineEvent> timelineOf(std::vector<rules::TimelineEvent> events) {
    auto key = [](const rules::TimelineEvent& e) { return std::tie(e.at, e.object, e.reason, e.message, e.count); };
    std::ranges::sort(events, {}, key);
    auto repeats = std::ranges::unique(events);
    events.erase(repeats.begin(), repeats.end());
    if (events.size() > maxEvents) events.erase(events.begin(), events.end() - maxEvents);
    return events;
}

FailedContainer failedContainerOf(std::string_view podJson, std::string_view named, TimePoint now) {
    auto pod = Json::parse(podJson, nullptr, false);
    const auto& status = at(pod, "status");
    const Json* chosen = nullptr;
    const Json* first = nullptr;
    for (const auto* list : {"containerStatuses", "initContainerStatuses"}) {
        const auto& containers = at(status, list);
        if (!containers.is_array()) continue;
        for (const auto& container : containers) {
            if (!first) first = &container;
            bool wanted = named.empty() ? !isWell(container) : textAt(container, "name") == named;
            if (!chosen && wanted) chosen = &container;
        }
    }
    if (!chosen) chosen = first;
    FailedContainer failed;
    if (!chosen) return failed;
    failed.name = textAt(*chosen, "name");
    const auto& ended = at(at(*chosen, "lastState"), "terminated");
    if (!ended.is_object() || at(at(*chosen, "state"), "terminated").is_object()) return failed;
    auto endedAt = parseRfc3339(textAt(ended, "finishedAt"));
    bool waits = at(at(*chosen, "state"), "waiting").is_object();
    failed.previous = waits || (endedAt && *endedAt + freshRestart > now);
    return failed;
}

std::string failedPodOf(std::string_view podsJson) {
    auto list = Json::parse(podsJson, nullptr, false);
    const auto& items = at(list, "items");
    if (!items.is_array()) return {};
    std::tuple<bool, std::string> chosen;  // whether it failed, when it was made: RFC 3339 in UTC, so in order
    std::string name;
    for (const auto& pod : items) {
        std::tuple rank(textAt(at(pod, "status"), "phase") == "Failed",
                        textAt(at(pod, "metadata"), "creationTimestamp"));
        if (!name.empty() && rank < chosen) continue;
        chosen = std::move(rank);
        name = textAt(at(pod, "metadata"), "name");
    }
    return name;
}

}  // namespace klaw::deliver
