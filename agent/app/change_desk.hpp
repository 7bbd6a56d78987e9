#pragma once

#include <map>
#include <string>

#include "agent/access/gate.hpp"
#include "agent/app/answered.hpp"
#include "agent/app/kept_inputs.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/eviction_run.hpp"
#include "agent/operate/restore_step.hpp"
#include "base/async/loop_clock.hpp"
#include "base/async/task_group.hpp"
#include "base/random.hpp"
#include "rules/incident.hpp"

namespace klaw::app {

/// A value of a Secret that somebody may see, without it.
struct Revealed {
    std::string id;      ///< of the change
    std::string app;     ///< application it was asked in
    std::string person;  ///< id on the platform
    std::string identity, target, title, key, cluster;
    Duration shownFor{};
    bool chinese = false;
};

/// Where objects of clusters are changed: previewed by a dry run, confirmed, recorded before and after, carried out
/// once and followed to its end. What was under way when the agent was killed is found out, not done again. On the loop
/// thread.
class ChangeDesk {
public:
    /// Makes everything that has happened durable, with this.
    using Flush = std::function<Task<Result<storage::Committed>>(storage::UnitOfWork with)>;
    /// Tells an open incident what is done about it.
    using NoteAction = std::function<void(const std::string& incident, const rules::Action& action)>;
    /// Shows whoever asked (`Asked::replyTo`) how it goes on.
    using Tell = std::function<void(const std::string& replyTo, const Answered& answer)>;

    /// Keeps a change that another person must approve. `asked` is how it was asked for.
    using AskApproval = std::function<Task<Answered>(access::Approval wanted, access::ApprovalRule rule, Asked asked)>;

    /// Shows a value to its person alone; ends when it is there, or with the reason why it is not.
    using Reveal = std::function<Task<Result<void>>(Revealed revealed, std::string value)>;

    /// References outlive the desk.
    ChangeDesk(Loop& loop, LoopClock& clock, Random& random, operate::Control& control, access::Gate& gate, Flush flush,
               NoteAction noteAction, Tell tell);

    /// Without it nothing that needs an approval can be done.
    void setApprovals(AskApproval ask) { askApproval_ = std::move(ask); }
    /// Without it no value of a Secret is shown.
    void setReveals(Reveal reveal) { reveal_ = std::move(reveal); }

    /// What the command would do, or with `--yes` the doing of it, once approved where it needs that. Its verb has a
    /// plan.
    Task<Answered> handle(const operate::Verb& verb, operate::CommandLine line, Asked asked);
    /// What a command that changes nothing looks at (`Verb::followed`), followed where the asker hears of it.
    Task<Answered> watch(const operate::Verb& verb, operate::CommandLine line, Asked asked);
    /// What was under way when the agent ended, from `RecoveredState::meta`. Once, when the clusters can be asked.
    void resume(const std::map<std::string, std::string, std::less<>>& meta);
    Task<void> stop() { return tasks_.stop(); }

    /// Of the entries in meta.
    static constexpr std::string_view openPrefix = "change:";

private:
    /// A change from being asked for to its end.
    struct Open {
        std::string id;  ///< in all its audit rows
        std::string verb;
        std::string command;
        std::string incident;  ///< that it is about; may be empty
        operate::Caller caller;
        operate::Plan plan;
        std::int64_t permittedBy = 0;  ///< row of the audit log; 0 after a restart
        TimePoint sentAt{};
        bool made = false;     ///< only its rollout, or the eviction of its Pods, is left
        bool watches = false;  ///< nothing is changed: a rollout is only looked at
        std::string replyTo;
        std::string card;
        std::optional<Approved> approved;
        std::vector<std::string> differences;  ///< that it made
        std::optional<int> exitCode;           ///< of the command that was run
        std::string kept;                      ///< token of what came with the command and is not shown
    };
    /// What an object shows of a change whose answer was lost.
    struct Finding {
        bool made = false;
        std::string object;
    };

