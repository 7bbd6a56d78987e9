#pragma once

#include <optional>
#include <string>

namespace klaw::operate {

/// "v1.30.2"; what stands behind the numbers ("+k3s1", "-eks-1234") is kept and not compared.
struct KubernetesVersion {
    int major = 0, minor = 0, patch = 0;
    std::string suffix;

    std::string text() const;
    friend bool operator==(const KubernetesVersion& a, const KubernetesVersion& b) {
        return a.major == b.major && a.minor == b.minor && a.patch == b.patch;
    }
    friend auto operator<=>(const KubernetesVersion& a, const KubernetesVersion& b) {
        if (auto order = a.major <=> b.major; order != 0) return order;
        if (auto order = a.minor <=> b.minor; order != 0) return order;
        return a.patch <=> b.patch;
    }
};

/// Of "v1.30.2" or "1.30.2"; nothing for anything else.
std::optional<KubernetesVersion> parseKubernetesVersion(const std::string& text);

}  // namespace klaw::operate
