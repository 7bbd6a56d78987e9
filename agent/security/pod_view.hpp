#pragma once

#include <functional>
#include <string>

#include "agent/security/finding.hpp"

namespace klaw::security {

/// The Pods of one workload, as its template describes them.
class PodView {
public:
    /// `path` is where the Pod's own fields stand: "" for a Pod, "spec.template" for a Deployment. Both outlive it.
    PodView(const Subject& subject, const Json& pod, std::string path);

    const Subject& subject() const { return subject_; }
    const Json& spec() const { return spec_; }
    const Json& annotations() const { return annotations_; }
    /// "spec.template.spec." and the field
    std::string at(std::string_view field) const { return specPath_ + "." + std::string(field); }
    std::string atMetadata(std::string_view field) const { return metadataPath_ + "." + std::string(field); }

    /// Says so itself (`os.name`): what only Linux has is not wanted of it.
    bool isWindows() const;
    /// Root inside is nobody on the node (`hostUsers: false`).
    bool hasUserNamespace() const;
    /// Init containers, containers and ephemeral ones, with their path.
    void forEachContainer(const std::function<void(const Json& container, const std::string& path)>& visit) const;
    /// The security contexts of the Pod, where it has one, and of its containers.
    void forEachSecurityContext(const std::function<void(const Json& context, const std::string& path)>& visit) const;
    void forEachVolume(const std::function<void(const Json& volume, const std::string& path)>& visit) const;

private:
    const Subject& subject_;
    const Json& spec_;
    const Json& annotations_;
    std::string specPath_, metadataPath_;
};

/// Where the Pod of a workload stands in it; nullptr where its kind has none.
const char* podPathOf(std::string_view kind);

/// What stands at a path of member names, "spec.template.metadata"; null where nothing does.
const Json& memberAt(const Json& json, std::string_view path);

}  // namespace klaw::security
