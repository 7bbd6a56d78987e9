#include "agent/share/rendezvous.hpp"

#include <algorithm>

#include "base/digest.hpp"

namespace klaw::share {
namespace {

std::string weightOf(std::string_view member, std::string_view cluster) {
    return sha256(std::string(member).append(1, '\0').append(cluster));
}

}  // namespace

std::string ownerOf(std::string_view cluster, const std::vector<std::string>& members) {
    auto heavier = [&](const std::string& a, const std::string& b) {
        return weightOf(a, cluster) < weightOf(b, cluster);
    };
    auto owner = std::ranges::max_element(members, heavier);
    return owner == members.end() ? std::string() : *owner;
}

}  // namespace klaw::share
