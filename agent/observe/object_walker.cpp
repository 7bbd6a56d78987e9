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
            addSlot(shape, child.key, child.target, child.name, child.capture);
        }
        shape.named = shape.slots.size();
    }
}

bool ObjectWalker::walk(JsonCursor& cursor, PackedWriter& into, Identity& identity) {
    text_ = cursor.text();
    out_ = &into;
    identity_ = &identity;
    problem_ = nullptr;
    depth_ = 0;
    auto root = projection_.root();
    auto end = map(shapes_[static_cast<std::size_t>(root)], projection_.node(root), true, cursor.position());
    cursor.seek(end ? end : problemAt_);
    return end != nullptr;
}

ObjectWalker::Position ObjectWalker::value(Target target, bool hold, std::int32_t& below, Position at) {
    if (target == Projection::whole) return whole(below, at);
    const auto& node = projection_.node(target);
    char first = text_.first(at);
    if (first == '{') return map(shapes_[static_cast<std::size_t>(target)], node, hold, at);
    if (first == '[' && node.elements != Projection::skip) return list(node.elements, below, at);
    auto end = text_.skipValue(at);
    if (!end) return malformed("a malformed value", at);
    if (hold) out_->null();
    return end;
}

ObjectWalker::Position ObjectWalker::whole(std::int32_t& below, Position at) {
    switch (text_.first(at)) {
        case '{':
            return map(shapeBelow(below), wholeNode_, true, at);
        case '[':
            return list(Projection::whole, below, at);
        default:
            return scalar(at);
    }
}

ObjectWalker::Position ObjectWalker::scalar(Position at) {
    if (at == text_.end()) return malformed("a value is missing", at);
    if (text_.first(at) == '"') {
        std::string_view text;
        auto end = text_.string(at, text);
        if (!end) return malformed("a malformed string", at);
        out_->sparedString(text);
        return end;
    }
    auto token = text_.token(at);
    if (token == "true" || token == "false")
        out_->boolean(token == "true");
    else if (token == "null")
        out_->null();
    else if (!writeNumber(token, *out_))
        return malformed("a malformed value", at);
    return at + 1;
}

ObjectWalker::Position ObjectWalker::map(Shape& shape, const Projection::Node& node, bool hold, Position at) {
    auto start = out_->mark();
    if (text_.first(at) != '{') return malformed("no object where one must be", at);
    if (++depth_ > maxDepth) return malformed("nested too deep", at);
    out_->beginMap();
    auto body = out_->mark();
    ++at;
    at = text_.first(at) == '}' ? at + 1 : entries(shape, node, at);
    if (!at) return at;
    bool empty = out_->mark() == body;
    if (--depth_ == 0) writeTypeMeta();
    out_->endMap();
    if (empty && !hold && !node.keepsEvery()) out_->rewind(start);
    return at;
}

ObjectWalker::Position ObjectWalker::entries(Shape& shape, const Projection::Node& node, Position at) {
    auto visit = ++visits_;
    std::int32_t previous = none;
    for (;;) {
        auto* slot = expectedSlot(shape, previous, at);
        at =
            slot ? slotValue(*slot, node.keepsEvery(), visit, at + 2) : unexpectedKey(shape, node, previous, visit, at);
        if (!at) return at;
        char separator = text_.first(at);
        if (separator == '}') return at + 1;
        if (separator != ',') return malformed("an object that does not end", at);
        ++at;
    }
}

/// The slot whose key and colon stand here, if it is among the next few expected ones. `previous` is the slot of the
/// key before.
inline ObjectWalker::Slot* ObjectWalker::expectedSlot(Shape& shape, std::int32_t& previous, Position at) const {
    constexpr int lookAhead = 4;
    auto candidate = previous == none ? shape.first : shape.at(previous).next;
    for (int i = 0; i < lookAhead && candidate != none; ++i) {
        auto& slot = shape.at(candidate);
        if (text_.isKey(slot.key, at)) {
            previous = candidate;
            return &slot;
        }
        candidate = slot.next;
    }
    return nullptr;
}

ObjectWalker::Position ObjectWalker::unexpectedKey(Shape& shape, const Projection::Node& node, std::int32_t& previous,
                                                   std::uint64_t visit, Position at) {
    std::string_view key;
    auto colon = text_.string(at, key);
    if (!colon) return malformed("a malformed key", at);
    if (text_.first(colon) != ':') return malformed("a key without a value", colon);
    auto found = searchSlot(shape, node, key);
    if (found == none) return unknownKey(node, key, colon + 1);
    auto& link = previous == none ? shape.first : shape.at(previous).next;
    if (shape.at(found).next == none && link != found) shape.at(found).next = link;
    link = found;
    previous = found;
    return slotValue(shape.at(found), node.keepsEvery(), visit, colon + 1);
}

