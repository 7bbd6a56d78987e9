#pragma once

#include <span>
#include <string>

#include "agent/cli/doctor_report.hpp"
#include "agent/operate/rbac.hpp"

namespace klaw::cli {

/// What Kubernetes lets Klaw do in a cluster, beside what its parts need. `review`: a SelfSubjectRulesReview with its
/// status. Pure. Rights to objects of a certain name do not count: no part goes by one.
/// https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-rules-review-v1/
void judgeRights(const std::string& cluster, const std::string& review, std::span<const operate::RbacPart> parts,
                 DoctorReport& report);

}  // namespace klaw::cli
