#pragma once

#include <concepts>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace klaw::security {

using Json = nlohmann::json;

enum class Severity { Low, Medium, High, Critical };
std::string_view toString(Severity severity);  ///< "low", …

/// The object that a finding is about; one of a cluster as a whole has no namespace.
struct Subject {
    std::string kind;  ///< "Deployment"; "Cluster" for what is no object
    std::string ns;
    std::string name;
    std::string text() const;  ///< "Deployment shop/web", "Node n1": fit to be shown, one line, cut
    auto operator<=>(const Subject&) const = default;
};

/// What was seen: where in the object, and what stands there. Fit to be shown: one line, without secrets, cut.
struct Evidence {
    std::string path;  ///< "spec.template.spec.containers[web].securityContext.privileged"
    std::string value;
    friend bool operator==(const Evidence&, const Evidence&) = default;
};

/// Takes what stands in objects of a cluster, which is of unknown origin, and keeps the first of it.
class EvidenceList {
public:
    void add(std::string_view path, std::string_view value);
    /// As JSON where it is no text; "not set" where it is not there.
    template <std::same_as<Json> Value>
    void add(std::string_view path, const Value& value) {
        addJson(path, value);
    }
    void addMissing(std::string_view path);

    bool empty() const { return kept_.empty(); }
    const std::vector<Evidence>& kept() const { return kept_; }
    std::size_t leftOut() const { return leftOut_; }

private:
    void addJson(std::string_view path, const Json& value);
    std::vector<Evidence> kept_;
    std::size_t leftOut_ = 0;
};

}  // namespace klaw::security
