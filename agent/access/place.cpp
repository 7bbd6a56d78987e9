#include "agent/access/place.hpp"

#include <vector>

#include "base/percent.hpp"

namespace klaw::access {
namespace {

std::vector<std::string> segmentsOf(std::string_view path) {
    path = path.substr(0, path.find('?'));
    std::vector<std::string> segments;
    while (!path.empty()) {
        path.remove_prefix(1);
        auto end = std::min(path.find('/'), path.size());
        segments.push_back(percentDecode(path.substr(0, end)).value_or(""));
        path.remove_prefix(end);
    }
    return segments;
}

}  // namespace

Place placeOfPath(std::string cluster, std::string_view path) {
    Place place;
    place.cluster = std::move(cluster);
    auto segments = segmentsOf(path);
    if (segments.empty()) return place;
    std::size_t at = segments.front() == "api" ? 2 : segments.front() == "apis" ? 3 : segments.size();
    auto next = [&] { return at < segments.size() ? segments[at++] : std::string(); };
    place.resource = next();
    place.name = next();
    if (place.resource != "namespaces" || place.name.empty()) return place;
    place.ns = place.name;
    if (at == segments.size() || segments[at] == "status" || segments[at] == "finalize") return place;
    place.resource = next();
    place.name = next();
    return place;
}

Place placeOfTarget(std::string_view target) {
    std::vector<std::string_view> parts;
    for (;;) {
        auto end = std::min(target.find('/'), target.size());
        parts.push_back(target.substr(0, end));
        if (end == target.size()) break;
        target.remove_prefix(end + 1);
    }
    Place place;
    place.cluster = parts.front();
    if (parts.size() == 2 || parts.size() >= 4) place.ns = parts[1];
    return place;
}

}  // namespace klaw::access
