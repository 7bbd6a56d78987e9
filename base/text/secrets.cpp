#include "base/text/secrets.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <span>

namespace klaw {
namespace {

constexpr std::string_view kMask = "***";

struct Replacement {
    RE2 pattern;
    re2::StringPiece with;
    Replacement(const char* p, const char* w) : pattern(p, RE2::Quiet), with(w) {}
};

/// Shapes that are secrets wherever they stand.
std::span<const Replacement> shapes() {
    static const Replacement all[] = {
        {R"((?s)(-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----).*?)"
         R"((?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z))",
         R"(\1 ***)"},
        // The end of a block whose beginning is not part of the text.
        {R"((?s)\A[A-Za-z0-9+/=\s\\]*-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----)", "***"},
        {R"(\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)*)", "***"},
        {R"((?i)\b((?:proxy-)?authorization\\*["']?\s*[:=]\s*\\*["']?)"
         R"((?:(?:basic|bearer|token|digest|negotiate|apikey)\s+)?)[^\s"',;\\]+)",
         R"(\1***)"},
        {R"((?i)\b((?:set-)?cookie\\*["']?\s*[:=]\s*\\*["']?)[^\r\n"'\\]+)", R"(\1***)"},
        {R"((?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]*[0-9._~+/=][A-Za-z0-9._~+/=-]*)", R"(\1***)"},
        {R"((?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{16,})", R"(\1***)"},
        {R"((?i)\b(basic\s+)[A-Za-z0-9+/]{4,}={1,2})", R"(\1***)"},
        // A password may hold @ and /, written as they are; one that begins with a digit could be a port.
        {R"(([a-zA-Z][a-zA-Z0-9+.-]*://[^\s/@:"'<>]*:)[^\s/@0-9"'<>][^\s"'<>?#]*@)", R"(\1***@)"},
        {R"(([a-zA-Z][a-zA-Z0-9+.-]*://[^\s/@:"'<>]*:)[^\s/@"'<>]+(?:@[^\s/@"'<>]+)*@)", R"(\1***@)"},
        {R"(([a-zA-Z][a-zA-Z0-9+.-]*://)[^\s/@:"'<>]{16,}@)", R"(\1***@)"},
        {R"((/bot/v2/hook/|hooks\.slack\.com/services/|/api/webhooks/)[A-Za-z0-9/_-]+)", R"(\1***)"},
        {R"(\b(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{12,}\b)", "***"},
        {R"(\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|glpat-[A-Za-z0-9_-]{16,}|)"
         R"(npm_[A-Za-z0-9]{30,}|xox[abeoprs]-[A-Za-z0-9-]{8,}|AIza[0-9A-Za-z_-]{30,}|)"
         R"([spr]k_(?:live|test)_[0-9A-Za-z]{8,}|sk-[A-Za-z0-9_-]{20,}|LTAI[A-Za-z0-9]{12,}|)"
         R"(AKID[A-Za-z0-9]{13,}|hv[sbr]\.[A-Za-z0-9_-]{16,}|dckr_pat_[A-Za-z0-9_-]{16,}|SEC[0-9a-f]{64}))",
         "***"},
    };
    return all;
}

constexpr auto keyWords = R"([A-Za-z0-9_.-]*(?:passw(?:or)?d|passphrase|pwd|secret|token|credential|api[_.-]?key|)"
                          R"(access[_.-]?key|private[_.-]?key|auth[_.-]?key|account[_.-]?key|encryption[_.-]?key|)"
                          R"(signing[_.-]?key|session[_.-]?id|密码|口令|密钥)[A-Za-z0-9_.-]*)";

/// A key and what separates it from its value.
const RE2& keyPattern() {
    static const RE2 pattern(std::string("(?i)(") + keyWords + R"()(\\*["']?\s*(?:=>|:=|[:=]|：)[ \t]*))", RE2::Quiet);
    return pattern;
}

const RE2& wholeKeyPattern() {
    static const RE2 pattern(std::string("(?i)") + keyWords, RE2::Quiet);
    return pattern;
}

/// The same for an option of a command line, where a blank separates.
const RE2& flagPattern() {
    static const RE2 pattern(R"((?i)((?:^|\s)--?[a-z0-9-]*)"
                             R"((?:password|passwd|pwd|passphrase|secret|token|api-?key|access-?key))([ \t]+))",
                             RE2::Quiet);
    return pattern;
}

bool endsWithAny(std::string_view text, std::initializer_list<std::string_view> endings) {
    return std::any_of(endings.begin(), endings.end(), [&](auto ending) { return text.ends_with(ending); });
}

/// Keys that only speak about a secret: `secretName`, `tokenExpirationSeconds`, `password_file`, `max_tokens=4096`.
bool onlyNamesIt(std::string_view key, std::string_view value) {
    std::string lower(key);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    if (endsWithAny(lower,
                    {"name", "names", "ref", "refs", "seconds", "count", "type", "path", "file", "expiry", "ttl"}))
        return true;
    bool number =
        value.size() <= 9 && std::all_of(value.begin(), value.end(), [](unsigned char c) { return std::isdigit(c); });
    return lower.ends_with("tokens") && number;
}

std::size_t quotedEnd(std::string_view text, std::size_t open, std::string_view quote) {
    for (auto at = open; (at = text.find(quote, at)) != std::string_view::npos; at += quote.size()) {
        // A quote behind one backslash more than the opening one is part of the value.
        if (at == open || text[at - 1] != '\\') return at;
    }
    return text.size();
}

/// Where a value without quotes ends. A comma belongs to it unless another key follows.
std::size_t plainEnd(std::string_view text, std::size_t from) {
    static const RE2 nextKey(R"(,\s*["']?[A-Za-z_][A-Za-z0-9_.-]*["']?\s*[:=])", RE2::Quiet);
    auto end = std::min(text.find_first_of(" \t\r\n;&\"'<>", from), text.size());
    for (auto comma = text.find(',', from); comma < end; comma = text.find(',', comma + 1)) {
        re2::StringPiece rest(text.data() + comma, std::min<std::size_t>(text.size() - comma, 80));
        if (nextKey.Match(rest, 0, rest.size(), RE2::ANCHOR_START, nullptr, 0)) end = comma;
    }
    while (end > from && std::string_view(")]},\\").find(text[end - 1]) != std::string_view::npos) --end;
    return end;
}

struct Span {
    std::size_t begin;
    std::size_t end;
};

/// The value that begins at `from`, without its quotes.
Span valueAt(std::string_view text, std::size_t from) {
    auto quote = from;
    while (quote < text.size() && text[quote] == '\\') ++quote;
    if (quote < text.size() && (text[quote] == '"' || text[quote] == '\'')) {
        auto open = text.substr(from, quote + 1 - from);
        return {quote + 1, quotedEnd(text, quote + 1, open)};
    }
    return {from, plainEnd(text, from)};
}

/// Masks the value behind every match of a pattern of two groups: key and separator.
std::string maskValues(std::string_view text, const RE2& pattern) {
    std::string masked;
    std::size_t done = 0;
    std::size_t from = 0;
    re2::StringPiece groups[3];
    re2::StringPiece all(text.data(), text.size());
    while (from < text.size() && pattern.Match(all, from, text.size(), RE2::UNANCHORED, groups, 3)) {
        auto value = valueAt(text, static_cast<std::size_t>(groups[0].data() - text.data()) + groups[0].size());
        auto secret = text.substr(value.begin, value.end - value.begin);
        from = std::max(value.end, value.begin);
        if (secret.empty() || onlyNamesIt(std::string_view(groups[1].data(), groups[1].size()), secret)) {
            from = value.begin;
            continue;
        }
        masked.append(text.substr(done, value.begin - done)).append(kMask);
        done = value.end;
    }
    return masked.append(text.substr(done));
}

}  // namespace

std::string maskSecrets(std::string_view text) {
    std::string masked(text);
    for (const auto& shape : shapes()) RE2::GlobalReplace(&masked, shape.pattern, shape.with);
    masked = maskValues(masked, keyPattern());
    return maskValues(masked, flagPattern());
}

bool namesSecret(std::string_view key, std::string_view value) {
    key.remove_prefix(key.rfind('/') + 1);  // of "example.com/token"; npos + 1 is 0
    return RE2::FullMatch(re2::StringPiece(key.data(), key.size()), wholeKeyPattern()) && !onlyNamesIt(key, value);
}

}  // namespace klaw
