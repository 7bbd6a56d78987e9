#include "agent/recording/anonymizer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/recording/vocabulary.hpp"
#include "base/digest.hpp"
#include "base/time.hpp"

namespace klaw::recording {
namespace {

using Json = nlohmann::ordered_json;

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}
bool isWordByte(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || (c & 0x80);
}
/// Bytes that can stand inside an address or uid.
bool isTokenByte(char c) {
    return isWordByte(c) || c == '.' || c == ':' || c == '-';
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

bool isIpv4(std::string_view text) {
    int parts = 0;
    while (true) {
        int part = -1;
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), part);
        if (error != std::errc() || part < 0 || part > 255 || !isDigit(text[0])) return false;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        if (++parts == 4) return text.empty();
        if (!text.starts_with('.')) return false;
        text.remove_prefix(1);
        if (text.empty()) return false;
    }
}

/// The IPv4 address that `text` begins with, dotted or as cloud providers put it into host names: "10-0-0-1".
std::string_view leadingAddress(std::string_view text) {
    for (char separator : {'.', '-'}) {
        auto end = std::find_if_not(text.begin(), text.end(), [&](char c) { return isDigit(c) || c == separator; });
        auto address = text.substr(0, static_cast<std::size_t>(end - text.begin()));
        while (address.ends_with(separator)) address.remove_suffix(1);
        std::string dotted(address);
        std::replace(dotted.begin(), dotted.end(), '-', '.');
        if (!dotted.empty() && isIpv4(dotted)) return address;
    }
    return {};
}

bool isIpv6(std::string_view text) {
    auto colons = std::count(text.begin(), text.end(), ':');
    bool shape =
        std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c) || c == ':' || c == '.'; });
    return shape && (colons == 7 || (colons >= 2 && text.find("::") != text.npos));
}

bool isUuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen ? text[i] != '-' : !std::isxdigit(static_cast<unsigned char>(text[i]))) return false;
    }
    return true;
}

/// "3", "500m", "128Mi", "v2": numbers with at most two letters behind, and versions.
bool isNumber(std::string_view word) {
    if (word.size() > 1 && word[0] == 'v' && std::all_of(word.begin() + 1, word.end(), isDigit)) return true;
    auto letters = std::find_if_not(word.begin(), word.end(), isDigit);
    return letters != word.begin() && word.end() - letters <= 2 &&
           std::all_of(letters, word.end(), [](unsigned char c) { return std::isalpha(c); });
}

/// "5m0s", "1h30m", "250ms", as Go prints them.
bool isDuration(std::string_view word) {
    while (!word.empty()) {
        auto unit = std::find_if_not(word.begin(), word.end(), isDigit);
        if (unit == word.begin()) return false;
        word.remove_prefix(static_cast<std::size_t>(unit - word.begin()));
        auto size = std::min<std::size_t>(word.find_first_of("0123456789"), word.size());
        auto name = word.substr(0, size);
        if (name != "d" && name != "h" && name != "m" && name != "s" && name != "ms" && name != "us" && name != "ns")
            return false;
        word.remove_prefix(size);
    }
    return true;
}

unsigned byteAt(const std::string& digest, std::size_t i) {
    return static_cast<unsigned char>(digest[i]);
}

}  // namespace

Anonymizer::Anonymizer(std::string salt) : salt_(std::move(salt)) {}

void Anonymizer::object(Json& object) {
    if (auto metadata = object.find("metadata"); metadata != object.end() && metadata->is_object()) {
        metadata->erase("managedFields");
    }
    map(object, false);
}

void Anonymizer::map(Json& map, bool keysAreData) {
    if (!keysAreData) {
        for (auto& [key, child] : map.items()) value(child, key, hasDataKeys(key));
        return;
    }
    Json renamed = Json::object();
    for (auto& [key, child] : map.items()) {
        bool schema = child.is_structured();  // a Deployment's selector has matchLabels, a Service's has labels
        value(child, schema ? std::string_view(key) : std::string_view(), schema && hasDataKeys(key));
        renamed[schema ? key : dataKey(key)] = std::move(child);
    }
    map = std::move(renamed);
}

void Anonymizer::value(Json& value, std::string_view key, bool keysAreData) {
    if (value.is_object()) return map(value, keysAreData);
    if (value.is_array()) {
        for (auto& element : value) this->value(element, key, false);
        return;
    }
    if (!value.is_string() || isVerbatimKey(key)) return;
    const auto& before = value.get_ref<const std::string&>();
    if (key == "apiVersion")
        value = apiVersion(before);
    else if (key == "key" || key == "topologyKey")
        value = dataKey(before);
    else
        value = text(before);
}

std::string Anonymizer::dataKey(std::string_view key) {
    auto slash = key.find('/');
    if (slash != key.npos && isKubernetesDomain(key.substr(0, slash))) return std::string(key);
    return text(key);
}

std::string Anonymizer::apiVersion(std::string_view version) {
    auto slash = version.find('/');
    if (slash == version.npos || isKubernetesDomain(version.substr(0, slash))) return std::string(version);
    return text(version.substr(0, slash)) + std::string(version.substr(slash));
}

