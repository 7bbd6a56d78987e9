#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/security/check.hpp"

namespace klaw::security {

/// One kind of objects that an audit reads.
struct ObjectKind {
    std::string_view resource;  ///< "deployments"
    std::string_view kind;      ///< "Deployment"
    std::string_view api;       ///< "/apis/apps/v1"
    bool namespaced = true;
};
/// In the order in which they are to be read: workloads before their Pods.
std::span<const ObjectKind> auditedKinds();

/// What one check found about one object.
struct Finding {
    const Check* check = nullptr;
    Subject subject;
    EvidenceList evidence;
    /// The same in every run: "privileged-container|Deployment|shop|web".
    std::string key() const;
};

/// A list that could not be read, or not to its end.
struct Unread {
    std::string resource;
    std::string why;
};

/// All that an audit of one cluster, or of one namespace, came to.
struct Findings {
    std::vector<Finding> all;  ///< severest first, then in the order of the checks and by object
    std::vector<Unread> unread;
    std::vector<const Check*> notJudged;  ///< or not in all objects, as something that they need was not to be seen
    std::size_t objects = 0;
    std::size_t leftOut = 0;  ///< findings beyond the most that are kept
};

/// Looks at the objects of a cluster one after the other and remembers little of each, so that a large one fits. Pure:
/// the same objects give the same findings. The kinds come in the order of auditedKinds().
class Auditor {
public:
    /// `ns`: only of this namespace, even one of Kubernetes itself; empty: of all but those.
    explicit Auditor(TimePoint now, Settings settings = {}, std::string ns = {});

    void add(const ObjectKind& kind, const Json& object);
    void setServer(std::string version, std::optional<TimePoint> certificateEnds);
    /// The resource was not read, or only in part.
    void setUnread(std::string resource, std::string why);
    /// Of an audit of one namespace: the RoleBindings of the others were not read, so nobody knows who has no role.
    void setBindingsElsewhereUnread() { inventory_.knowsAllBindings = false; }
    /// Judges a little of what was added; false once nothing is left but finish().
    bool judgeNext();
    /// Judges what is left, and ends it.
    Findings finish();

private:
    /// Whom a workload or Pod is told of by.
    struct Owner {
        Subject subject;
        bool isJudged = false;  ///< by its template
    };
    std::optional<Owner> ownerOf(const Json& object) const;
    bool isLookedAt(const Subject& subject) const;
    bool isTold(const Subject& subject) const;
    void lookAtWorkload(const ObjectKind& kind, const Subject& subject, const Json& object);
    void lookAtPod(const ObjectKind& kind, const Subject& subject, const Json& object);
    void lookAlone(const ObjectKind& kind, const Subject& subject, const Json& object);
    void tellWhoHasRoles();
    void keep(const Check& check, Subject subject, EvidenceList evidence);
    /// Null beyond the most that are kept of one check.
    EvidenceList* placeFor(const Check& check, Subject subject);
    bool isJudged(const Check& check) const;

    Inventory inventory_;
    std::string ns_;
    std::map<std::string, std::string, std::less<>> unread_;
    std::map<std::string, std::pair<Subject, Owner>, std::less<>> workloads_;  ///< by uid: itself, and its owner
    std::set<Subject> shipped_;                                                ///< roles that Kubernetes brings
    std::set<std::string_view> programs_;                                      ///< of the control plane that were seen
    std::map<std::string_view, std::size_t> counts_;                           ///< findings of each check
    std::map<std::pair<std::string_view, Subject>, EvidenceList> found_;
    std::size_t objects_ = 0, leftOut_ = 0, judged_ = 0;
};

}  // namespace klaw::security
