// The life of whole clusters: commands of two words, "cluster audit". Each is a verb of its own, with its permission
// and danger; one group a subject, in its own file.
#include "agent/operate/catalogue.hpp"

namespace klaw::operate {

std::vector<Verb> lifecycleVerbs() {
    std::vector<Verb> all;
    for (auto group :
         {clusterDeployVerbs(), clusterUpgradeVerbs(), securityVerbs(), backupVerbs(), restoreVerbs(), volumeVerbs()})
        for (auto& verb : group) all.push_back(std::move(verb));
    return all;
}

}  // namespace klaw::operate
