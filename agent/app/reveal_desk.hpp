#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "agent/app/change_desk.hpp"
#include "base/async/loop_clock.hpp"
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
    /// at its time without anybody's doing.
    Task<Result<void>> show(Revealed revealed, std::string value);
    /// What was shown when the agent ended, from `RecoveredState::meta`. Once, when applications are there.
    void resume(const std::map<std::string, std::string, std::less<>>& meta);
    Task<void> stop() { return tasks_.stop(); }

    /// Of the entries in meta.
    static constexpr std::string_view keyPrefix = "reveal:";

private:
    struct Note;
    static storage::MetaEntry kept(const Note& note);
    Task<Result<void>> keep(const Note& note);
    Task<void> takeBack(Note note);
    Task<Result<void>> recalled(Note& note);
    Task<void> end(Note note, std::string_view decision, std::string result);

    LoopClock& clock_;
    Flush flush_;
    NotesOf notesOf_;
    TaskGroup tasks_;
};

}  // namespace klaw::app