    struct UnderWay;
    storage::AuditEntry entryOf(const Open& open, std::string_view decision, const std::string& result = {}) const;
    static storage::MetaEntry kept(const Open& open);
    Task<Answered> refused(const Open& open, std::string_view decision, std::string why);
    Task<Result<std::string>> tryOut(const Open& open, access::Request request);
    Task<Result<void>> clusterLets(const Open& open) const;
    Task<Result<void>> lookAhead(Open& open, access::Request& request);
    Task<Answered> preview(Open open, access::Request request, bool confirmable);
    /// What is judged of a change: each of its objects by itself.
    static std::vector<access::Request> requestsOf(const Open& open, const access::Request& request);
    const access::ApprovalRule* approvalFor(const Open& open, const access::Request& request) const;
    Task<Answered> askApproval(Open open, access::Request request, std::string attachment, Asked asked);
    /// What each of several changes would do, as lines; false where the cluster refuses one.
    Task<bool> tryParts(const Open& open, access::Request request, std::string& text);
    Task<Answered> carriedOut(Open open, access::Request request, std::shared_ptr<Claims> claims);
    Task<void> goOn(std::shared_ptr<UnderWay> work, Open open, access::Request request, std::shared_ptr<Claims> claims);
    Task<Answered> carryOut(Open open, access::Request request, std::shared_ptr<Claims> claims);
    // Several changes as one: change_desk_parts.cpp.
    static Open partOf(const Open& open, std::size_t part);
    static access::Request requestOf(const Open& part, access::Request whole);
    /// The reason of the first that is not allowed.
    std::optional<std::string> deniedPart(const Open& open, const access::Request& request) const;
    Task<Result<void>> begin(const Open& open, std::shared_ptr<Claims> claims);
    Task<Result<std::string>> send(Open& part, access::Request request);
    Task<Result<std::string>> makePart(Open& part, access::Request request);
    Task<Answered> endParts(Open open, std::vector<Result<std::string>> outcomes, std::shared_ptr<Claims> claims);
    Task<Answered> carryOutParts(Open open, access::Request request, std::shared_ptr<Claims> claims);
    Task<void> resumeParts(Open open);
    // The Pods of a node: change_desk_drain.cpp.
    Task<Answered> drain(Open open, access::Request request, std::shared_ptr<Claims> claims);
    Task<Answered> drained(Open open, access::Request request, Result<std::string> answer,
                           std::shared_ptr<Claims> claims);
    Task<void> evictAll(std::shared_ptr<UnderWay> work, Open open, access::Request request);
    /// `request` knows of the first that is permitted that others are further parts.
    Task<void> evictDue(operate::EvictionRun& run, const Open& open, access::Request& request);
    Task<void> recordSettled(operate::EvictionRun& run, const Open& open);
    Task<Result<void>> lookAt(operate::EvictionRun& run, const Open& open);
    Task<void> resumeDrain(Open open);
    static Answered shownEviction(const Open& open, std::string_view sign, const std::string& text);
    // The objects of an archive: change_desk_restore.cpp.
    struct Restore;
    static std::string restoreKey(const std::string& id);
    Task<Result<std::shared_ptr<Restore>>> openRestore(const Open& open);
    static bool waitsForOthers(const Restore& restore, const backup::RestoreItem& item);
    static void noteMissing(Restore& restore, const backup::RestoreItem& item);
    static Open objectOf(const Open& open, operate::Plan part);
    /// What would become of its objects, as lines; false where nothing would be restored.
    enum class Trial {
        Sample,     ///< for people: as much as they wait for
        LookAtAll,  ///< before anything is restored: whether there are conflicts
    };
    Task<bool> tryRestore(const Open& open, access::Request request, Trial trial, std::string& text);
    /// Conflict where a namespace that something goes to is being deleted.
    Task<Result<void>> namespacesStay(const Open& open);
    Task<Answered> restore(Open open, access::Request request, std::shared_ptr<Claims> claims);
    static Answered shownRestore(const Open& open, const Restore& work, std::string_view sign);
    static std::string continuationText(const Open& open);
    Task<void> restoreOne(const Open& open, access::Request request, std::shared_ptr<Restore> work,
                          backup::RestoreItem item);
    /// An Error where it may go better later; every other outcome is in the tally.
    Task<Result<void>> restoreOnce(const Open& open, access::Request request, std::shared_ptr<Restore> work,
                                   backup::RestoreItem item);
    Task<Result<operate::RestoreStep>> awaitedStep(const Open& open, std::shared_ptr<Restore> work,
                                                   backup::RestoreItem item);
    static bool overwrites(const Open& open, const Restore& work, const backup::RestoreItem& item);
    Task<Result<void>> sendOne(const Open& open, access::Request request, std::shared_ptr<Restore> work,
                               backup::RestoreItem item, operate::RestoreStep step);
    Task<Result<std::string>> sendRestored(Open& part, access::Request request, std::shared_ptr<Restore> work);
    static void keepOrphan(Restore& work, operate::RestoreStep step, nlohmann::json owners);
    Task<void> awaitDefinition(const Open& open, std::string path);
    Task<void> adoptOrphans(const Open& open, access::Request request, std::shared_ptr<Restore> work);
    Task<void> resumeRestore(Open open, std::string progress);
    Task<Result<std::string>> settled(const Open& open, Result<std::string> answer);
    Task<Result<Finding>> foundOut(const Open& open);
    // Commands in containers: change_desk_exec.cpp.
    Task<Answered> ran(Open open, const std::string& answer, std::shared_ptr<Claims> claims);
    // Values of Secrets: change_desk_reveal.cpp.
    Task<Result<void>> showInPrivate(const Open& open, std::string secret);
    Task<Answered> revealed(Open open, std::string secret, std::shared_ptr<Claims> claims);
    Task<Answered> finish(Open open, Result<std::string> answer, std::shared_ptr<Claims> claims);
    Task<void> resumeOne(Open open);
    Task<bool> followOn(Open open, std::string result, storage::UnitOfWork end);
    Task<void> follow(Open open);
    std::string registered(const operate::Plan& plan, bool chinese);
    Task<bool> close(const Open& open, std::string_view decision, std::string result, storage::UnitOfWork with = {});
    void noteAction(const Open& open, rules::Action::State state, std::string result);
    void tell(const Open& open, const Answered& answer) const;

    Loop& loop_;
    LoopClock& clock_;
    Random& random_;
    operate::Control& control_;
    access::Gate& gate_;
    Flush flush_;
    NoteAction noteAction_;
    Tell tell_;
    AskApproval askApproval_;
    Reveal reveal_;
    KeptInputs keptInputs_;
    TaskGroup tasks_;
};

}  // namespace klaw::app
