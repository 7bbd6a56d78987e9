#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/operate/command_line.hpp"
#include "agent/operate/control.hpp"

namespace klaw::operate {

/// Who asks, and in which language the answer is.
struct Caller {
    std::string identity;  ///< "local:alice", "feishu:ou_…": from the platform, never from the text
    std::string language = "en";
};

/// What a person reads as the answer.
struct Reply {
    bool ok = true;
    std::string text;
};

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
    Result<std::string> (*run)(Control& control, const Caller& caller, const CommandLine& line) = nullptr;
};

std::span<const Verb> catalogue();
const Verb* findVerb(std::string_view word);
/// The verb nearest to a misspelt word; empty when none is near.
std::string_view nearestVerb(std::string_view word);

// One group a file.
std::vector<Verb> alertVerbs();
std::vector<Verb> informationVerbs();
std::vector<Verb> ruleVerbs();

/// For verbs that list without arguments, and change with them.
bool withArguments(const CommandLine& line);

}  // namespace klaw::operate
