#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/access/access.hpp"
#include "agent/operate/caller.hpp"
#include "agent/operate/command_line.hpp"
#include "agent/operate/control.hpp"
#include "agent/operate/output.hpp"
#include "agent/operate/plan.hpp"
#include "base/async/task.hpp"

namespace klaw::operate {

/// One verb of the grammar: the only place where it is described and carried out.
struct Verb {
    std::string_view name;
    std::vector<std::string_view> aliases;  ///< Chinese words and kubectl's habits
    std::string_view usage;
    rules::LocalizedText summary;
    /// Whether the command as written changes something: carried out only with permission then, and audited.
    /// nullptr: it never does.
    bool (*changes)(const CommandLine& line) = nullptr;
    /// Says what would happen; an Error when it cannot.
    Result<std::string> (*preview)(const Control& control, const Caller& caller, const CommandLine& line) = nullptr;
    Result<Output> (*run)(Control& control, const Caller& caller, const CommandLine& line) = nullptr;
    /// In place of `run` where a cluster must be asked.
    Task<Result<Output>> (*ask)(Control& control, Caller caller, CommandLine line) = nullptr;
    /// What one must be allowed for the command when it changes something; to read is a permission of its own.
    std::string_view permission = "alerts";
    /// Whether a person in a chat first sees the preview and confirms it; nullptr: never.
    bool (*confirms)(const CommandLine& line) = nullptr;
    /// In place of `run` and `preview` where an object of a cluster is changed: what would be done. It is carried out
    /// for whoever confirms it and has the permission in that place.
    Task<Result<Plan>> (*plan)(Control& control, Caller caller, CommandLine line) = nullptr;
    bool undoable = false;  ///< its plans say how to take them back
    /// By their long names, beyond those that every verb, or every verb with `ask` or `plan`, has.
    std::vector<std::string_view> options{};
    /// Where a change without a plan takes effect; nothing: everywhere. nullptr: always everywhere.
    std::optional<access::Place> (*place)(const Control& control, const CommandLine& line) = nullptr;
    /// What one must be allowed to ask when it changes nothing.
    std::string_view readPermission = "read";
    /// In place of `run`: it approves or refuses what somebody else has asked for. Whoever may do that may do this.
    enum class Judgement { None, Approve, Refuse } judgement = Judgement::None;
};

/// InvalidArgument, with the nearest one, for an option that the verb does not have, and for a value of one that takes
/// none. `offered`: the command is one of Klaw's own, which may say what it is about (`--alert`).
Result<void> checkOptions(const Verb& verb, const CommandLine& line, bool offered);

std::span<const Verb> catalogue();
const Verb* findVerb(std::string_view word);
/// The verb nearest to a misspelt word; empty when none is near.
std::string_view nearestVerb(std::string_view word);

// One group a file.
std::vector<Verb> alertVerbs();
std::vector<Verb> informationVerbs();
std::vector<Verb> ruleVerbs();
std::vector<Verb> resourceVerbs();
std::vector<Verb> logVerbs();
std::vector<Verb> workloadVerbs();
std::vector<Verb> rollbackVerbs();
std::vector<Verb> nodeVerbs();
std::vector<Verb> accessVerbs();
std::vector<Verb> approvalVerbs();
std::vector<Verb> auditVerbs();
std::vector<Verb> historyVerbs();

/// All verbs as a Markdown table: usage, other words, what it does in both languages, who may, preview and undo.
std::string markdownTable();

/// For verbs that list without arguments, and change with them.
bool withArguments(const CommandLine& line);

}  // namespace klaw::operate
