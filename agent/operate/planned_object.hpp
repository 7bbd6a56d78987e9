#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "agent/operate/caller.hpp"
#include "agent/operate/command_line.hpp"
#include "agent/operate/control.hpp"
#include "agent/operate/plan.hpp"
#include "base/async/task.hpp"

namespace klaw::operate {

/// An object that a command is about, as its API server has it now.
struct PlannedObject {
    nlohmann::json json;
    Plan plan;                       ///< where it is; nothing of the change yet
    std::vector<std::string> words;  ///< of the command, after those that name the object
};

/// Reads what `restart deploy/web -n shop` or `restart deployment web -n shop` means; a name alone is looked for among
/// `kinds` in their order. InvalidArgument where the command says too little or another kind, NotFound where there is
/// no such object.
Task<Result<PlannedObject>> plannedObject(Control& control, Caller caller, CommandLine line,
                                          std::vector<std::string_view> kinds);

/// The place of an object that is still to be made: as plannedObject() finds them, and with the same errors; Conflict
/// where there is one of that name already. Its plan has no UID.
Task<Result<PlannedObject>> plannedCreation(Control& control, Caller caller, CommandLine line, std::string_view kind);

/// By which a change of an object that matters for a change of its values at `pointers` is noticed: its generation;
/// where it has none its resourceVersion ("r17"), or for a Node, which its kubelet writes all the time, a digest of
/// those values ("v0b5c…"). Empty for a Pod, which is only deleted: there the UID is enough.
std::string stateOf(const nlohmann::json& object, const std::vector<std::string>& pointers);

/// A JSON Patch (RFC 6902) that the API server takes only while the object is the one that was read, in the same
/// stateOf().
class GuardedPatch {
public:
    explicit GuardedPatch(const nlohmann::json& object);
    /// Puts `value` at a JSON pointer, with the objects above it where they are missing.
    void set(const std::string& pointer, nlohmann::json value);
    void remove(const std::string& pointer);
    bool empty() const { return pointers_.empty(); }
    /// The change, and what it is based on, into a plan for the object.
    void putInto(Plan& plan) const;

private:
    void testOldValue(const std::string& pointer);

    nlohmann::json read_;
    nlohmann::json object_;
    std::vector<std::string> pointers_;
    nlohmann::json operations_ = nlohmann::json::array();
};

/// The JSON pointer to a member of what is at another one; names have any characters.
std::string pointerTo(const std::string& parent, const std::string& name);
/// The value at a JSON pointer; null where there is none.
const nlohmann::json& valueAt(const nlohmann::json& json, const std::string& pointer);
/// The same where it is a list; an empty one for anything else.
const nlohmann::json& listAt(const nlohmann::json& json, const std::string& pointer);
/// The same where it is a text; empty for anything else.
std::string textAt(const nlohmann::json& json, const std::string& pointer);

}  // namespace klaw::operate
