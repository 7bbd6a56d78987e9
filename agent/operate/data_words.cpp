#include "agent/operate/data_words.hpp"

#include <algorithm>

#include "base/text/utf8.hpp"

namespace klaw::operate {

bool isName(std::string_view text, std::string_view also) {
    constexpr std::size_t longest = 253;
    auto fits = [&](char c) {
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        return letter || also.find(c) != also.npos;
    };
    return !text.empty() && text.size() <= longest && std::ranges::all_of(text, fits);
}

Result<std::map<std::string, std::optional<std::string>>> dataWordsOf(const std::vector<std::string>& words) {
    std::map<std::string, std::optional<std::string>> data;
    for (const auto& word : words) {
        auto equals = word.find('=');
        bool removes = equals == word.npos && word.ends_with('-');
        auto key = removes ? word.substr(0, word.size() - 1) : word.substr(0, equals);
        if (equals == word.npos && !removes)
            return fail(ErrorCode::InvalidArgument, "a word is neither KEY=VALUE nor KEY-", {},
                        "put a value with blanks in quotes: 'KEY=some words'");
        if (!isName(key, "-._"))
            return fail(ErrorCode::InvalidArgument, "a key of the data has other signs than letters, digits, - . and _",
                        {}, "write KEY=VALUE");
        auto value = removes ? std::nullopt : std::optional(word.substr(equals + 1));
        if (value && !isValidUtf8(*value))
            return fail(ErrorCode::InvalidArgument, "the value of " + key + " is no text", {}, "data is text in UTF-8");
        if (!data.emplace(key, std::move(value)).second)
            return fail(ErrorCode::InvalidArgument, "the key " + key + " is there twice");
    }
    return data;
}

}  // namespace klaw::operate