std::string Anonymizer::resource(std::string_view resource) {
    auto dot = resource.find('.');
    if (dot == resource.npos || isKubernetesDomain(resource.substr(dot + 1))) return std::string(resource);
    return std::string(resource.substr(0, dot + 1)) + text(resource.substr(dot + 1));
}

std::string Anonymizer::exposition(std::string_view metrics) {
    std::string out;
    while (!metrics.empty()) {
        auto size = std::min(metrics.find('\n'), metrics.size() - 1) + 1;
        auto line = metrics.substr(0, size);
        if (line.starts_with('#'))
            out += line;  // HELP and TYPE, which the exporter's author wrote
        else
            out += sample(line);
        metrics.remove_prefix(size);
    }
    return out;
}

/// One line of an exposition: what stands between quotes is renamed, where a backslash takes a quote its meaning.
std::string Anonymizer::sample(std::string_view line) {
    std::string out, value;
    bool inside = false;
    for (std::size_t at = 0; at < line.size(); ++at) {
        if (inside && line[at] == '\\' && at + 1 < line.size()) {
            out += text(value);
            value.clear();
            out += line.substr(at++, 2);
        } else if (line[at] == '"') {
            out += text(value);
            value.clear();
            out += '"';
            inside = !inside;
        } else {
            (inside ? value : out) += line[at];
        }
    }
    return out + text(value);
}

std::string Anonymizer::text(std::string_view text) {
    if (parseRfc3339(text)) return std::string(text);
    std::string out;
    while (!text.empty()) {
        auto end = std::find_if_not(text.begin(), text.end(), isTokenByte);
        auto size = static_cast<std::size_t>(end - text.begin());
        if (size == 0)
            out += text[0];
        else
            out += token(text.substr(0, size));
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return out;
}

/// Letters, digits, dots, colons and hyphens: an address, a uid, or words.
std::string Anonymizer::token(std::string_view token) {
    if (isUuid(token)) return uuid(token);
    if (isIpv6(token)) return ipv6(token);
    std::string out;
    while (!token.empty()) {
        if (auto address = leadingAddress(token); !address.empty()) {
            out += ipv4(address);
            token.remove_prefix(address.size());
            continue;
        }
        auto end = std::find_if_not(token.begin(), token.end(), isWordByte);
        auto size = static_cast<std::size_t>(end - token.begin());
        if (size == 0)
            out += token[0];
        else
            out += word(token.substr(0, size));
        token.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return out;
}

std::string Anonymizer::word(std::string_view word) {
    auto base = lower(word);
    if (word.size() == 1 || isNumber(word) || isDuration(word) || isKubernetesWord(base)) return std::string(word);
    auto [known, isNew] = words_.try_emplace(base);
    if (isNew) {
        int attempt = 0;
        do known->second = newWord(base, attempt++);
        while (!taken_.insert(known->second).second);
    }
    auto renamed = known->second;
    if (std::isupper(static_cast<unsigned char>(word[0]))) {
        renamed[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(renamed[0])));
    }
    return renamed;
}

/// Six letters one can pronounce: short enough for names, enough of them for a cluster's words.
std::string Anonymizer::newWord(std::string_view word, int attempt) const {
    constexpr std::string_view consonants = "bdfghjklmnprstvz", vowels = "aeiou";
    constexpr int attemptsPerLength = 4;
    auto digest = hmacSha256(salt_, fmt::format("{}/{}", word, attempt));
    auto syllables = static_cast<std::size_t>(3 + attempt / attemptsPerLength);
    std::string out;
    for (std::size_t i = 0; i < std::min<std::size_t>(syllables, 16); ++i) {
        out += consonants[byteAt(digest, 2 * i) % consonants.size()];
        out += vowels[byteAt(digest, 2 * i + 1) % vowels.size()];
    }
    return out;
}

std::string Anonymizer::ipv4(std::string_view address) const {
    std::string dotted(address);
    std::replace(dotted.begin(), dotted.end(), '-', '.');
    if (dotted == "0.0.0.0" || dotted == "127.0.0.1") return std::string(address);
    auto digest = hmacSha256(salt_, dotted);
    char separator = dotted == address ? '.' : '-';
    return fmt::format("10{0}{1}{0}{2}{0}{3}", separator, byteAt(digest, 0), byteAt(digest, 1), byteAt(digest, 2));
}

std::string Anonymizer::ipv6(std::string_view address) const {
    if (address == "::" || address == "::1") return std::string(address);
    auto hex = hexEncode(hmacSha256(salt_, lower(address)));
    return fmt::format("fd00::{}:{}:{}", hex.substr(0, 4), hex.substr(4, 4), hex.substr(8, 4));
}

std::string Anonymizer::uuid(std::string_view uuid) const {
    auto hex = hexEncode(hmacSha256(salt_, lower(uuid)));
    return fmt::format("{}-{}-4{}-8{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 3), hex.substr(15, 3),
                       hex.substr(18, 12));
}

}  // namespace klaw::recording
