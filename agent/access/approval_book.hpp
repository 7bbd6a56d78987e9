#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/access/access.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "storage/unit_of_work.hpp"

namespace klaw::access {

/// A change that somebody confirmed and that waits for another person, or did.
struct Approval {
    enum class State { Waiting, Approved, Refused, Withdrawn, Expired, Failed };
    /// What is done to one object, as roles and rules judge it.
    struct Part {
        std::string verb;     ///< "delete namespaces"
        std::string written;  ///< "delete"
        std::string permission;
        Place place;
        std::optional<std::int64_t> replicas{};  ///< that it leaves
        friend bool operator==(const Part&, const Part&) = default;
    };
    std::string id;
    std::string verb;  ///< as in the audit log
    Place place;
    std::vector<Part> parts;   ///< one at least
    std::string command;       ///< with the state of the object that was shown
    std::string attachment{};  ///< the text that came with it
    std::string summary;       ///< masked for secrets
    std::string target;        ///< as in the audit log
    std::string identity, name, chat, language;
    std::vector<std::string> departments;
    std::string via{}, claim{};  ///< the program that asked in their name, and what it says of itself; may be empty
    std::string incident;        ///< that it is about; may be empty
    std::string replyTo, card;   ///< where it is shown
    TimePoint askedAt{};
    TimePoint expiresAt{};
    State state = State::Waiting;
    std::string decidedBy;  ///< name or identity
    TimePoint decidedAt{};

    /// What `identity` would ask for to do this part themselves.
    static Request requestOf(const Part& part, std::string identity, std::string chat, Membership membership = {});
    const std::string& askedBy() const { return name.empty() ? identity : name; }
};

std::string_view toString(Approval::State state);

/// The approvals of the running agent; those that are decided are known for a day, so that people learn by whom. An
/// entry counts once it is durable. On the loop thread.
class ApprovalBook {
public:
    using Meta = std::map<std::string, std::string, std::less<>>;
    static constexpr std::string_view keyPrefix = "approval:";

    /// From `RecoveredState::meta`.
    void restore(const Meta& meta);
    /// What is to be stored for it; with noted() it counts.
    static storage::MetaEntry entryOf(const Approval& approval);
    void noted(Approval approval) { approvals_[approval.id] = std::move(approval); }
    /// Leaves out what was decided more than a day ago; what is to be stored for that.
    std::vector<storage::MetaEntry> forgetOld(TimePoint now);

    /// By the beginning of its id, waiting or decided. NotFound, or InvalidArgument where several begin like this.
    Result<Approval> find(std::string_view idPrefix) const;
    const std::map<std::string, Approval>& all() const { return approvals_; }

private:
    std::map<std::string, Approval> approvals_;  ///< by id
};

}  // namespace klaw::access
