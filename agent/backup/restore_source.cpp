#include "agent/backup/restore_source.hpp"

#include <algorithm>

#include "agent/backup/aside.hpp"
#include "agent/backup/restore_object.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::backup {
namespace {

using Json = nlohmann::json;

constexpr auto definitions = "customresourcedefinitions.apiextensions.k8s.io";
constexpr std::size_t turnBytes = 256u << 10;

/// The schemas of definitions nest deeper than what people write. Writing JSON uses the stack.
Json objectIn(const std::string& text) {
    constexpr int deepest = 1'000;
    int depth = 0;
    auto fits = [&](int at, Json::parse_event_t event, Json&) {
        depth = std::max(
            depth, event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start ? at : 0);
        return depth < deepest;
    };
    auto object = Json::parse(text, fits, false);
    return depth < deepest ? object : Json();
}

std::string namespaceOf(const Json& object) {
    return textAt(at(object, "metadata"), "namespace");
}

std::string nameOf(const Json& object) {
    return textAt(at(object, "metadata"), "name");
}

/// Whether the object is of what the options choose, whatever definitions they need.
bool isChosen(const RestoreOptions& options, const Kind& kind, const Json& object) {
    if (options.namespaces.empty()) return true;
    if (kind.namespaced) return options.namespaces.contains(namespaceOf(object));
    return kind.resource() == "namespaces" && options.namespaces.contains(nameOf(object));
}

}  // namespace

RestoreSource::RestoreSource(const OpenedArchive& archive, RestoreOptions options, std::set<std::string> resources)
    : reader_(archive.file, archive.key),
      counts_(archive.counts),
      options_(std::move(options)),
      resources_(std::move(resources)) {}

bool RestoreSource::isSelected(const Kind& kind, const Json& object) const {
    bool needed = kind.resource() == definitions && !options_.namespaces.empty();
    return needed ? resources_.contains(nameOf(object)) : isChosen(options_, kind, object);
}

Task<Result<std::optional<RestoreItem>>> RestoreSource::next() {
    for (std::size_t passed = 0;;) {
        auto next = reader_.next();
        if (!next) co_return fail(std::move(next).error());
        if (!*next) co_return std::optional<RestoreItem>();
        auto found = std::move(**next);
        passed += found.json.size();
        if (passed >= turnBytes) {
            passed = 0;
            co_await nextTurn();
        }
        if (found.list >= counts_.size() || !counts_[found.list] || !options_.wants(found.kind)) continue;
        auto object = objectIn(found.json);
        bool sound = object.is_object() && !nameOf(object).empty() &&
                     textAt(object, "apiVersion") == found.kind.apiVersion &&
                     textAt(object, "kind") == found.kind.kind && found.kind.namespaced == !namespaceOf(object).empty();
        if (!sound) co_return fail(ErrorCode::DataLoss, "the archive has an object that is none", found.kind.title());
        if (!isSelected(found.kind, object)) continue;
        RestoreItem item;
        item.uid = textAt(at(object, "metadata"), "uid");
        item.notRestored = notRestoredBecause(found.kind, object);
        item.object = inTargetNamespace(found.kind, withoutServerFields(found.kind, std::move(object)), options_);
        auto& metadata = item.object["metadata"];
        if (metadata.contains("ownerReferences")) item.owners = std::move(metadata["ownerReferences"]);
        metadata.erase("ownerReferences");
        item.ns = namespaceOf(item.object);
        item.name = nameOf(item.object);
        item.kind = std::move(found.kind);
        co_return std::optional(std::move(item));
    }
}

Task<Result<RestoreContents>> contentsOf(OpenedArchive archive, RestoreOptions options) {
    RestoreContents contents;
    std::map<std::pair<std::string, std::string>, std::size_t> known;
    for (bool definitionsToo : {false, true}) {
        RestoreSource source(archive, options, contents.resources);
        contents.scopes.clear();
        contents.objects = 0;
        known.clear();
        std::size_t since = 0;
        for (;;) {
            auto next = co_await source.next();
            if (!next) co_return fail(std::move(next).error());
            if (!*next) break;
            const auto& item = **next;
            if (!definitionsToo) contents.resources.insert(item.kind.resource());
            auto [place, isNew] = known.try_emplace({item.kind.resource(), item.ns}, contents.scopes.size());
            if (isNew) contents.scopes.push_back({item.kind, item.ns, 0});
            ++contents.scopes[place->second].objects;
            ++contents.objects;
            if (++since % 50 == 0) co_await nextTurn();
        }
        if (options.namespaces.empty()) break;  // all definitions are wanted as they are
    }
    co_return contents;
}

Task<Result<OpenedArchive>> verifiedInTurns(std::shared_ptr<const LocalFile> file, std::optional<FileKey> key) {
    OpenedArchive opened{file, key, {}, {}};
    ArchiveReader reader(std::move(file), std::move(key));
    std::size_t lists = 0, since = 0;
    for (;;) {
        auto next = reader.next();
        if (!next) co_return fail(std::move(next).error());
        if (!*next) break;
        lists = std::max(lists, (**next).list + 1);
        since += (**next).json.size();
        if (since < turnBytes) continue;
        since = 0;
        co_await nextTurn();
    }
    opened.summary = reader.summary();
    for (std::size_t i = 0; i < lists; ++i) opened.counts.push_back(reader.counts(i));
    co_return opened;
}

}  // namespace klaw::backup
