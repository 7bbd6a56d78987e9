#include "agent/operate/kubernetes_version.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace klaw::operate {

std::string KubernetesVersion::text() const {
    return "v" + std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch) + suffix;
}

std::optional<KubernetesVersion> parseKubernetesVersion(const std::string& text) {
    constexpr std::size_t longest = 64;
    KubernetesVersion version;
    const char* at = text.data() + (text.starts_with("v") ? 1 : 0);
    const char* end = text.data() + text.size();
    if (text.size() > longest) return std::nullopt;
    for (int* number : {&version.major, &version.minor, &version.patch}) {
        if (number != &version.major && (at == end || *at++ != '.')) return std::nullopt;
        auto read = std::from_chars(at, end, *number);
        if (read.ec != std::errc() || *number < 0) return std::nullopt;
        at = read.ptr;
    }
    version.suffix.assign(at, end);
    auto fine = [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '-' || c == '+'; };
    bool separated = version.suffix.empty() || version.suffix.front() == '-' || version.suffix.front() == '+';
    if (!separated || !std::ranges::all_of(version.suffix, fine)) return std::nullopt;
    return version;
}

}  // namespace klaw::operate
