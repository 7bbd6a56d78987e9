#include <algorithm>

#include "agent/security/check.hpp"

namespace klaw::security {

std::string_view toString(Reference::Standard standard) {
    static constexpr std::string_view names[] = {"Pod Security Standards", "CIS", "OWASP", "NSA/CISA", "Kubescape"};
    return names[static_cast<std::size_t>(standard)];
}

Reference podSecurity(std::string_view control) {
    return {Reference::Standard::PodSecurity, control};
}

Reference cis(std::string_view recommendation) {
    return {Reference::Standard::Cis, recommendation};
}

Reference owasp(std::string_view risk) {
    return {Reference::Standard::Owasp, risk};
}

Reference nsa(std::string_view section) {
    return {Reference::Standard::NsaCisa, section};
}

Reference kubescape(std::string_view control) {
    return {Reference::Standard::Kubescape, control};
}

void addPodCheck(std::vector<Check>& checks, std::string_view id, Severity severity, rules::LocalizedText title,
                 rules::LocalizedText remedy, std::vector<Reference> references,
                 void (*look)(const PodView& pod, EvidenceList& found)) {
    Check check{id, severity, std::move(title), std::move(remedy), std::move(references)};
    check.pod = look;
    checks.push_back(std::move(check));
}

std::span<const Check> checks() {
    static const std::vector<Check> all = [] {
        auto made = baselineChecks();
        for (auto group :
             {restrictedChecks(), workloadChecks(), secretChecks(), roleChecks(), bindingChecks(), networkChecks(),
              admissionChecks(), certificateChecks(), versionChecks(), controlPlaneChecks()})
            std::ranges::move(group, std::back_inserter(made));
        return made;
    }();
    return all;
}

const Check* findCheck(std::string_view id) {
    auto found = std::ranges::find(checks(), id, &Check::id);
    return found == checks().end() ? nullptr : &*found;
}

}  // namespace klaw::security
