#include "agent/backup/archive.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace klaw::backup {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t stampBytes = 16;  // 20261126T020000Z

std::string dumped(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// "2026-11-26T02:00:00Z" without what file names do not like.
std::string stampOf(TimePoint at) {
    auto text = formatRfc3339(std::chrono::floor<std::chrono::seconds>(at));
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text;
}

std::optional<TimePoint> timeOf(std::string_view stamp) {
    if (stamp.size() != stampBytes || stamp[8] != 'T' || stamp.back() != 'Z') return std::nullopt;
    std::string text(stamp.substr(0, 4));
    text.append("-").append(stamp.substr(4, 2)).append("-").append(stamp.substr(6, 5)).append(":");
    text.append(stamp.substr(11, 2)).append(":").append(stamp.substr(13));
    auto at = parseRfc3339(text);
    return at && stampOf(*at) == stamp ? at : std::nullopt;
}

}  // namespace

std::map<std::string, std::uint64_t> ArchiveSummary::counts() const {
    std::map<std::string, std::uint64_t> all;
    for (const auto& list : lists)
        if (list.objects > 0) all[list.kind.title()] += list.objects;
    return all;
}

std::vector<std::string> ArchiveSummary::namespacesInIt() const {
    std::set<std::string> names(header.namespaces.begin(), header.namespaces.end());
    for (const auto& list : lists)
        if (!list.ns.empty()) names.insert(list.ns);
    return {names.begin(), names.end()};
}

std::string archiveFileName(const std::string& backup, TimePoint at, bool encrypted) {
    return backup + "-" + stampOf(at) + std::string(encrypted ? encryptedSuffix : plainSuffix);
}

std::optional<ArchiveName> parseArchiveFileName(std::string_view name) {
    ArchiveName parsed;
    parsed.encrypted = name.ends_with(encryptedSuffix);
    auto suffix = parsed.encrypted ? encryptedSuffix : plainSuffix;
    if (!name.ends_with(suffix)) return std::nullopt;
    name.remove_suffix(suffix.size());
    if (name.size() < stampBytes + 2 || name[name.size() - stampBytes - 1] != '-') return std::nullopt;
    auto at = timeOf(name.substr(name.size() - stampBytes));
    if (!at) return std::nullopt;
    parsed.at = *at;
    parsed.backup = name.substr(0, name.size() - stampBytes - 1);
    return parsed;
}

std::string shownArchiveName(std::string_view fileName) {
    for (auto suffix : {encryptedSuffix, plainSuffix})
        if (fileName.ends_with(suffix)) return std::string(fileName.substr(0, fileName.size() - suffix.size()));
    return std::string(fileName);
}

std::string headerLine(const ArchiveHeader& header) {
    Json json{{"klaw", "backup"},
              {"version", archiveVersion},
              {"backup", header.backup},
              {"cluster", header.cluster},
              {"serverVersion", header.serverVersion},
              {"startedAt", formatRfc3339(header.startedAt)},
              {"namespaces", header.namespaces},
              {"secrets", header.secrets},
              {"program", header.klaw}};
    return dumped(json);
}

std::string listLine(const Kind& kind, const std::string& ns) {
    Json json{{"klaw", "list"},
              {"apiVersion", kind.apiVersion},
              {"kind", kind.kind},
              {"resource", kind.plural},
              {"namespaced", kind.namespaced}};
    if (!ns.empty()) json["namespace"] = ns;
    return dumped(json);
}

std::string listedLine(const ArchivedList& list) {
    Json json{{"klaw", "listed"},
              {"resourceVersion", list.resourceVersion},
              {"objects", list.objects},
              {"leftOut", list.leftOut}};
    return dumped(json);
}

std::string endLine(const ArchiveSummary& summary, const std::string& digest) {
    Json counts = Json::object();
    for (const auto& [title, count] : summary.counts()) counts[title] = count;
    Json json{{"klaw", "end"},
              {"lists", summary.lists.size()},
              {"objects", summary.objects},
              {"counts", std::move(counts)},
              {"missing", summary.missing},
              {"sha256", digest}};
    return dumped(json);
}

/// https://www.rfc-editor.org/rfc/rfc1952: FLG 0x10 is a comment, which ends with a zero byte.
std::string sealOf(std::string_view digestHex) {
    std::string seal("\x1f\x8b\x08\x10\0\0\0\0\0\xff", 10);
    seal.append("klaw-sha256:").append(digestHex);
    seal.append("\0\x03\0", 3);
    seal.append(8, '\0');
    return seal;
}

}  // namespace klaw::backup
