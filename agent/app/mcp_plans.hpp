#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/access/access.hpp"
#include "agent/operate/caller.hpp"
#include "base/random.hpp"
#include "base/time.hpp"

namespace klaw::app {

/// A change that a program has planned, and what became of it.
struct McpPlan {
    enum class State {
        Planned,
        Asking,   ///< its card is being stored
        Waiting,  ///< for a person, or for the end of what has begun
        Done,
        Failed,
        Unknown,  ///< somebody has to look
    };
    std::string id;         ///< cannot be guessed
    std::string principal;  ///< only they may ask for it
    operate::Caller caller;
    std::string verb{};
    std::string shown;                     ///< the command as people read it
    std::string confirm;                   ///< the command that does it, for the button alone: no program gets it
    std::string text;                      ///< what it would do
    std::string reads{};                   ///< what the program had read before
    std::vector<access::Request> needs{};  ///< what whoever asks for it must be allowed
    TimePoint until{};                     ///< before that it is asked for, and then before that it is pressed
    State state = State::Planned;
    bool begun = false;  ///< somebody has confirmed it: it ends, whatever the time
    std::string by{};    ///< who that was
    std::string word;    ///< what was said of it last
    bool over() const { return state == State::Done || state == State::Failed; }
};

/// Plans as programs see them, in memory: one that is lost with the agent is made again. A button that is out goes on
/// working.
class McpPlans {
public:
    static constexpr Duration lifetime = 10min;

    explicit McpPlans(Random& random) : random_(random) {}
    const McpPlan& add(McpPlan plan, TimePoint now);
    /// Null for one that is not theirs, was never there, or has expired unasked.
    McpPlan* find(const std::string& id, const std::string& principal, TimePoint now);
    McpPlan* find(const std::string& id);
    /// By the id of its card.
    McpPlan* ofCard(const std::string& card);
    static std::string cardOf(const McpPlan& plan);

private:
    void forget(TimePoint now);

    Random& random_;
    std::map<std::string, McpPlan, std::less<>> plans_;
};

}  // namespace klaw::app
