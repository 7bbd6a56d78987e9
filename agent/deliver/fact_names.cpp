#include "agent/deliver/fact_names.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace klaw::deliver {
namespace {

constexpr std::pair<std::string_view, std::string_view> chinese[] = {
    {"access modes", "访问模式"},
    {"active", "运行中"},
    {"active Pods", "运行中的 Pod"},
    {"address", "地址"},
    {"allocatable", "可分配"},
    {"available", "可用"},
    {"capacity", "容量"},
    {"channel", "通道"},
    {"claim", "存储声明"},
    {"current", "当前"},
    {"deadline", "期限"},
    {"desired", "期望"},
    {"endpoints", "端点数"},
    {"exit code", "退出码"},
    {"expected", "应有"},
    {"expires", "到期"},
    {"failed Pods", "失败的 Pod"},
    {"failures", "失败次数"},
    {"finalizers", "终结器"},
    {"free", "剩余"},
    {"healthy", "健康"},
    {"image", "镜像"},
    {"kills", "终止次数"},
    {"kubelet", "kubelet"},
    {"last schedule", "上次调度"},
    {"lease", "租约"},
    {"limit", "上限"},
    {"maximum", "最大值"},
    {"memory limit", "内存上限"},
    {"message", "消息"},
    {"minimum", "最小值"},
    {"misscheduled", "调度错误"},
    {"node", "节点"},
    {"pods", "Pod 数"},
    {"provisioner", "供应者"},
    {"quota", "配额"},
    {"ready", "就绪"},
    {"reason", "原因"},
    {"replicas", "副本数"},
    {"requests", "请求量"},
    {"resource", "资源"},
    {"restarts", "重启次数"},
    {"revision", "版本"},
    {"schedule", "调度计划"},
    {"signer", "签发者"},
    {"size", "大小"},
    {"source", "来源"},
    {"started", "开始于"},
    {"storage class", "存储类"},
    {"target", "目标"},
    {"threshold", "阈值"},
    {"throttled", "受限比例"},
    {"trend", "走势"},
    {"unavailable", "不可用"},
    {"updated", "已更新"},
    {"left", "剩余"},
    {"usage", "用量"},
    {"user", "用户"},
    {"used", "已用"},
    {"value", "当前值"},
    {"volume", "存储卷"},
    {"wanted", "应有"},
};

}  // namespace

std::string factName(std::string_view name, std::string_view language) {
    if (!language.starts_with("zh")) return std::string(name);
    const auto* found = std::ranges::find(chinese, name, &std::pair<std::string_view, std::string_view>::first);
    return std::string(found == std::end(chinese) ? name : found->second);
}

}  // namespace klaw::deliver
