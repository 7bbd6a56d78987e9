#include "agent/observe/object_walker.hpp"

#include <algorithm>

#include "agent/observe/json_number.hpp"

namespace klaw::observe {

ObjectWalker::ObjectWalker(Projection projection)
    : projection_(std::move(projection)), shapes_(projection_.nodeCount()) {
    wholeNode_.otherKeys = Projection::whole;
    Target node = 0;
    for (auto& shape : shapes_) {
        for (const auto& child : projection_.node(node++).children) {
            addSlot(shape, child.key, child.target, child.name);
            shape.slots.back().capture = child.capture;
        }
        shape.named = shape.slots.size();
    }
}

bool ObjectWalker::walk(JsonCursor& cursor, PackedWriter& into, Identity& identity) {
    cursor_ = &cursor;
    out_ = &into;
    identity_ = &identity;
    problem_ = nullptr;
    depth_ = 0;
    auto root = projection_.root();
    return map(shapes_[static_cast<std::size_t>(root)], projection_.node(root), true) != Outcome::Malformed;
}

ObjectWalker::Outcome ObjectWalker::value(Target target, bool hold, std::int32_t& below) {
    if (target == Projection::whole) return whole(below);
    const auto& node = projection_.node(target);
    char first = cursor_->peek();
    if (first == '{') return map(shapes_[static_cast<std::size_t>(target)], node, hold);
    if (first == '[' && node.elements != Projection::skip) return list(node.elements, below);
    if (!cursor_->skipValue()) return malformed("a malformed value");
    if (!hold) return Outcome::Dropped;
    out_->null();
    return Outcome::Written;
}

ObjectWalker::Outcome ObjectWalker::whole(std::int32_t& below) {
    switch (cursor_->peek()) {
        case '{':
            return map(shapeBelow(below), wholeNode_, true);
        case '[':
            return list(Projection::whole, below);
        default:
            return scalar();
    }
}

ObjectWalker::Outcome ObjectWalker::scalar() {
    if (cursor_->atEnd()) return malformed("a value is missing");
    if (cursor_->peek() == '"') {
        std::string_view text;
        if (!cursor_->string(text)) return malformed("a malformed string");
        out_->string(text);
        return Outcome::Written;
    }
    auto token = cursor_->scalar();
    if (token == "true" || token == "false")
        out_->boolean(token == "true");
    else if (token == "null")
        out_->null();
    else if (!writeNumber(token, *out_))
        return malformed("a malformed value");
    return Outcome::Written;
}

ObjectWalker::Outcome ObjectWalker::map(Shape& shape, const Projection::Node& node, bool hold) {
    auto start = out_->mark();
    if (!cursor_->accept('{')) return malformed("no object where one must be");
    if (++depth_ > maxDepth) return malformed("nested too deep");
    out_->beginMap();
    auto outcome = cursor_->accept('}') ? Outcome::Dropped : entries(shape, node);
    if (outcome == Outcome::Malformed) return outcome;
    if (--depth_ == 0) writeTypeMeta();
    out_->endMap();
    if (hold || node.keepsEvery() || outcome == Outcome::Written) return Outcome::Written;
    out_->rewind(start);
    return Outcome::Dropped;
}

ObjectWalker::Outcome ObjectWalker::entries(Shape& shape, const Projection::Node& node) {
    auto visit = ++visits_;
    std::int32_t previous = none;
    auto all = Outcome::Dropped;
    do {
        auto outcome = entry(shape, node, previous, visit);
        if (outcome == Outcome::Malformed) return outcome;
        if (outcome == Outcome::Written) all = outcome;
    } while (cursor_->accept(','));
    return cursor_->accept('}') ? all : malformed("an object that does not end");
}

/// One key and its value. `previous` is the slot of the key before.
ObjectWalker::Outcome ObjectWalker::entry(Shape& shape, const Projection::Node& node, std::int32_t& previous,
                                          std::uint64_t visit) {
    auto found = expectedSlot(shape, previous);
    if (found == none) {
        std::string_view key;
        if (!cursor_->string(key)) return malformed("a malformed key");
        found = searchSlot(shape, node, key);
        if (found == none) return unknownKey(node, key);
        auto& link = previous == none ? shape.first : shape.at(previous).next;
        if (shape.at(found).next == none && link != found) shape.at(found).next = link;
        link = found;
    }
    previous = found;
    return slotValue(shape.at(found), node.keepsEvery(), visit);
}

/// The slot whose key stands here, if it is among the next few expected ones; then the key is behind the cursor.
std::int32_t ObjectWalker::expectedSlot(Shape& shape, std::int32_t previous) const {
    constexpr int lookAhead = 4;
    auto candidate = previous == none ? shape.first : shape.at(previous).next;
    for (int i = 0; i < lookAhead && candidate != none; ++i) {
        const auto& slot = shape.at(candidate);
        if (cursor_->acceptKey(slot.key.data(), slot.length)) return candidate;
        candidate = slot.next;
    }
    return none;
}

ObjectWalker::Outcome ObjectWalker::slotValue(Slot& slot, bool hold, std::uint64_t visit) {
    if (!cursor_->accept(':')) return malformed("a key without a value");
    if (slot.lastVisit == visit) return malformed("a key that comes twice");
    slot.lastVisit = visit;
    if (slot.capture != Projection::Capture::None) return capture(slot);
    if (slot.target == Projection::skip) {
        return cursor_->skipValue() ? Outcome::Dropped : malformed("a value that does not end");
    }
    auto start = out_->mark();
    if (slot.name)
        out_->key(*slot.name);
    else
        out_->inlineKey(slot.text());
    return kept(start, slot.target, hold, slot.below);
}

/// A key that is not worth remembering.
ObjectWalker::Outcome ObjectWalker::unknownKey(const Projection::Node& node, std::string_view key) {
    if (!cursor_->accept(':')) return malformed("a key without a value");
    if (node.otherKeys == Projection::skip) {
        return cursor_->skipValue() ? Outcome::Dropped : malformed("a value that does not end");
    }
    auto start = out_->mark();
    if (auto name = projection_.shortKey(key))
        out_->key(*name);
    else
        out_->inlineKey(key);
    std::int32_t below = none;
    return kept(start, node.otherKeys, node.keepsEvery(), below);
}

/// The value of a key that was written at `start`; the key goes when nothing of the value stays.
ObjectWalker::Outcome ObjectWalker::kept(std::size_t start, Target target, bool hold, std::int32_t& below) {
    auto outcome = value(target, hold, below);
    if (outcome == Outcome::Dropped) out_->rewind(start);
    return outcome;
}

ObjectWalker::Outcome ObjectWalker::list(Target elements, std::int32_t& below) {
    if (++depth_ > maxDepth) return malformed("nested too deep");
    out_->beginList();
    bool fine = cursor_->list([&] { return value(elements, true, below) != Outcome::Malformed; });
    if (!fine) return malformed("a malformed list");
    out_->endList();
    --depth_;
    return Outcome::Written;
}

std::int32_t ObjectWalker::searchSlot(Shape& shape, const Projection::Node& node, std::string_view key) {
    for (std::size_t i = 0; i < shape.slots.size(); ++i)
        if (shape.slots[i].text() == key) return static_cast<std::int32_t>(i);
    bool room =
        &shape != &unremembered_ && shape.slots.size() - shape.named < maxOtherKeys && key.size() <= maxOtherKeyLength;
    // A key with characters that JSON escapes could not be compared with the text.
    bool comparable =
        std::none_of(key.begin(), key.end(), [](char c) { return c == '"' || c == '\\' || (c >= 0 && c < ' '); });
    if (!room || !comparable) return none;
    addSlot(shape, key, node.otherKeys, projection_.shortKey(key));
    return static_cast<std::int32_t>(shape.slots.size() - 1);
}

void ObjectWalker::addSlot(Shape& shape, std::string_view key, Target target, std::optional<FieldName> name) {
    Slot slot;
    slot.length = static_cast<std::uint32_t>(key.size());
    slot.key.assign(key);
    slot.key.resize(key.size() + JsonCursor::keySpare);
    slot.target = target;
    slot.name = name;
    shape.slots.push_back(std::move(slot));
}

ObjectWalker::Shape& ObjectWalker::shapeBelow(std::int32_t& below) {
    if (below == none) {
        if (shapes_.size() >= projection_.nodeCount() + maxShapes) return unremembered_;
        shapes_.emplace_back();
        below = static_cast<std::int32_t>(shapes_.size() - 1);
    }
    return shapes_[static_cast<std::size_t>(below)];
}

ObjectWalker::Outcome ObjectWalker::capture(const Slot& slot) {
    std::string_view text;
    if (!cursor_->string(text)) return malformed("a name, uid, version or kind that is no string");
    switch (slot.capture) {
        case Projection::Capture::Uid:
            identity_->uid = text;
            break;
        case Projection::Capture::Name:
            identity_->name = text;
            break;
        case Projection::Capture::Namespace:
            identity_->ns = text;
            break;
        case Projection::Capture::ResourceVersion:
            identity_->resourceVersion = text;
            break;
        case Projection::Capture::Kind:
            identity_->kind = text;
            return Outcome::Dropped;
        case Projection::Capture::ApiVersion:
            identity_->apiVersion = text;
            return Outcome::Dropped;
        case Projection::Capture::None:
            break;
    }
    if (slot.target == Projection::skip) return Outcome::Dropped;
    out_->key(*slot.name);
    out_->string(text);
    return Outcome::Written;
}

/// kind and apiVersion come last and always in this order, because items of a list get them from the list.
void ObjectWalker::writeTypeMeta() {
    const auto& root = projection_.node(projection_.root());
    auto write = [&](const char* key, std::string_view text) {
        const auto* child = root.find(key);
        if (child->target == Projection::skip || text.empty()) return;
        out_->key(child->name);
        out_->string(text);
    };
    write("kind", identity_->kind);
    write("apiVersion", identity_->apiVersion);
}

ObjectWalker::Outcome ObjectWalker::malformed(const char* problem) {
    if (!problem_) problem_ = problem;
    return Outcome::Malformed;
}

}  // namespace klaw::observe
