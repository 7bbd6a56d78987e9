#pragma once

#include <functional>
#include <string>
#include <vector>

#include "agent/operate/caller.hpp"
#include "agent/operate/output.hpp"

namespace klaw::app {

struct Answered {
    bool ok = false;
    std::string text;
    bool tabular = false;               ///< `text` is in columns
    operate::Page page;                 ///< which one of how many
    std::string pagedCommand;           ///< the command without the number of a page
    std::string confirm;                ///< the command that carries out what `text` says would happen
    std::vector<std::string> clusters;  ///< one of them was meant: `--cluster` says which
    bool reads = false;                 ///< nothing was or would be changed
    bool living = false;                ///< it goes on after this, or can be changed
    std::string undo;                   ///< the command that takes back what was done
    std::string card;                   ///< id of the card whose button was pressed

    static Answered saying(std::string text) {
        Answered answer;
        answer.ok = true;
        answer.text = std::move(text);
        return answer;
    }
    static Answered refusing(std::string text) {
        auto answer = saying(std::move(text));
        answer.ok = false;
        return answer;
    }
};

/// A command as somebody gave it.
struct Asked {
    operate::Caller caller;
    std::string command;
    std::string attachment;    ///< a text that goes with it, or empty
    std::size_t pageSize = 0;  ///< rows that the asker can read at once; 0: all
    std::string card{};        ///< id of the card whose button was pressed
    /// Told how it goes on after the answer, where it does. On the loop thread.
    std::function<void(const Answered& answer)> progress{};
};

}  // namespace klaw::app
