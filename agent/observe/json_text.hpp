#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
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

/// A key to be compared with keys in a text, which must contain nothing that JSON escapes.
class JsonKey {
public:
    explicit JsonKey(std::string_view key)
        : size_(static_cast<std::uint32_t>(key.size() + 2)), text_(std::string(key) + "\":") {
        text_.resize(size_ + inWords);
        first_ = Word(text_.data(), size_);
        second_ = Word(text_.data() + Word::size, size_ - std::min<std::size_t>(size_, Word::size));
    }
    std::string_view text() const { return {text_.data(), size_ - 2}; }

    /// Whether `at`, behind an opening quote, begins with the key, its closing quote and a colon. Reads in words: the
    /// spare bytes behind a document allow to read a little too far.
    bool beginsAt(const char* at) const {
        auto difference = first_.differenceTo(at) | second_.differenceTo(at + Word::size);
        return difference == 0 && (size_ <= inWords || endsAt(at));
    }

private:
    static std::uint64_t load(const char* at) {
        std::uint64_t bytes;
        std::memcpy(&bytes, at, sizeof bytes);
        return bytes;
    }
    /// Up to eight bytes that are compared at once.
    struct Word {
        std::uint64_t bytes = 0, mask = 0;
        Word() = default;
        Word(const char* at, std::size_t used) {
            std::memset(&mask, 0xFF, std::min(used, size));
            bytes = load(at) & mask;
        }
        std::uint64_t differenceTo(const char* at) const { return (load(at) ^ bytes) & mask; }
        static constexpr std::size_t size = sizeof(std::uint64_t);
    };
    static constexpr std::size_t inWords = 2 * Word::size;  ///< most keys are not longer

    /// What is behind the words; the last step may look at bytes for a second time.
    bool endsAt(const char* at) const {
        for (std::size_t done = inWords; done + Word::size < size_; done += Word::size)
            if (load(text_.data() + done) != load(at + done)) return false;
        auto last = size_ - Word::size;
        return load(text_.data() + last) == load(at + last);
    }

    Word first_, second_;
    std::uint32_t size_;  ///< with quote and colon
    std::string text_;
};

/// What stands at the positions that a JsonScanner found. All functions take a position and give the one behind what
/// they read, so that a walk keeps its place in a register; null means malformed input.
class JsonText {
public:
    using Position = const std::uint32_t*;

    JsonText() = default;
    explicit JsonText(JsonScanner& scanner)
        : scanner_(&scanner),
          text_(scanner.text().data()),
          size_(static_cast<std::uint32_t>(scanner.text().size())),
          begin_(scanner.positions().data()),
          end_(begin_ + scanner.positions().size()) {}

    Position begin() const { return begin_; }
    Position end() const { return end_; }
    /// First byte of the token; 0 at the end.
    char first(Position at) const { return at == end_ ? '\0' : text_[*at]; }
    /// Byte offset, for messages.
    std::size_t offset(Position at) const { return at == end_ ? size_ : *at; }

    /// Whether the key stands here with its colon behind it: then its value is two positions further.
    bool isKey(const JsonKey& key, Position at) const {
        // The quotes of a scanned text are in pairs, so what begins in it also ends in it.
        return at != end_ && text_[*at] == '"' && key.beginsAt(text_ + *at + 1);
    }

    /// A string's meaning. At least PackedWriter::spare bytes can be read behind it.
    Position string(Position at, std::string_view& meaning) const {
        if (first(at) != '"') return nullptr;
        auto token = this->token(at);
        if (token.size() < 2 || token.back() != '"') return nullptr;
        meaning = token.substr(1, token.size() - 2);
        if (mayHaveBackslash(meaning) && !scanner_->unescape(meaning, meaning)) return nullptr;
        return at + 1;
    }

    /// From here to the next position without the white space before it.
    std::string_view token(Position at) const {
        std::uint32_t end = at + 1 == end_ ? size_ : at[1];
        while (end > *at + 1 && isSpace(text_[end - 1])) --end;
        return {text_ + *at, end - *at};
    }

    /// Steps over a value of which nothing is read. Only the balance of brackets is checked.
    Position skipValue(Position at) const {
        if (at == end_) return nullptr;
        int depth = depthChange[text_[*at]];
        return depth == 0 ? at + 1 : skipRest(at + 1, depth);
    }

private:
    /// Behind the bracket that ends what is `depth` deep.
    Position skipRest(Position at, int depth) const {
        const char* text = text_;
        const auto* end = end_;
        if (depth < 0) return nullptr;
        for (; end - at >= 4; at += 4)
            for (int i = 0; i < 4; ++i) {
                depth += depthChange[text[at[i]]];
                if (depth == 0) return at + i + 1;
            }
        for (; at != end; ++at) {
            depth += depthChange[text[*at]];
            if (depth == 0) return at + 1;
        }
        return nullptr;
    }
    /// Sure when false. In words, with up to seven bytes behind the text.
    static bool mayHaveBackslash(std::string_view text) {
        constexpr std::uint64_t ones = 0x0101010101010101, highs = ones << 7, backslashes = ones * '\\';
        for (std::size_t done = 0; done < text.size(); done += sizeof(std::uint64_t)) {
            std::uint64_t word;
            std::memcpy(&word, text.data() + done, sizeof word);
            word ^= backslashes;
            if (((word - ones) & ~word & highs) != 0) return true;
        }
        return false;
    }
    static bool isSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

    JsonScanner* scanner_ = nullptr;
    const char* text_ = nullptr;
    std::uint32_t size_ = 0;
    Position begin_ = nullptr;
    Position end_ = nullptr;
};

}  // namespace klaw::observe
