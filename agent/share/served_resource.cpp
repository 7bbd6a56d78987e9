#include "agent/share/served_resource.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace klaw::share {
namespace {

using rules::Change;

constexpr std::size_t pieceBytes = 64u << 10;

std::string_view typeName(Change::Type type) {
    switch (type) {
        case Change::Type::Added:
            return "ADDED";
        case Change::Type::Modified:
            return "MODIFIED";
        case Change::Type::Deleted:
            return "DELETED";
    }
    return "";
}

void copyMap(PackedView map, PackedWriter& into) {
    for (auto entry = map.begin(); entry != map.end(); ++entry) {
        into.inlineKey(entry.key());
        into.copy(*entry);
    }
}

/// Readers go on by the version of the last object that they got; most projections do not keep it.
std::string withVersion(PackedView object, const std::string& version) {
    static const auto metadataField = FieldName::of("metadata"), versionField = FieldName::of("resourceVersion");
    if (object[metadataField][versionField]) return object.toJson();
    PackedWriter whole;
    whole.beginMap();
    for (auto entry = object.begin(); entry != object.end(); ++entry) {
        whole.inlineKey(entry.key());
        if (entry.key() != "metadata" || (*entry).kind() != PackedKind::Map) {
            whole.copy(*entry);
            continue;
        }
        whole.beginMap();
        whole.key(versionField);
        whole.string(version);
        copyMap(*entry, whole);
        whole.endMap();
    }
    whole.endMap();
    return whole.view().toJson();
}

std::string lineOf(Change::Type type, PackedView object, const std::string& version) {
    return fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", typeName(type), withVersion(object, version));
}

}  // namespace

std::optional<std::uint64_t> versionNumber(std::string_view text) {
    std::uint64_t number = 0;
    const auto* end = text.data() + text.size();
    auto parsed = std::from_chars(text.data(), end, number);
    if (text.empty() || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
    return number;
}

ServedResource::ServedResource(Loop& loop, observe::ResourceObserver& observer, std::string fields,
                               std::function<bool()> isWell, std::size_t mostKept)
    : observer_(observer),
      fields_(std::move(fields)),
      isWell_(std::move(isWell)),
      mostKept_(mostKept),
      changed_(loop) {}

void ServedResource::listBegins() {
    listing_ = true;
    observer_.listBegins();
}

Result<kube::LineOutcome> ServedResource::line(kube::PaddedText line) {
    told_.clear();
    auto outcome = observer_.line(line);
    if (outcome && !listing_ && outcome->type != kube::LineOutcome::Type::Error) keep(outcome->resourceVersion);
    return outcome;
}

/// What a list found has no place in the order of changes.
void ServedResource::listEnds(std::string_view resourceVersion) {
    observer_.listEnds(resourceVersion);
    listing_ = false;
    version_ = versionNumber(resourceVersion);
    beginAnew();
}

void ServedResource::changed(const Change& change) {
    if (!listing_ && open_) told_.push_back({change.type, PackedObject(change.object.bytes())});
}

void ServedResource::keep(const std::string& resourceVersion) {
    auto version = versionNumber(resourceVersion);
    bool follows = version && version_ && *version >= *version_;
    if (!follows) {
        version_ = version;
        return beginAnew();
    }
    version_ = version;
    for (const auto& each : std::exchange(told_, {})) {
        lines_.push_back({*version, lineOf(each.type, each.object.view(), resourceVersion)});
        bytes_ += lines_.back().text.size();
    }
    while (bytes_ > mostKept_ && !lines_.empty()) {
        forgotten_ = lines_.front().version;
        bytes_ -= lines_.front().text.size();
        lines_.pop_front();
    }
    changed_.notify();
}

void ServedResource::setFields(std::string fields, bool areMore) {
    if (fields == fields_) return;
    fields_ = std::move(fields);
    listing_ = listing_ || areMore;
    beginAnew();
}

void ServedResource::beginAnew() {
    told_.clear();
    lines_.clear();
    bytes_ = 0;
    forgotten_ = version_.value_or(0);
    ++generation_;
    changed_.notify();
}

void ServedResource::close() {
    open_ = false;
    beginAnew();
}

std::vector<std::string> ServedResource::initialEvents() const {
    std::vector<std::string> pieces(1);
    auto version = std::to_string(this->version());
    observer_.forEach([&](PackedView object) {
        if (pieces.back().size() >= pieceBytes) pieces.emplace_back();
        pieces.back() += lineOf(Change::Type::Added, object, version);
    });
    pieces.back() += bookmark(true);
    return pieces;
}

std::string ServedResource::changesAfter(std::uint64_t& version) const {
    auto next = std::ranges::upper_bound(lines_, version, {}, &Line::version);
    std::string text;
    for (; next != lines_.end() && text.size() < pieceBytes; ++next) {
        text += next->text;
        version = next->version;
    }
    return text;
}

std::string ServedResource::bookmark(bool endsInitialEvents) const {
    return fmt::format(R"({{"type":"BOOKMARK","object":{{"metadata":{{"resourceVersion":"{}"{}}}}}}}{})", version(),
                       endsInitialEvents ? R"(,"annotations":{"k8s.io/initial-events-end":"true"})" : "", "\n");
}

}  // namespace klaw::share
