#pragma once

#include <map>
#include <string>
#include <string_view>

namespace klaw::rules {

/// Sorted, so that equal sets serialise and hash equally.
using Labels = std::map<std::string, std::string, std::less<>>;

/// Text for people in both languages; `in` falls back to the other where one is empty.
struct LocalizedText {
    std::string en;
    std::string zh;
    const std::string& in(std::string_view language) const {
        bool wantsZh = language.starts_with("zh");
        return wantsZh ? (zh.empty() ? en : zh) : (en.empty() ? zh : en);
    }
    friend bool operator==(const LocalizedText&, const LocalizedText&) = default;
};

}  // namespace klaw::rules
