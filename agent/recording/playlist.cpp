#include "agent/recording/playlist.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>

#include "agent/recording/json_text.hpp"
#include "agent/recording/marks.hpp"

namespace klaw::recording {
namespace {

struct WatchEvent {
    std::string type;
    std::string_view object;
};

/// The writer of the event is an API server, so type comes first and the object fills the rest; anything else is
/// parsed.
WatchEvent split(std::string_view event, std::string& storage) {
    constexpr std::string_view begin = R"({"type":")", middle = R"(","object":)";
    auto quote = event.find('"', begin.size());
    if (event.starts_with(begin) && quote != event.npos && event.substr(quote).starts_with(middle)) {
        auto object = event.substr(quote + middle.size());
        object.remove_suffix(1);
        return {std::string(event.substr(begin.size(), quote - begin.size())), object};
    }
    auto json = parseJson(event);
    if (!json || !json->is_object() || !json->contains("object")) return {};
    storage = dumpJson((*json)["object"]);
    return {stringAt(*json, "type"), storage};
}

std::optional<RecordedResource::Type> changeType(std::string_view type) {
    if (type == "ADDED") return RecordedResource::Type::Added;
    if (type == "MODIFIED") return RecordedResource::Type::Modified;
    if (type == "DELETED") return RecordedResource::Type::Deleted;
    return std::nullopt;
}

class PlaylistBuilder {
public:
    explicit PlaylistBuilder(Playlist& playlist) : playlist_(playlist) {}

    /// False when the entry is broken.
    bool add(const RecordingEntry& entry) { return entry.event.size == 0 ? addScrape(entry) : addEvent(entry); }

private:
    bool addScrape(const RecordingEntry& entry) {
        auto json = parseJson(entry.scrape);
        if (!json || !json->is_object() || !json->contains("body") || stringAt(*json, "source").empty()) return false;
        const auto& body = (*json)["body"];
        PlayedStep step;
        step.at = entry.at;
        step.resource = stringAt(*json, "source");
        step.scrape = body.is_string() ? body.get<std::string>() : dumpJson(body);
        playlist_.steps.push_back(std::move(step));
        return true;
    }

    bool addEvent(const RecordingEntry& entry) {
        if (entry.event.text() == listBeginsMark || entry.event.text() == lostMark) return true;
        std::string storage;
        auto event = split(entry.event.text(), storage);
        if (event.type == "ERROR") return true;
        auto type = changeType(event.type);
        if (!type && event.type != "BOOKMARK") return false;
        auto object = RecordedObject::parse(event.object);
        if (!object) return false;
        std::string resource(entry.resource);
        auto [listing, isNew] = listing_.try_emplace(resource, true);
        if (isNew) playlist_.types.emplace_back(resource, object);
        if (!type) {
            if (event.object.find("k8s.io/initial-events-end") != event.object.npos) listing->second = false;
            return true;
        }
        if (*type != RecordedResource::Type::Added) listing->second = false;
        auto& into = listing->second ? playlist_.initial : playlist_.steps;
        into.push_back({entry.at, std::move(resource), *type, std::move(object), {}});
        return true;
    }

    Playlist& playlist_;
    std::map<std::string, bool> listing_;  ///< resource → its initial list has not ended
};

}  // namespace

Result<Playlist> readPlaylist(RecordingReader& reader, const std::string& cluster) {
    const auto& clusters = reader.header().clusters;
    auto served = cluster.empty() ? clusters.begin() : clusters.find(cluster);
    if (served == clusters.end()) {
        std::string names;
        for (const auto& [name, version] : clusters) names += (names.empty() ? "" : ", ") + name;
        return fail(ErrorCode::NotFound, fmt::format("the recording has no cluster \"{}\"", cluster), {},
                    fmt::format("it has: {}", names.empty() ? "none" : names));
    }
    Playlist playlist;
    playlist.cluster = served->first;
    playlist.version = served->second;
    PlaylistBuilder builder(playlist);
    while (true) {
        auto entry = reader.next();
        if (!entry) return fail(entry.error());
        if (!*entry) return playlist;
        if ((*entry)->cluster != playlist.cluster) continue;
        if (!builder.add(**entry)) {
            return fail(ErrorCode::DataLoss, "not a watch event with an object, and not a scrape", reader.place());
        }
    }
}

}  // namespace klaw::recording