/// Most values are skipped: that much is worth being inline.
inline ObjectWalker::Position ObjectWalker::slotValue(Slot& slot, bool hold, std::uint64_t visit, Position at) {
    if (slot.lastVisit == visit) return malformed("a key that comes twice", at);
    slot.lastVisit = visit;
    return slot.isSkipped ? skipped(at) : readSlot(slot, hold, at);
}

ObjectWalker::Position ObjectWalker::readSlot(Slot& slot, bool hold, Position at) {
    if (slot.capture != Projection::Capture::None) return capture(slot, at);
    auto start = out_->mark();
    if (slot.name)
        out_->key(*slot.name);
    else
        out_->inlineKey(slot.key.text());
    return kept(start, slot.target, hold, slot.below, at);
}

/// A key that is not worth remembering.
ObjectWalker::Position ObjectWalker::unknownKey(const Projection::Node& node, std::string_view key, Position at) {
    if (node.otherKeys == Projection::skip) return skipped(at);
    auto start = out_->mark();
    if (auto name = projection_.shortKey(key))
        out_->key(*name);
    else
        out_->inlineKey(key);
    std::int32_t below = none;
    return kept(start, node.otherKeys, node.keepsEvery(), below, at);
}

/// The value of a key that was written at `start`; the key goes when nothing of the value stays.
ObjectWalker::Position ObjectWalker::kept(std::size_t start, Target target, bool hold, std::int32_t& below,
                                          Position at) {
    auto written = out_->mark();
    auto end = value(target, hold, below, at);
    if (out_->mark() == written) out_->rewind(start);
    return end;
}

inline ObjectWalker::Position ObjectWalker::skipped(Position at) {
    auto end = text_.skipValue(at);
    return end ? end : malformed("a value that does not end", at);
}

ObjectWalker::Position ObjectWalker::list(Target elements, std::int32_t& below, Position at) {
    if (++depth_ > maxDepth) return malformed("nested too deep", at);
    out_->beginList();
    ++at;
    if (text_.first(at) == ']') {
        ++at;
    } else {
        for (;; ++at) {
            at = value(elements, true, below, at);
            if (!at) return at;
            char separator = text_.first(at);
            if (separator == ',') continue;
            if (separator != ']') return malformed("a malformed list", at);
            ++at;
            break;
        }
    }
    out_->endList();
    --depth_;
    return at;
}

std::int32_t ObjectWalker::searchSlot(Shape& shape, const Projection::Node& node, std::string_view key) {
    for (std::size_t i = 0; i < shape.slots.size(); ++i)
        if (shape.slots[i].key.text() == key) return static_cast<std::int32_t>(i);
    bool room =
        &shape != &unremembered_ && shape.slots.size() - shape.named < maxOtherKeys && key.size() <= maxOtherKeyLength;
    // A key with characters that JSON escapes could not be compared with the text.
    bool comparable =
        std::none_of(key.begin(), key.end(), [](char c) { return c == '"' || c == '\\' || (c >= 0 && c < ' '); });
    if (!room || !comparable) return none;
    addSlot(shape, key, node.otherKeys, projection_.shortKey(key), Projection::Capture::None);
    return static_cast<std::int32_t>(shape.slots.size() - 1);
}

void ObjectWalker::addSlot(Shape& shape, std::string_view key, Target target, std::optional<FieldName> name,
                           Projection::Capture capture) {
    Slot slot{JsonKey(key)};
    slot.target = target;
    slot.name = name;
    slot.capture = capture;
    slot.isSkipped = target == Projection::skip && capture == Projection::Capture::None;
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

ObjectWalker::Position ObjectWalker::capture(const Slot& slot, Position at) {
    std::string_view text;
    auto end = text_.string(at, text);
    if (!end) return malformed("a name, uid, version or kind that is no string", at);
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
            return end;
        case Projection::Capture::ApiVersion:
            identity_->apiVersion = text;
            return end;
        case Projection::Capture::None:
            break;
    }
    if (slot.target == Projection::skip) return end;
    out_->key(*slot.name);
    out_->sparedString(text);
    return end;
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

ObjectWalker::Position ObjectWalker::malformed(const char* problem, Position at) {
    if (!problem_) {
        problem_ = problem;
        problemAt_ = at;
    }
    return nullptr;
}

}  // namespace klaw::observe
