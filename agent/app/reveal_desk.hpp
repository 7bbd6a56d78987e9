#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "agent/app/change_desk.hpp"
#include "base/async/loop_clock.hpp"
#include "base/async/loop_condition.hpp"
#include "base/async/task_group.hpp"
#include "notifiers/private_notes.hpp"

namespace klaw::app {

/// Shows values to one person and takes them back in time, also when the agent was killed meanwhile. A value goes from
/// the API server's answer to the platform's call: it is never kept, recorded, logged or said anywhere else. On the
/// loop thread.
class RevealDesk {
public:
    using Flush = ChangeDesk::Flush;
    /// How the application of that name writes to people; null where it is gone.
    using NotesOf = std::function<std::unique_ptr<notifiers::PrivateNotes>(const std::string& app)>;

    /// References outlive the desk.
    RevealDesk(Loop& loop, LoopClock& clock, Flush flush, NotesOf notesOf);

    /// Shows `value`, bytes of a Secret; ends when it is there, or with the reason why it is not. Then it is taken back
    /// at its time without anybody's doing. Where whoever waits is cancelled it is sent nevertheless.
    Task<Result<void>> show(Revealed revealed, std::string value);
    /// What was shown when the agent ended, from `RecoveredState::meta`. Once, when applications are there.
    void resume(const std::map<std::string, std::string, std::less<>>& meta);
    /// Waits for a few seconds for what is being sent, as only the platform's answer says which message it is.
    Task<void> stop();

    /// Of the entries in meta.
    static constexpr std::string_view keyPrefix = "reveal:";

private:
    struct Note;
    struct Delivery;
    static storage::MetaEntry kept(const Note& note);
    Task<Result<void>> keep(const Note& note);
    Task<void> deliver(std::shared_ptr<Delivery> delivery, Note note, std::string text);
    Task<Result<void>> sent(Note note, std::string text);
    Task<void> takeBack(Note note);
    Task<Result<void>> identified(Note& note);
    Task<Result<void>> recalled(const Note& note);
    Task<void> end(Note note, std::string_view decision, std::string result);

    Loop& loop_;
    LoopClock& clock_;
    Flush flush_;
    NotesOf notesOf_;
    LoopCondition delivered_;
    std::size_t delivering_ = 0;
    TaskGroup tasks_;
};

}  // namespace klaw::app
