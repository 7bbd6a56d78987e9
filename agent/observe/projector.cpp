#include "agent/observe/projector.hpp"

#include <fmt/format.h>

#include "agent/observe/json_cursor.hpp"
#include "agent/observe/object_walker.hpp"

namespace klaw::observe {
namespace {

rules::FieldTree fieldsOf(std::initializer_list<const char*> paths) {
    rules::FieldTree tree;
    for (auto path : paths) tree.add(path);
    return tree;
}

std::optional<ProjectedEvent::Type> eventType(std::string_view text) {
    if (text == "ADDED") return ProjectedEvent::Type::Added;
    if (text == "MODIFIED") return ProjectedEvent::Type::Modified;
    if (text == "DELETED") return ProjectedEvent::Type::Deleted;
    if (text == "BOOKMARK") return ProjectedEvent::Type::Bookmark;
    if (text == "ERROR") return ProjectedEvent::Type::Error;
    return std::nullopt;
}

}  // namespace

std::shared_ptr<JsonScanner> makeJsonScanner() {
    return std::make_shared<JsonScanner>();
}

struct Projector::Impl {
    /// What is read of a list page beside its items.
    struct PageHead {
        std::string_view kind, apiVersion;
        kube::PageOutcome outcome;
        JsonCursor::Position items = nullptr;  ///< seen before the kind was known
        bool itemsRead = false;
    };

    Impl(Projection projection, std::shared_ptr<JsonScanner> sharedScanner)
        : walker(std::move(projection)), scanner(sharedScanner ? std::move(sharedScanner) : makeJsonScanner()) {}

    Result<ProjectedEvent> event(kube::PaddedText line);
    bool envelope(JsonCursor& cursor, std::optional<ProjectedEvent::Type>& type, JsonCursor::Position& object,
                  ProjectedEvent& event);
    bool body(JsonCursor& cursor, ProjectedEvent& event);
    bool bookmark(JsonCursor& cursor, ProjectedEvent& event);
    bool status(JsonCursor& cursor, ProjectedEvent& event);
    bool object(JsonCursor& cursor, std::string_view kind, std::string_view apiVersion, ProjectedObject& seen);

    bool pageKey(JsonCursor& cursor, std::string_view key, PageHead& head,
                 const std::function<void(const ProjectedObject&)>& item);
    bool listMeta(JsonCursor& cursor, kube::PageOutcome& outcome);
    bool items(JsonCursor& cursor, PageHead& head, const std::function<void(const ProjectedObject&)>& item);
    Error broken(const JsonCursor* cursor, std::string_view what) const;
    bool refuse(const char* what) {
        problem = what;
        return false;
    }

