#pragma once

#include <string_view>

#include "agent/observe/json_text.hpp"

namespace klaw::observe {

/// A walk over a JsonText that keeps its own place, for what is not read in bulk. Reading functions answer false for
/// malformed input, after which the cursor is of no more use.
class JsonCursor {
public:
    using Position = JsonText::Position;

    explicit JsonCursor(JsonScanner& scanner) : text_(scanner), at_(text_.begin()) {}

    const JsonText& text() const { return text_; }
    char peek() const { return text_.first(at_); }
    bool accept(char expected) {
        if (peek() != expected) return false;
        ++at_;
        return true;
    }
    bool atEnd() const { return at_ == text_.end(); }
    Position position() const { return at_; }
    void seek(Position position) { at_ = position; }
    /// Byte offset, for messages.
    std::size_t offset() const { return text_.offset(at_); }

    bool string(std::string_view& meaning) { return moved(text_.string(at_, meaning)); }
    bool skipValue() { return moved(text_.skipValue(at_)); }
    /// A number, true, false or null, as it stands there.
    std::string_view scalar() {
        auto token = text_.token(at_);
        ++at_;
        return token;
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
    bool moved(Position to) {
        if (!to) return false;
        at_ = to;
        return true;
    }

    JsonText text_;
    Position at_;
};

}  // namespace klaw::observe
