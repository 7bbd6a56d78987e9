#include "agent/recording/resource_name.hpp"

#include <algorithm>
#include <cctype>

namespace klaw::recording {
namespace {

bool endsWithAny(std::string_view text, std::initializer_list<std::string_view> endings) {
    return std::any_of(endings.begin(), endings.end(), [&](auto ending) { return text.ends_with(ending); });
}

std::string plural(std::string singular) {
    if (singular == "endpoints" || singular.ends_with("metrics")) return singular;
    if (endsWithAny(singular, {"s", "x", "ch", "sh"})) return singular + "es";
    bool vowelBeforeY = endsWithAny(singular, {"ay", "ey", "oy", "uy"});
    if (!singular.ends_with("y") || vowelBeforeY) return singular + "s";
    singular.back() = 'i';
    return singular + "es";
}

}  // namespace

std::string resourceOf(std::string_view kind, std::string_view apiVersion) {
    std::string name(kind);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    auto slash = apiVersion.find('/');
    auto resource = plural(std::move(name));
    return slash == apiVersion.npos ? resource : resource + "." + std::string(apiVersion.substr(0, slash));
}

}  // namespace klaw::recording
