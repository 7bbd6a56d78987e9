#include "agent/observe/projection.hpp"

#include <cstring>

#include "agent/observe/common_keys.hpp"

namespace klaw::observe {
namespace {

using rules::FieldTree;

constexpr const char* managedFields = "managedFields";

FieldTree withIdentity(FieldTree tree) {
    for (auto path : {"metadata.name", "metadata.namespace", "metadata.uid"}) tree.add(path);
    return tree;
}

const FieldTree* find(const FieldTree& tree, std::string_view key) {
    auto found = tree.fields.find(key);
    return found == tree.fields.end() ? nullptr : &found->second;
}

bool namesManagedFields(const FieldTree& metadata) {
    return find(metadata, managedFields) != nullptr;
}

bool covered(const FieldTree& wanted, const FieldTree& kept) {
    if (kept.whole) return true;
    if (wanted.whole) return false;
    for (const auto& [key, child] : wanted.fields) {
        const auto* mine = find(kept, key);
        if (!mine || !covered(child, *mine)) return false;
    }
    return !wanted.elements || (kept.elements && covered(*wanted.elements, *kept.elements));
}

}  // namespace

Projection::Projection(const FieldTree& fields) : fields_(withIdentity(fields)) {
    root_ = compile(fields_, Place::Root, false);
    for (auto key : commonKeys) addShortKey(key);
    collectKeys(fields_);
}

bool Projection::covers(const FieldTree& other) const {
    const auto* theirs = find(other, "metadata");
    const auto& mine = *find(fields_, "metadata");
    if (theirs && namesManagedFields(*theirs)) {
        const auto* kept = find(mine, managedFields);
        if (!kept || !covered(*find(*theirs, managedFields), *kept)) return false;
    }
    return covered(other, fields_);
}

const Projection::Child* Projection::Node::find(std::string_view key) const {
    for (const auto& child : children)
        if (child.key == key) return &child;
    return nullptr;
}

std::optional<FieldName> Projection::shortKey(std::string_view key) const {
    auto found = shortKeys_.find(key);
    if (found == shortKeys_.end()) return std::nullopt;
    return found->second;
}

std::size_t Projection::KeyHash::operator()(std::string_view key) const noexcept {
    std::uint64_t first = 0, last = 0;
    auto part = std::min<std::size_t>(key.size(), 8);
    std::memcpy(&first, key.data(), part);
    std::memcpy(&last, key.data() + key.size() - part, part);
    return (first * 0x9E3779B97F4A7C15u) ^ (last * 0xC2B2AE3D27D4EB4Fu) ^ key.size();
}

Projection::Target Projection::compile(const FieldTree& tree, Place place, bool wholeAbove) {
    bool readAsList = tree.elements && place != Place::Elsewhere;
    bool keepAll = wholeAbove || tree.whole || readAsList;
    if (keepAll && place == Place::Elsewhere) return whole;
    Node node;
    node.otherKeys = keepAll ? whole : skip;
    if (tree.elements && !keepAll) {
        node.elements = compile(*tree.elements, Place::Elsewhere, false);
        node.otherKeys = node.elements;
    }
    for (const auto& [key, child] : tree.fields) node.children.push_back(compileChild(key, child, place, keepAll));
    if (tree.elements && !keepAll) {
        for (auto& child : node.children) {
            FieldTree both = tree.fields.at(child.key);
            both.merge(*tree.elements);
            child.target = compile(both, Place::Elsewhere, false);
        }
    }
    addCaptures(node, place, keepAll);
    nodes_.push_back(std::move(node));
    return static_cast<Target>(nodes_.size() - 1);
}

Projection::Child Projection::compileChild(const std::string& key, const FieldTree& tree, Place place,
                                           bool wholeAbove) {
    Child child{key, FieldName::of(key)};
    bool isMetadata = place == Place::Root && key == "metadata";
    // managedFields is the bulk of many objects, so it is never kept on the strength of a whole metadata alone.
    bool inherits = wholeAbove && !(place == Place::Metadata && key == managedFields);
    bool readsNothing = tree.empty() && !inherits && !isMetadata;
    child.target = readsNothing ? skip : compile(tree, isMetadata ? Place::Metadata : Place::Elsewhere, inherits);
    return child;
}

void Projection::addCaptures(Node& node, Place place, bool keepAll) {
    auto capture = [&](const char* key, Capture what) {
        auto found =
            std::find_if(node.children.begin(), node.children.end(), [&](auto& child) { return child.key == key; });
        if (found == node.children.end()) {
            Child child{key, FieldName::of(key), keepAll ? whole : skip};
            found = node.children.insert(node.children.end(), std::move(child));
        }
        found->capture = what;
    };
    if (place == Place::Root) {
        capture("kind", Capture::Kind);
        capture("apiVersion", Capture::ApiVersion);
    }
    if (place != Place::Metadata) return;
    capture("uid", Capture::Uid);
    capture("name", Capture::Name);
    capture("namespace", Capture::Namespace);
    capture("resourceVersion", Capture::ResourceVersion);
    if (!node.find(managedFields)) node.children.push_back(Child{managedFields, FieldName::of(managedFields)});
}

void Projection::collectKeys(const FieldTree& tree) {
    for (const auto& [key, child] : tree.fields) {
        addShortKey(key);
        collectKeys(child);
    }
    if (tree.elements) collectKeys(*tree.elements);
}

void Projection::addShortKey(std::string_view key) {
    auto name = FieldName::of(key);
    shortKeys_.emplace(name.text(), name);
}

void Projection::project(PackedView object, PackedWriter& into) const {
    write(root_, object, true, into);
}

bool Projection::write(Target target, PackedView value, bool hold, PackedWriter& into) const {
    if (target == whole) return writeWhole(value, into), true;
    const auto& node = this->node(target);
    if (value.kind() == PackedKind::Map) return writeMap(node, value, hold, into);
    if (value.kind() == PackedKind::List && node.elements != skip) {
        into.beginList();
        for (auto element : value) write(node.elements, element, true, into);
        into.endList();
        return true;
    }
    if (hold) into.null();
    return hold;
}

bool Projection::writeMap(const Node& node, PackedView map, bool hold, PackedWriter& into) const {
    auto start = into.mark();
    bool any = hold || node.keepsEvery();
    into.beginMap();
    for (auto entry = map.begin(); entry != map.end(); ++entry) {
        const auto* child = node.find(entry.key());
        auto target = child ? child->target : node.otherKeys;
        if (target == skip) continue;
        auto before = into.mark();
        if (child)
            into.key(child->name);
        else
            writeKey(entry.key(), into);
        if (write(target, *entry, node.keepsEvery(), into))
            any = true;
        else
            into.rewind(before);
    }
    into.endMap();
    if (!any) into.rewind(start);
    return any;
}

void Projection::writeWhole(PackedView value, PackedWriter& into) const {
    if (value.kind() == PackedKind::Map) {
        into.beginMap();
        for (auto entry = value.begin(); entry != value.end(); ++entry) {
            writeKey(entry.key(), into);
            writeWhole(*entry, into);
        }
        into.endMap();
    } else if (value.kind() == PackedKind::List) {
        into.beginList();
        for (auto element : value) writeWhole(element, into);
        into.endList();
    } else {
        into.copy(value);
    }
}

void Projection::writeKey(std::string_view key, PackedWriter& into) const {
    if (auto name = shortKey(key))
        into.key(*name);
    else
        into.inlineKey(key);
}

}  // namespace klaw::observe
