#include "agent/security/pod_view.hpp"

#include <algorithm>

#include "base/text/json_fields.hpp"

namespace klaw::security {
namespace {

std::string joined(const std::string& path, const char* field) {
    return path.empty() ? field : path + "." + field;
}

}  // namespace

const Json& memberAt(const Json& json, std::string_view path) {
    const auto* here = &json;
    while (!path.empty()) {
        auto end = std::min(path.find('.'), path.size());
        here = &klaw::at(*here, path.substr(0, end));
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return *here;
}

const char* podPathOf(std::string_view kind) {
    if (kind == "Pod") return "";
    if (kind == "CronJob") return "spec.jobTemplate.spec.template";
    static constexpr std::string_view withTemplate[] = {"Deployment", "StatefulSet", "DaemonSet",
                                                        "ReplicaSet", "Job",         "ReplicationController"};
    return std::ranges::find(withTemplate, kind) == std::end(withTemplate) ? nullptr : "spec.template";
}

PodView::PodView(const Subject& subject, const Json& pod, std::string path)
    : subject_(subject),
      spec_(klaw::at(pod, "spec")),
      annotations_(memberAt(pod, "metadata.annotations")),
      specPath_(joined(path, "spec")),
      metadataPath_(joined(path, "metadata")) {}

bool PodView::isWindows() const {
    return textAt(klaw::at(spec_, "os"), "name") == "windows";
}

bool PodView::hasUserNamespace() const {
    return !flagAt(spec_, "hostUsers", true);
}

void PodView::forEachContainer(const std::function<void(const Json&, const std::string&)>& visit) const {
    for (const char* list : {"initContainers", "containers", "ephemeralContainers"})
        for (const auto& container : klaw::at(spec_, list))
            visit(container, at(list) + "[" + textAt(container, "name") + "]");
}

void PodView::forEachSecurityContext(const std::function<void(const Json&, const std::string&)>& visit) const {
    if (const auto& own = klaw::at(spec_, "securityContext"); own.is_object()) visit(own, at("securityContext"));
    forEachContainer([&](const Json& container, const std::string& path) {
        if (const auto& own = klaw::at(container, "securityContext"); own.is_object())
            visit(own, path + ".securityContext");
    });
}

void PodView::forEachVolume(const std::function<void(const Json&, const std::string&)>& visit) const {
    for (const auto& volume : klaw::at(spec_, "volumes"))
        visit(volume, at("volumes") + "[" + textAt(volume, "name") + "]");
}

}  // namespace klaw::security
