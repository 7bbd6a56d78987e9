#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/packed/field_name.hpp"

namespace klaw {

enum class PackedKind : std::uint8_t { Missing, Null, False, True, Int, Double, String, List, Map };

/// A JSON value in one contiguous block: what the object cache keeps and what CEL reads.
///
/// Equal projections of equal objects are equal byte for byte. A view is two words, owns nothing and is valid as long
/// as the block it points into. Reading a field of something that is not a map gives a missing view, so paths can be
/// chained.
class PackedView {
public:
    PackedView() = default;

    PackedKind kind() const;
    bool isMissing() const { return at_ == nullptr; }
    explicit operator bool() const { return at_ != nullptr; }

    /// Defaults when the value is of another kind: false, 0, 0.0, "".
    bool asBool() const { return kind() == PackedKind::True; }
    std::int64_t asInt() const;  ///< truncates a Double, within 64 bits
    double asDouble() const;
    std::string_view asString() const;

    PackedView operator[](FieldName name) const;
    PackedView operator[](std::string_view key) const;
    /// "status.phase"; for keys that contain dots chain operator[].
    PackedView path(std::string_view dotted) const;

    /// Elements of a list or entries of a map; 0 for anything else. Linear.
    std::size_t size() const;
    /// Element of a list; missing when out of range. Linear.
    PackedView element(std::size_t index) const;

    /// Iterates the values of a list or a map in stored order.
    class Iterator {
    public:
        PackedView operator*() const { return value(); }
        PackedView value() const;
        std::string_view key() const;  ///< of a map entry; "" in a list
        Iterator& operator++();
        bool operator!=(const Iterator& other) const { return at_ != other.at_; }

    private:
        friend class PackedView;
        Iterator(const std::uint8_t* at, bool inMap) : at_(at), inMap_(inMap) {}
        const std::uint8_t* at_;
        bool inMap_;
    };
    Iterator begin() const;
    Iterator end() const;

    /// The encoded bytes of this value alone.
    std::string_view bytes() const;
    std::string toJson() const;

private:
    friend class PackedObject;
    friend class PackedWriter;
    explicit PackedView(const std::uint8_t* at) : at_(at) {}
    const std::uint8_t* at_ = nullptr;
};

/// Owns one packed value in a single exact allocation. Move only.
class PackedObject {
public:
    PackedObject() = default;
    explicit PackedObject(std::string_view bytes);
    PackedObject(PackedObject&& other) noexcept;
    PackedObject& operator=(PackedObject&& other) noexcept;
    ~PackedObject();

    PackedView view() const;
    std::string_view bytes() const { return view().bytes(); }
    bool empty() const { return data_ == nullptr; }
    PackedObject clone() const { return empty() ? PackedObject() : PackedObject(bytes()); }

private:
    std::uint8_t* data_ = nullptr;
};

/// Writes one value at a time into a buffer that is reused: call clear() before the next.
///
/// Order of calls: a value, or beginMap, (key, value)…, endMap. Misuse is a programmer error and asserted.
class PackedWriter {
public:
    void clear();
    void null() { byte(tag(PackedKind::Null)); }
    void boolean(bool value) { byte(tag(value ? PackedKind::True : PackedKind::False)); }
    void integer(std::int64_t value);
    void number(double value);
    void string(std::string_view value) {
        reserve(1 + maxVarint + value.size());
        put(tag(PackedKind::String));
        putVarint(value.size());
        putBytes(value);
    }
    /// As string(), for a text behind which at least `spare` bytes can be read.
    void sparedString(std::string_view value) {
        reserve(1 + maxVarint + value.size() + spare);
        put(tag(PackedKind::String));
        putVarint(value.size());
        putInBlocks(value);
    }
    static constexpr std::size_t spare = 16;
    void beginList() { open(PackedKind::List); }
    void endList() { close(); }
    void beginMap() { open(PackedKind::Map); }
    void endMap() { close(); }
    void key(FieldName name) {
        reserve(maxVarint);
        putVarint(name.id());
    }
    /// A key that comes from the cluster (label, annotation): stored inline.
    void inlineKey(std::string_view name);
    void copy(PackedView value);

    /// Forgets what was written since `mark()`, for a map entry that turned out empty.
    std::size_t mark() const { return size_; }
    void rewind(std::size_t mark) { size_ = mark; }

    std::string_view bytes() const { return {reinterpret_cast<const char*>(buffer_.data()), size_}; }
    PackedView view() const { return size_ == 0 ? PackedView() : PackedView(buffer_.data()); }
    PackedObject take() const { return PackedObject(bytes()); }

private:
    static constexpr std::size_t maxVarint = 10;
    static constexpr std::size_t containerHead = 1 + sizeof(std::uint16_t);
    static std::uint8_t tag(PackedKind kind) { return static_cast<std::uint8_t>(kind); }

    void reserve(std::size_t more) {
        if (buffer_.size() - size_ < more) grow(more);
    }
    void grow(std::size_t more);
    // What put… writes was reserved before.
    void put(std::uint8_t value) { buffer_[size_++] = value; }
    void putVarint(std::uint64_t value) {
        while (value >= 0x80) {
            put(static_cast<std::uint8_t>(value | 0x80));
            value >>= 7;
        }
        put(static_cast<std::uint8_t>(value));
    }
    void putBytes(std::string_view bytes) {
        if (!bytes.empty()) std::memcpy(buffer_.data() + size_, bytes.data(), bytes.size());
        size_ += bytes.size();
    }
    /// Most texts are short: a block too much costs less than a call.
    void putInBlocks(std::string_view bytes) {
        auto* to = buffer_.data() + size_;
        for (std::size_t done = 0; done < bytes.size(); done += spare)
            std::memcpy(to + done, bytes.data() + done, spare);
        size_ += bytes.size();
    }
    void byte(std::uint8_t value) {
        reserve(1);
        put(value);
    }
    void open(PackedKind kind) {
        reserve(containerHead);
        open_.push_back(size_);
        put(tag(kind));
        size_ += sizeof(std::uint16_t);
    }
    void close();

    std::vector<std::uint8_t> buffer_;  ///< of which `size_` bytes are written
    std::size_t size_ = 0;
    std::vector<std::size_t> open_;
};

/// From JSON text, every field kept; for rule tests and configuration. nullopt when malformed.
std::optional<PackedObject> packJson(std::string_view json);

}  // namespace klaw
