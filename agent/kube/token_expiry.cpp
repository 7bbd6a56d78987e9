#include "agent/kube/token_expiry.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"

namespace klaw::kube {
namespace {

/// Of base64url, without its padding.
std::optional<std::string> decoded(std::string_view text) {
    std::string standard(text);
    std::ranges::replace(standard, '-', '+');
    std::ranges::replace(standard, '_', '/');
    while (standard.size() % 4 != 0) standard += '=';
    return base64Decode(standard);
}

}  // namespace

std::optional<TimePoint> tokenExpiry(std::string_view token) {
    auto first = token.find('.');
    auto second = first == token.npos ? token.npos : token.find('.', first + 1);
    if (second == token.npos) return std::nullopt;
    auto claims = decoded(token.substr(first + 1, second - first - 1));
    auto json = claims ? nlohmann::json::parse(*claims, nullptr, false) : nlohmann::json();
    auto expires = json.is_object() ? json.find("exp") : json.end();
    if (!json.is_object() || expires == json.end() || !expires->is_number()) return std::nullopt;
    constexpr double latest = 4e9;  // what a TimePoint of nanoseconds holds, and no token outlives
    auto seconds = expires->get<double>();
    if (seconds <= 0 || seconds > latest) return std::nullopt;
    return TimePoint() + std::chrono::seconds(static_cast<std::int64_t>(seconds));
}

std::optional<TimePoint> tokenExpiry(const ClusterAccess& access) {
    if (access.tokenFile.empty()) return tokenExpiry(access.token);
    std::ifstream file(access.tokenFile);
    std::string token(std::istreambuf_iterator<char>(file), {});
    return tokenExpiry(token);
}

}  // namespace klaw::kube