    ObjectWalker walker;
    ObjectWalker bookmarks{Projection(fieldsOf({"metadata.annotations"}))};
    ObjectWalker statuses{Projection(fieldsOf({"code", "reason", "message"}))};
    std::shared_ptr<JsonScanner> scanner;
    PackedWriter writer;
    const char* problem = nullptr;
};

Projector::Projector(Projection projection, std::shared_ptr<JsonScanner> scanner)
    : impl_(std::make_unique<Impl>(std::move(projection), std::move(scanner))) {}
Projector::~Projector() = default;
Projector::Projector(Projector&&) noexcept = default;
Projector& Projector::operator=(Projector&&) noexcept = default;

const Projection& Projector::projection() const {
    return impl_->walker.projection();
}

Result<ProjectedEvent> Projector::event(kube::PaddedText line) {
    return impl_->event(line);
}

Result<ProjectedEvent> Projector::Impl::event(kube::PaddedText line) {
    problem = nullptr;
    if (const auto* error = scanner->scan(line)) return fail(broken(nullptr, error));
    JsonCursor cursor(*scanner);
    ProjectedEvent event;
    std::optional<ProjectedEvent::Type> type;
    JsonCursor::Position object = nullptr;
    if (!envelope(cursor, type, object, event)) return fail(broken(&cursor, "not a watch event"));
    if (!cursor.atEnd()) return fail(broken(&cursor, "text after the watch event"));
    if (!type) return fail(broken(&cursor, "a watch event without type"));
    if (object) {  // it stood before the type
        cursor.seek(object);
        event.type = *type;
        if (!body(cursor, event)) return fail(broken(&cursor, "a malformed object"));
    }
    return event;
}

/// On return `object` is set when the object is still to be read.
bool Projector::Impl::envelope(JsonCursor& cursor, std::optional<ProjectedEvent::Type>& type,
                               JsonCursor::Position& object, ProjectedEvent& event) {
    bool seen = false;
    bool fine = cursor.map([&](std::string_view key) {
        if (key == "type") {
            std::string_view text;
            if (type || !cursor.string(text)) return refuse("a malformed event type");
            type = eventType(text);
            if (!type) return refuse("an unknown event type");
            event.type = *type;
            return true;
        }
        if (key != "object") return cursor.skipValue();
        if (std::exchange(seen, true)) return refuse("a second object");
        if (type) return body(cursor, event);
        object = cursor.position();
        return cursor.skipValue();
    });
    if (fine && !seen) return refuse("a watch event without object");
    return fine;
}

bool Projector::Impl::body(JsonCursor& cursor, ProjectedEvent& event) {
    writer.clear();
    if (event.type == ProjectedEvent::Type::Bookmark) return bookmark(cursor, event);
    if (event.type == ProjectedEvent::Type::Error) return status(cursor, event);
    return object(cursor, {}, {}, event.object);
}

bool Projector::Impl::object(JsonCursor& cursor, std::string_view kind, std::string_view apiVersion,
                             ProjectedObject& seen) {
    ObjectWalker::Identity identity;
    identity.kind = kind;
    identity.apiVersion = apiVersion;
    if (!walker.walk(cursor, writer, identity)) return refuse(walker.problem());
    if (identity.uid.empty() && identity.name.empty()) return refuse("an object without name and uid");
    seen = {writer.view(), identity.uid, identity.name, identity.ns, identity.resourceVersion};
    return true;
}

bool Projector::Impl::bookmark(JsonCursor& cursor, ProjectedEvent& event) {
    ObjectWalker::Identity identity;
    if (!bookmarks.walk(cursor, writer, identity)) return refuse(bookmarks.problem());
    if (identity.resourceVersion.empty()) return refuse("a bookmark without resourceVersion");
    event.object.resourceVersion = identity.resourceVersion;
    event.initialEventsEnd = writer.view()["metadata"]["annotations"]["k8s.io/initial-events-end"].asString() == "true";
    return true;
}

bool Projector::Impl::status(JsonCursor& cursor, ProjectedEvent& event) {
    ObjectWalker::Identity identity;
    if (!statuses.walk(cursor, writer, identity)) return refuse(statuses.problem());
    event.errorCode = static_cast<int>(writer.view()["code"].asInt());
    event.errorReason = writer.view()["reason"].asString();
    event.errorMessage = writer.view()["message"].asString();
    return true;
}

Result<kube::PageOutcome> Projector::page(kube::PaddedText body,
                                          const std::function<void(const ProjectedObject&)>& item) {
    auto& impl = *impl_;
    impl.problem = nullptr;
    if (const auto* error = impl.scanner->scan(body)) return fail(impl.broken(nullptr, error));
    JsonCursor cursor(*impl.scanner);
    Impl::PageHead head;
    bool fine = cursor.map([&](std::string_view key) { return impl.pageKey(cursor, key, head, item); });
    if (!fine || !cursor.atEnd()) return fail(impl.broken(&cursor, fine ? "text after the list" : "a malformed list"));
    if (head.items) {
        cursor.seek(head.items);
        if (!impl.items(cursor, head, item)) return fail(impl.broken(&cursor, "a malformed list"));
    }
    if (head.outcome.resourceVersion.empty()) return fail(impl.broken(&cursor, "a list without resourceVersion"));
    impl.scanner->shrink();
    return std::move(head.outcome);
}

bool Projector::Impl::pageKey(JsonCursor& cursor, std::string_view key, PageHead& head,
                              const std::function<void(const ProjectedObject&)>& item) {
    if (key == "kind") return cursor.string(head.kind);
    if (key == "apiVersion") return cursor.string(head.apiVersion);
    if (key == "metadata") return listMeta(cursor, head.outcome);
    if (key != "items") return cursor.skipValue();
    if (head.items || head.itemsRead) return refuse("a second list of items");
    if (!head.kind.empty() && !head.apiVersion.empty()) return items(cursor, head, item);
    head.items = cursor.position();
    return cursor.skipValue();
}

bool Projector::Impl::listMeta(JsonCursor& cursor, kube::PageOutcome& outcome) {
    return cursor.map([&](std::string_view key) {
        bool isToken = key == "continue";
        if (!isToken && key != "resourceVersion") return cursor.skipValue();
        std::string_view text;
        if (!cursor.string(text)) return false;
        (isToken ? outcome.continueToken : outcome.resourceVersion) = text;
        return true;
    });
}

bool Projector::Impl::items(JsonCursor& cursor, PageHead& head,
                            const std::function<void(const ProjectedObject&)>& item) {
    head.itemsRead = true;
    if (cursor.peek() == 'n') return cursor.scalar() == "null";
    auto kind = head.kind.ends_with("List") ? head.kind.substr(0, head.kind.size() - 4) : std::string_view();
    return cursor.list([&] {
        ProjectedObject seen;
        writer.clear();
        if (!object(cursor, kind, head.apiVersion, seen)) return false;
        ++head.outcome.items;
        item(seen);
        return true;
    });
}

Error Projector::Impl::broken(const JsonCursor* cursor, std::string_view what) const {
    auto message =
        cursor ? fmt::format("{}, at byte {} of {}", problem ? problem : what, cursor->offset(), scanner->text().size())
               : std::string(what);
    return Error(ErrorCode::DataLoss, std::move(message)).withRetry(Retry::later());
}

}  // namespace klaw::observe
