#include <fmt/format.h>

#include <iostream>

#include "agent/cli/commands.hpp"
#include "agent/operate/rbac.hpp"

namespace klaw::cli {

int rbacCommand(const RbacOptions& options) {
    if (options.table) {
        std::cout << operate::rbacTable();
        return 0;
    }
    auto profile = operate::rbacProfileFromString(options.profile);
    auto parts = options.only.empty() ? operate::rbacPartsOf(profile.value_or(operate::RbacProfile::ReadOnly),
                                                             options.with, options.without)
                                      : operate::rbacPartsNamed(options.only);
    if (!parts) {
        std::cerr << parts.error().describe() << "\n";
        return 1;
    }
    auto slash = options.lease.find('/');
    bool isLease = slash != 0 && slash + 1 < options.lease.size() && options.lease.rfind('/') == slash;
    if (!options.lease.empty() && !isLease) {
        std::cerr << "--lease: \"" << options.lease << "\" is no Lease; write NAMESPACE/NAME\n";
        return 1;
    }
    std::cout << operate::clusterRole(options.name, operate::policyRulesOf(*parts));
    if (isLease)
        std::cout << "---\n"
                  << operate::leaseRole(options.name + "-lease", options.lease.substr(0, slash),
                                        options.lease.substr(slash + 1), options.share);
    return 0;
}

}  // namespace klaw::cli
