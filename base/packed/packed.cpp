#include "base/packed/packed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <utility>

namespace klaw {
namespace {

// One tag byte: the low four bits are the PackedKind, bit 4 marks a container whose length takes four bytes, not two.
constexpr std::uint8_t kindMask = 0x0F;
constexpr std::uint8_t longLength = 0x10;
constexpr std::size_t maxShortLength = 0xFFFF;

std::uint64_t readLongVarint(const std::uint8_t*& at) {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        value |= std::uint64_t(*at & 0x7F) << shift;
        if ((*at++ & 0x80) == 0) return value;
    }
}

/// Nearly all take one or two bytes.
inline std::uint64_t readVarint(const std::uint8_t*& at) {
    if (at[0] < 0x80) return *at++;
    if (at[1] >= 0x80) return readLongVarint(at);
    auto value = (at[0] & 0x7Fu) | std::uint32_t(at[1]) << 7;
    at += 2;
    return value;
}

struct Span {
    const std::uint8_t* begin;
    const std::uint8_t* end;
};

Span containerBody(const std::uint8_t* at) {
    if (*at & longLength) {
        std::uint32_t size;
        std::memcpy(&size, at + 1, sizeof size);
        return {at + 5, at + 5 + size};
    }
    std::uint16_t size;
    std::memcpy(&size, at + 1, sizeof size);
    return {at + 3, at + 3 + size};
}

PackedKind kindAt(const std::uint8_t* at) {
    return static_cast<PackedKind>(*at & kindMask);
}

const std::uint8_t* endOfValue(const std::uint8_t* at) {
    switch (kindAt(at)) {
        case PackedKind::Int: {
            ++at;
            readVarint(at);
            return at;
        }
        case PackedKind::Double:
            return at + 1 + sizeof(double);
        case PackedKind::String: {
            ++at;
            auto size = readVarint(at);
            return at + size;
        }
        case PackedKind::List:
        case PackedKind::Map:
            return containerBody(at).end;
        default:
            return at + 1;
    }
}

struct Key {
    std::uint16_t id;
    std::string_view inlineText;  ///< only when id is 0
};

Key readKey(const std::uint8_t*& at) {
    auto id = static_cast<std::uint16_t>(readVarint(at));
    if (id != 0) return {id, {}};
    auto size = readVarint(at);
    std::string_view text(reinterpret_cast<const char*>(at), size);
    at += size;
    return {0, text};
}

/// Beyond 64 bits the nearest that fits; 0 for what is no number.
std::int64_t truncated(double number) {
    constexpr double limit = 9223372036854775808.0;
    if (std::isnan(number)) return 0;
    if (number >= limit) return std::numeric_limits<std::int64_t>::max();
    return number < -limit ? std::numeric_limits<std::int64_t>::min() : static_cast<std::int64_t>(number);
}

/// Read again it is a double still: 1.0, and not 1.
void appendJsonDouble(std::string& out, double number) {
    if (!std::isfinite(number)) {
        out += "null";
        return;
    }
    auto text = fmt::format("{}", number);
    out += text;
    if (text.find_first_of(".e") == text.npos) out += ".0";
}

void appendJsonString(std::string& out, std::string_view text) {
    out += '"';
    for (char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20)
                    out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
                else
                    out += c;
        }
    }
    out += '"';
}

void appendJson(std::string& out, PackedView value) {
    switch (value.kind()) {
        case PackedKind::Missing:
        case PackedKind::Null:
            out += "null";
            break;
        case PackedKind::False:
            out += "false";
            break;
        case PackedKind::True:
            out += "true";
            break;
        case PackedKind::Int:
            out += std::to_string(value.asInt());
            break;
        case PackedKind::Double:
            appendJsonDouble(out, value.asDouble());
            break;
        case PackedKind::String:
            appendJsonString(out, value.asString());
            break;
        case PackedKind::List:
        case PackedKind::Map: {
            bool map = value.kind() == PackedKind::Map;
            out += map ? '{' : '[';
            bool first = true;
            for (auto it = value.begin(); it != value.end(); ++it) {
                if (!std::exchange(first, false)) out += ',';
                if (map) {
                    appendJsonString(out, it.key());
                    out += ':';
                }
                appendJson(out, *it);
            }
            out += map ? '}' : ']';
        }
    }
}

}  // namespace

PackedKind PackedView::kind() const {
    return at_ ? kindAt(at_) : PackedKind::Missing;
}

std::int64_t PackedView::asInt() const {
    if (kind() == PackedKind::Double) return truncated(asDouble());
    if (kind() != PackedKind::Int) return 0;
    const auto* at = at_ + 1;
    auto zigzag = readVarint(at);
    return static_cast<std::int64_t>(zigzag >> 1) ^ -static_cast<std::int64_t>(zigzag & 1);
}

double PackedView::asDouble() const {
    if (kind() == PackedKind::Int) return static_cast<double>(asInt());
    if (kind() != PackedKind::Double) return 0;
    double value;
    std::memcpy(&value, at_ + 1, sizeof value);
    return value;
}

