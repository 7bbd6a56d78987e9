#pragma once

#include <simdjson.h>

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "agent/kube/watch_handler.hpp"

namespace klaw::observe {

/// simdjson's first stage: checks UTF-8 and quoting and finds where every bracket, comma, colon and value starts.
///
/// On-Demand's second stage gives no access to skipped subtrees and costs twice as much for a single pass over all
/// keys, so the walk over these positions is ours (JsonCursor).
class JsonScanner {
public:
    /// Null when fine, else what is wrong. Positions and unescaped texts of the document before are gone.
    const char* scan(kube::PaddedText text);
    std::span<const std::uint32_t> positions() const {
        return {stage1_->structural_indexes.get(), stage1_->n_structural_indexes};
    }
    std::string_view text() const { return text_; }

    /// The meaning of a string's raw bytes (which stand between quotes in the text). False when an escape is malformed.
    bool unescape(std::string_view raw, std::string_view& meaning);
    /// Gives memory back after an unusually large document.
    void shrink();

private:
    std::unique_ptr<simdjson::internal::dom_parser_implementation> stage1_;
    std::string_view text_;
    std::vector<std::uint8_t> unescaped_;
    std::size_t unescapedSize_ = 0;
};

}  // namespace klaw::observe
