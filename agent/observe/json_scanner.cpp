#include "agent/observe/json_scanner.hpp"

#include <algorithm>

namespace klaw::observe {
namespace {

constexpr std::size_t smallestCapacity = 64u << 10;
constexpr std::size_t keptCapacity = 1u << 20;
constexpr std::size_t largestDocument = 1u << 30;

/// The third parameter came with simdjson 3.2.
template <class Parser>
std::uint8_t* parseString(const Parser& parser, const std::uint8_t* from, std::uint8_t* to) {
    if constexpr (requires { parser.parse_string(from, to, false); })
        return parser.parse_string(from, to, false);
    else
        return parser.parse_string(from, to);
}

}  // namespace

const char* JsonScanner::scan(kube::PaddedText text) {
    unescapedSize_ = 0;
    text_ = text.text();
    if (text.size < smallestCapacity) shrink();  // one huge line does not hold its memory for ever
    if (text.size > largestDocument) return "document above 1 GiB";
    if (text.capacity < text.size + simdjson::SIMDJSON_PADDING) return "document without padding";
    if (!stage1_ || stage1_->capacity() < text.size) {
        auto capacity = std::max({text.size, smallestCapacity, stage1_ ? stage1_->capacity() * 2 : 0});
        auto error =
            stage1_ ? stage1_->set_capacity(capacity)
                    : simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, 1, stage1_);
        if (error) return simdjson::error_message(error);
    }
    auto error =
        stage1_->stage1(reinterpret_cast<const std::uint8_t*>(text.data), text.size, simdjson::stage1_mode::regular);
    return error ? simdjson::error_message(error) : nullptr;
}

bool JsonScanner::unescape(std::string_view raw, std::string_view& meaning) {
    // Texts never grow by unescaping, so one buffer of the document's size serves all of them and never moves.
    if (unescapedSize_ == 0 && unescaped_.size() < text_.size() + simdjson::SIMDJSON_PADDING) {
        unescaped_.resize(text_.size() + simdjson::SIMDJSON_PADDING);
    }
    auto* to = unescaped_.data() + unescapedSize_;
    auto* end = parseString(*stage1_, reinterpret_cast<const std::uint8_t*>(raw.data()), to);
    if (!end) return false;
    meaning = {reinterpret_cast<const char*>(to), static_cast<std::size_t>(end - to)};
    unescapedSize_ += meaning.size();
    return true;
}

void JsonScanner::shrink() {
    if (stage1_ && stage1_->capacity() > keptCapacity) stage1_.reset();
    if (unescaped_.size() > keptCapacity) std::vector<std::uint8_t>().swap(unescaped_);
}

}  // namespace klaw::observe