std::string_view PackedView::asString() const {
    if (kind() != PackedKind::String) return {};
    const auto* at = at_ + 1;
    auto size = readVarint(at);
    return {reinterpret_cast<const char*>(at), size};
}

PackedView PackedView::operator[](FieldName name) const {
    if (kind() != PackedKind::Map) return {};
    auto [at, end] = containerBody(at_);
    while (at != end) {
        auto key = readKey(at);
        if (key.id == name.id()) return PackedView(at);
        if (key.id == 0 && key.inlineText == name.text()) return PackedView(at);
        at = endOfValue(at);
    }
    return {};
}

PackedView PackedView::operator[](std::string_view key) const {
    if (kind() != PackedKind::Map) return {};
    for (auto it = begin(); it != end(); ++it)
        if (it.key() == key) return *it;
    return {};
}

PackedView PackedView::path(std::string_view dotted) const {
    PackedView value = *this;
    while (!dotted.empty() && value) {
        auto dot = dotted.find('.');
        value = value[dotted.substr(0, dot)];
        dotted = dot == std::string_view::npos ? std::string_view() : dotted.substr(dot + 1);
    }
    return value;
}

std::size_t PackedView::size() const {
    std::size_t count = 0;
    for (auto it = begin(); it != end(); ++it) ++count;
    return count;
}

PackedView PackedView::element(std::size_t index) const {
    if (kind() != PackedKind::List) return {};
    for (auto value : *this)
        if (index-- == 0) return value;
    return {};
}

PackedView::Iterator PackedView::begin() const {
    bool map = kind() == PackedKind::Map;
    if (!map && kind() != PackedKind::List) return Iterator(nullptr, false);
    return Iterator(containerBody(at_).begin, map);
}

PackedView::Iterator PackedView::end() const {
    bool map = kind() == PackedKind::Map;
    if (!map && kind() != PackedKind::List) return Iterator(nullptr, false);
    return Iterator(containerBody(at_).end, map);
}

PackedView PackedView::Iterator::value() const {
    const auto* at = at_;
    if (inMap_) readKey(at);
    return PackedView(at);
}

std::string_view PackedView::Iterator::key() const {
    if (!inMap_) return {};
    const auto* at = at_;
    auto key = readKey(at);
    return key.id == 0 ? key.inlineText : FieldName::fromId(key.id).text();
}

PackedView::Iterator& PackedView::Iterator::operator++() {
    if (inMap_) readKey(at_);
    at_ = endOfValue(at_);
    return *this;
}

std::string_view PackedView::bytes() const {
    if (!at_) return {};
    return {reinterpret_cast<const char*>(at_), static_cast<std::size_t>(endOfValue(at_) - at_)};
}

std::string PackedView::toJson() const {
    std::string out;
    appendJson(out, *this);
    return out;
}

PackedObject::PackedObject(std::string_view bytes) {
    if (bytes.empty()) return;
    data_ = new std::uint8_t[bytes.size()];
    std::memcpy(data_, bytes.data(), bytes.size());
}

PackedObject::PackedObject(PackedObject&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}

PackedObject& PackedObject::operator=(PackedObject&& other) noexcept {
    std::swap(data_, other.data_);
    return *this;
}

PackedObject::~PackedObject() {
    delete[] data_;
}

PackedView PackedObject::view() const {
    return PackedView(data_);
}

void PackedWriter::clear() {
    size_ = 0;
    open_.clear();
}

void PackedWriter::grow(std::size_t more) {
    buffer_.resize(std::max(size_ + more, 2 * buffer_.size()));
}

void PackedWriter::integer(std::int64_t value) {
    reserve(1 + maxVarint);
    put(tag(PackedKind::Int));
    putVarint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
}

void PackedWriter::number(double value) {
    reserve(1 + sizeof value);
    put(tag(PackedKind::Double));
    std::memcpy(buffer_.data() + size_, &value, sizeof value);
    size_ += sizeof value;
}

void PackedWriter::inlineKey(std::string_view name) {
    reserve(1 + maxVarint + name.size());
    put(0);
    putVarint(name.size());
    putBytes(name);
}

void PackedWriter::copy(PackedView value) {
    auto bytes = value.bytes();
    if (bytes.empty()) return null();
    reserve(bytes.size());
    putBytes(bytes);
}

void PackedWriter::close() {
    assert(!open_.empty());
    auto start = open_.back();
    open_.pop_back();
    auto size = size_ - start - containerHead;
    if (size <= maxShortLength) {
        auto shortSize = static_cast<std::uint16_t>(size);
        std::memcpy(buffer_.data() + start + 1, &shortSize, sizeof shortSize);
        return;
    }
    if (size > UINT32_MAX) throw std::length_error("a packed object above 4 GiB");
    constexpr auto longer = sizeof(std::uint32_t) - sizeof(std::uint16_t);
    reserve(longer);
    auto* body = buffer_.data() + start + containerHead;
    std::memmove(body + longer, body, size);
    size_ += longer;
    buffer_[start] |= longLength;
    auto longSize = static_cast<std::uint32_t>(size);
    std::memcpy(buffer_.data() + start + 1, &longSize, sizeof longSize);
}

}  // namespace klaw
