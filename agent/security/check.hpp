#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "agent/security/finding.hpp"
#include "agent/security/inventory.hpp"
#include "agent/security/pod_view.hpp"
#include "rules/labels.hpp"

namespace klaw::security {

/// Where a check comes from, by the name that it has there.
struct Reference {
    enum class Standard {
        PodSecurity,  ///< controls of https://kubernetes.io/docs/concepts/security/pod-security-standards/
        Cis,          ///< recommendations of the CIS Kubernetes Benchmark 1.12
        Owasp,        ///< risks of the OWASP Kubernetes Top Ten of 2022
        NsaCisa,      ///< sections of the NSA/CISA Kubernetes Hardening Guidance 1.2
        Kubescape,    ///< controls of https://github.com/kubescape/regolibrary
    };
    Standard standard = Standard::PodSecurity;
    std::string_view id;
};
std::string_view toString(Reference::Standard standard);
Reference podSecurity(std::string_view control);
Reference cis(std::string_view recommendation);
Reference owasp(std::string_view risk);
Reference nsa(std::string_view section);
Reference kubescape(std::string_view control);

/// An object as the API server has it, with where it is.
struct ObjectView {
    const Subject& subject;
    const Json& json;
    const Inventory& known;  ///< the time and what is configured; the objects in it are not complete yet
};

/// Where a check about several objects puts what it finds about one.
using Report = std::function<EvidenceList&(const Subject&)>;

/// One thing that is looked at: the only place where it is described and carried out. Exactly one of the looks is set.
struct Check {
    std::string_view id;  ///< stays: exemptions, earlier runs and other programs refer to it
    Severity severity = Severity::Medium;
    rules::LocalizedText title, remedy;  ///< a sentence each, without a full stop
    std::vector<Reference> references;   ///< none: it is Klaw's own
    /// Resources that it reads, "networkpolicies"; where one of them could not be read, it says nothing.
    std::vector<std::string_view> needs{};
    /// Of the control plane, whose flags it reads; where one of them runs in no visible Pod, it says nothing of that.
    std::vector<std::string_view> programs{};
    /// At the Pods of a workload, by its template.
    void (*pod)(const PodView& pod, EvidenceList& found) = nullptr;
    /// At one object of one of `needs`, alone.
    void (*object)(const ObjectView& object, EvidenceList& found) = nullptr;
    /// At all that was read, in the end.
    void (*cluster)(const Inventory& inventory, const Report& report) = nullptr;
};

/// One more of those that look at the Pods of a workload.
void addPodCheck(std::vector<Check>& checks, std::string_view id, Severity severity, rules::LocalizedText title,
                 rules::LocalizedText remedy, std::vector<Reference> references,
                 void (*look)(const PodView& pod, EvidenceList& found));

/// The program of the control plane that a Pod of kube-system runs, "kube-apiserver"; nothing for others.
std::optional<std::string_view> controlPlaneProgramOf(const ObjectView& object);

/// All of them, in the order of the documents.
std::span<const Check> checks();
/// Null for an id that there is not.
const Check* findCheck(std::string_view id);

// One group a file.
std::vector<Check> baselineChecks();
std::vector<Check> restrictedChecks();
std::vector<Check> workloadChecks();
std::vector<Check> secretChecks();
std::vector<Check> roleChecks();
std::vector<Check> bindingChecks();
std::vector<Check> networkChecks();
std::vector<Check> admissionChecks();
std::vector<Check> certificateChecks();
std::vector<Check> versionChecks();
std::vector<Check> controlPlaneChecks();

/// All checks as a Markdown table: id, severity, titles, remedy, standards.
std::string markdownTableOfChecks();

}  // namespace klaw::security
