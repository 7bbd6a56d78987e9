#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "agent/observe/json_scanner.hpp"

namespace klaw::observe {

/// By first byte of a token how it changes the nesting.
struct DepthChange {
    std::int8_t by[256] = {};
    constexpr DepthChange() {
        by[int('{')] = by[int('[')] = 1;
        by[int('}')] = by[int(']')] = -1;
    }
    constexpr int operator[](char c) const { return by[static_cast<unsigned char>(c)]; }
};
inline constexpr DepthChange depthChange;

/// A walk over the positions that a JsonScanner found. Reading functions answer false for malformed input, after which
/// the cursor is of no more use.
class JsonCursor {
public:
    using Position = const std::uint32_t*;

    explicit JsonCursor(JsonScanner& scanner)
        : scanner_(scanner),
          text_(scanner.text().data()),
          size_(static_cast<std::uint32_t>(scanner.text().size())),
          at_(scanner.positions().data()),
          end_(at_ + scanner.positions().size()) {}

    char peek() const { return at_ == end_ ? '\0' : text_[*at_]; }
    bool accept(char expected) {
        if (peek() != expected) return false;
        ++at_;
        return true;
    }
    bool atEnd() const { return at_ == end_; }
    Position position() const { return at_; }
    void seek(Position position) { at_ = position; }
    /// Byte offset, for messages.
    std::size_t offset() const { return at_ == end_ ? size_ : *at_; }

    /// Steps over the string here when it is `key`, which contains nothing that JSON escapes and is followed by at
    /// least keySpare bytes.
    bool acceptKey(const char* key, std::uint32_t length) {
        if (peek() != '"' || size_ - *at_ < length + 2 || text_[*at_ + 1 + length] != '"') return false;
        if (!sameBytes(text_ + *at_ + 1, key, length)) return false;
        ++at_;
        return true;
    }
    static constexpr std::size_t keySpare = 8;

    /// A string's bytes between the quotes, escapes untouched.
    bool rawString(std::string_view& raw) {
        if (peek() != '"') return false;
        auto token = this->token();
        if (token.size() < 2 || token.back() != '"') return false;
        raw = token.substr(1, token.size() - 2);
        ++at_;
        return true;
    }
    /// A string's meaning.
    bool string(std::string_view& meaning) {
        if (!rawString(meaning)) return false;
        if (!hasBackslash(meaning)) return true;
        return scanner_.unescape(meaning, meaning);
    }
    /// A number, true, false or null, as it stands there.
    std::string_view scalar() {
        auto text = token();
        ++at_;
        return text;
    }

    /// Steps over a value of which nothing is read. Only the balance of brackets is checked.
    bool skipValue() {
        int depth = 0;
        do {
            if (at_ == end_) return false;
            depth += depthChange[text_[*at_++]];
        } while (depth > 0);
        return depth == 0;
    }

    /// Calls `visit(key)` for every key of a map, with the cursor on the value; `visit` reads the value.
    template <class Visit>
    bool map(Visit visit) {
        if (!accept('{')) return false;
        if (accept('}')) return true;
        do {
            std::string_view key;
            if (!string(key) || !accept(':') || !visit(key)) return false;
        } while (accept(','));
        return accept('}');
    }
    template <class Visit>
    bool list(Visit visit) {
        if (!accept('[')) return false;
        if (accept(']')) return true;
        do {
            if (!visit()) return false;
        } while (accept(','));
        return accept(']');
    }

private:
    /// From here to the next position without the white space before it.
    std::string_view token() const {
        std::uint32_t end = at_ + 1 == end_ ? size_ : at_[1];
        while (end > *at_ + 1 && isSpace(text_[end - 1])) --end;
        return {text_ + *at_, end - *at_};
    }
    /// Compares in words; the document's padding and keySpare allow to read a little too far.
    static bool sameBytes(const char* a, const char* b, std::uint32_t length) {
        std::uint64_t left, right;
        for (; length >= 8; length -= 8, a += 8, b += 8) {
            std::memcpy(&left, a, 8);
            std::memcpy(&right, b, 8);
            if (left != right) return false;
        }
        std::memcpy(&left, a, 8);
        std::memcpy(&right, b, 8);
        auto used = (std::uint64_t(1) << (8 * length)) - 1;
        return littleEndian ? ((left ^ right) & used) == 0 : std::memcmp(a, b, length) == 0;
    }
    static bool hasBackslash(std::string_view text) {
        if (text.size() > 40) return std::memchr(text.data(), '\\', text.size()) != nullptr;
        for (char c : text)
            if (c == '\\') return true;
        return false;
    }
    static constexpr bool littleEndian = std::endian::native == std::endian::little;
    static bool isSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

    JsonScanner& scanner_;
    const char* text_;
    std::uint32_t size_;
    Position at_;
    Position end_;
};

}  // namespace klaw::observe
