#include "agent/operate/rollout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

const Json& member(const Json& json, const char* name) {
    static const Json none;
    auto found = json.is_object() ? json.find(name) : json.end();
    return json.is_object() && found != json.end() ? *found : none;
}

std::int64_t count(const Json& json, const char* name, std::int64_t otherwise = 0) {
    const auto& value = member(json, name);
    return value.is_number_integer() ? value.get<std::int64_t>() : otherwise;
}

std::string text(const Json& json, const char* name, std::string otherwise = {}) {
    const auto& value = member(json, name);
    return value.is_string() ? value.get<std::string>() : std::move(otherwise);
}

/// The message of the condition that says that a Deployment got no further in time.
std::string deadlinePassed(const Json& status) {
    for (const auto& condition : member(status, "conditions")) {
        bool passed =
            text(condition, "type") == "Progressing" && text(condition, "reason") == "ProgressDeadlineExceeded";
        if (passed) return text(condition, "message", "its progress deadline has passed");
    }
    return {};
}

struct Numbers {
    std::int64_t wanted = 0, updated = 0, ready = 0, old = 0;
};

Numbers numbersOf(const Json& object) {
    const auto& spec = member(object, "spec");
    const auto& status = member(object, "status");
    if (text(object, "kind") == "DaemonSet")
        return {count(status, "desiredNumberScheduled"), count(status, "updatedNumberScheduled"),
                count(status, "numberAvailable"), 0};
    Numbers numbers;
    numbers.wanted = count(spec, "replicas", 1);
    numbers.updated = count(status, "updatedReplicas");
    bool deployment = text(object, "kind") == "Deployment";
    numbers.ready = count(status, deployment ? "availableReplicas" : "readyReplicas");
    if (deployment) numbers.old = count(status, "replicas") - numbers.updated;
    return numbers;
}

/// https://velero.io/docs/main/api-types/backup/
RolloutStatus veleroStatus(const Json& status, bool chinese) {
    static constexpr std::string_view failures[] = {"Failed", "PartiallyFailed", "FailedValidation"};
    RolloutStatus result;
    auto phase = text(status, "phase", "New");
    const auto& progress = member(status, "progress");
    bool restores = progress.is_object() && progress.contains("itemsRestored");
    result.ready = static_cast<std::size_t>(
        std::max<std::int64_t>(0, count(progress, restores ? "itemsRestored" : "itemsBackedUp")));
    result.wanted = static_cast<std::size_t>(std::max<std::int64_t>(0, count(progress, "totalItems")));
    result.text = "Velero: " + phase;
    if (result.wanted > 0)
        result.text +=
            fmt::format(fmt::runtime(chinese ? "，{}/{} 个对象" : ", {}/{} objects"), result.ready, result.wanted);
    if (auto why = text(status, "failureReason"); !why.empty()) result.text += ": " + why;
    for (const auto& error : member(status, "validationErrors"))
        if (error.is_string()) result.text += "; " + error.get<std::string>();
    if (phase == "Completed") result.state = RolloutStatus::State::Complete;
    if (std::ranges::find(failures, phase) != std::end(failures)) result.state = RolloutStatus::State::Stuck;
    return result;
}

}  // namespace

RolloutStatus rolloutStatus(const std::string& json, bool chinese) {
    RolloutStatus result;
    auto object = Json::parse(json, nullptr, false);
    if (!object.is_object()) return result;
    const auto& status = member(object, "status");
    if (text(object, "apiVersion").starts_with("velero.io/")) return veleroStatus(status, chinese);
    auto numbers = numbersOf(object);
    result.wanted = static_cast<std::size_t>(std::max<std::int64_t>(0, numbers.wanted));
    result.ready = static_cast<std::size_t>(std::max<std::int64_t>(0, numbers.ready));
    auto ready = fmt::format(fmt::runtime(chinese ? "{}/{} 就绪" : "{}/{} ready"), result.ready, result.wanted);
    bool seen = count(status, "observedGeneration") >= count(member(object, "metadata"), "generation");
    if (!seen) {
        result.text = chinese ? "等待控制器处理" : "waiting for the controller to see it";
        return result;
    }
    if (auto why = deadlinePassed(status); !why.empty()) {
        result.state = RolloutStatus::State::Stuck;
        result.text = ready + ": " + why;
        return result;
    }
    if (numbers.updated < numbers.wanted)
        result.text = ready + (chinese ? fmt::format("，{} 个已更新", numbers.updated)
                                       : fmt::format(", {} updated", numbers.updated));
    else if (numbers.old > 0)
        result.text = ready + (chinese ? fmt::format("，{} 个旧 Pod 正在退出", numbers.old)
                                       : fmt::format(", {} old ones still to go", numbers.old));
    else
        result.text = ready;
    bool complete = numbers.updated >= numbers.wanted && numbers.old <= 0 && numbers.ready >= numbers.wanted;
    if (complete) result.state = RolloutStatus::State::Complete;
    return result;
}

}  // namespace klaw::operate
