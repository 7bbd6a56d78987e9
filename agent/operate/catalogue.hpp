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

/// What a command may do to those who use what it changes.
enum class Danger {
    Low,     ///< nothing they notice, or what one command takes back
    Medium,  ///< Pods are replaced, or stop
    High,    ///< what is gone does not come back, or much goes at once
};

/// One verb of the grammar: the only place where it is described and carried out.
struct Verb {
    std::string_view name;                  ///< one word, or "cluster" and another: "cluster audit"
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
    bool everywhere = false;      ///< with `ask`: about all clusters where none is named
    Danger danger = Danger::Low;  ///< where it changes something
    /// Whether the command looks at something that moves, and where it is: the card of the answer follows it.
    bool (*follows)(const CommandLine& line) = nullptr;
    Task<Result<Plan>> (*followed)(Control& control, Caller caller, CommandLine line) = nullptr;
    /// A text of several lines goes with the command, after its first line.
    bool document = false;
    bool runsProgram = false;  ///< what follows `--` are a program and its arguments
    /// Whether the values among its arguments, or its document, are for nobody's eyes.
    bool (*secret)(const CommandLine& line) = nullptr;
};

/// InvalidArgument, with the nearest one, for an option that the verb does not have, and for a value of one that takes
/// none. `offered`: the command is one of Klaw's own, which may say what it is about (`--alert`).
Result<void> checkOptions(const Verb& verb, const CommandLine& line, bool offered);

/// Those that people write, beside `--help`, `--json` and `--page`, which every verb has.
std::vector<std::string_view> optionsOf(const Verb& verb);

std::span<const Verb> catalogue();
const Verb* findVerb(std::string_view word);
/// What a misspelt or shortened word may mean, the likeliest first, as it would be written: the verbs that begin like
/// it, and else the nearest one, in either language. At most three.
std::vector<std::string_view> likelyVerbs(std::string_view word);

// One group a file.
std::vector<Verb> alertVerbs();
std::vector<Verb> informationVerbs();
std::vector<Verb> ruleVerbs();
std::vector<Verb> resourceVerbs();
std::vector<Verb> logVerbs();
std::vector<Verb> workloadVerbs();
std::vector<Verb> rollbackVerbs();
std::vector<Verb> rolloutVerbs();
std::vector<Verb> nodeVerbs();
std::vector<Verb> drainVerbs();
std::vector<Verb> setVerbs();
std::vector<Verb> createVerbs();
std::vector<Verb> deleteVerbs();
std::vector<Verb> applyVerbs();
std::vector<Verb> execVerbs();
std::vector<Verb> revealVerbs();
std::vector<Verb> accessVerbs();
std::vector<Verb> approvalVerbs();
std::vector<Verb> auditVerbs();
std::vector<Verb> historyVerbs();
std::vector<Verb> statusVerbs();
std::vector<Verb> clusterVerbs();
std::vector<Verb> lifecycleVerbs();
std::vector<Verb> clusterDeployVerbs();
std::vector<Verb> clusterUpgradeVerbs();
std::vector<Verb> securityVerbs();
std::vector<Verb> backupVerbs();
std::vector<Verb> restoreVerbs();
std::vector<Verb> volumeVerbs();

/// A message as a command and the text that goes with it: what follows the first line, out of its fences, where the
/// verb takes one.
struct Message {
    std::string command, document;
};
Message messageOf(const std::string& text);

/// What may be shown, kept and recorded of a command: without values of Secrets, and without a text that goes with it.
std::string shownCommand(const std::string& command);

/// The least role that may: "viewer; to change: operator".
std::string whoMay(const Verb& verb);
/// "low", "高"; empty for a verb that never changes anything.
std::string dangerOf(const Verb& verb, bool chinese);

/// All verbs as a Markdown table: usage, other words, what it does in both languages, who may, danger, preview and
/// undo.
std::string markdownTable();

/// For verbs that list without arguments, and change with them.
bool withArguments(const CommandLine& line);

}  // namespace klaw::operate
