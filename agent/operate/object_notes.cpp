#include "agent/operate/object_notes.hpp"

#include <fmt/format.h>

#include "agent/operate/planned_object.hpp"

namespace klaw::operate {

void describeOwner(const nlohmann::json& pod, bool chinese, std::vector<std::string>& notes) {
    for (const auto& owner : valueAt(pod, "/metadata/ownerReferences"))
        if (valueAt(owner, "/controller") == true) {
            notes.push_back(fmt::format(fmt::runtime(chinese ? "{} {} 会创建新的 Pod" : "its {} {} makes another one"),
                                        textAt(owner, "/kind"), textAt(owner, "/name")));
            return;
        }
    notes.emplace_back(chinese ? "没有控制器管理它：删除后不会重新创建" : "nothing manages it: it will not come back");
}

void describeGap(const nlohmann::json& workload, bool chinese, std::vector<std::string>& notes) {
    bool recreate = valueAt(workload, "/spec/strategy/type") == "Recreate";
    if (recreate)
        notes.emplace_back(chinese ? "策略为 Recreate：重启期间服务中断"
                                   : "its strategy is Recreate: nothing serves until the new Pods are ready");
}

}  // namespace klaw::operate
