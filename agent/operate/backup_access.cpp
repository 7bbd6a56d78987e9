#include "agent/operate/backup_access.hpp"

namespace klaw::operate {

std::vector<NeededAccess> accessToMove(const std::map<std::string, std::string>& namespaces, const std::string& source,
                                       const std::string& target, const std::vector<std::string_view>& permissions) {
    std::vector<NeededAccess> needs;
    auto add = [&](const std::string& from, const std::string& to) {
        for (const char* permission : {"read", "backups"}) needs.push_back({source, from, permission, true});
        for (auto permission : permissions) needs.push_back({target, to, std::string(permission), false});
    };
    if (namespaces.empty()) add({}, {});
    for (const auto& [from, to] : namespaces) add(from, to);
    return needs;
}

}  // namespace klaw::operate
