#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/mcp/json_rpc.hpp"
#include "base/result.hpp"

namespace klaw::mcp {

/// One thing that a caller of a tool says.
struct Parameter {
    enum class Type { Text, Integer, Flag, Choice };
    enum class Into {
        Argument,  ///< the next word of the command
        Option,    ///< `--name`
        Verb,      ///< the command itself: what kind of thing is listed
        Result,    ///< how much of the answer comes back
    };
    std::string_view name;
    Type type = Type::Text;
    Into into = Into::Option;
    std::string_view description;
    bool required = false;
    std::string_view option{};                       ///< where it is called otherwise than the parameter
    std::vector<std::string_view> choices{};         ///< of a Choice
    std::int64_t least = 0, most = 0;                ///< of an Integer
    std::optional<std::string_view> otherwise = {};  ///< where the caller says nothing
};

/// One tool: how a model asks for what a verb of the catalogue answers.
struct Tool {
    enum class Kind {
        Read,   ///< changes nothing, now or later
        Plan,   ///< keeps what would be done
        Apply,  ///< asks people to do what was planned
    };
    std::string_view name;
    std::string_view title;
    std::string_view description;
    Kind kind = Kind::Read;
    std::string_view verb{};                ///< of a Read; empty where a parameter says it
    std::vector<std::string_view> words{};  ///< between the verb and the arguments
    std::vector<Parameter> parameters{};
    bool keepsEnd = false;     ///< of a long answer the last lines matter
    bool othersWrite = false;  ///< most of its answer is what programs in the cluster wrote
};

/// How much of an answer comes back, in bytes of what the model reads.
inline constexpr std::int64_t usualKibibytes = 12, mostKibibytes = 32;

/// All of them, in the order in which they are listed.
std::span<const Tool> tools();
const Tool* findTool(std::string_view name);
/// The reading verbs that no tool asks for, and why: they are about a conversation, or a person's own machine.
std::span<const std::string_view> verbsWithoutTool();

/// Those whose changes can be planned, by their names; sorted.
const std::vector<std::string_view>& plannableVerbs();

/// A command of the catalogue as the tool's arguments make it. Every value is one word, never an option.
struct ToolCommand {
    std::string verb;
    std::string command;
    std::string document;  ///< a text that goes with it
    std::size_t kibibytes = usualKibibytes;
    std::size_t skip = 0;  ///< rows
};
/// InvalidArgument names the argument that does not fit.
Result<ToolCommand> commandOf(const Tool& tool, const Json& arguments);
/// Of `change_plan`; `verbs` are those that the caller may use.
Result<ToolCommand> changeOf(const Json& arguments, std::span<const std::string_view> verbs);

/// As `tools/list` has it. `verbs` are those that the caller may plan changes with.
Json describe(const Tool& tool, std::span<const std::string_view> verbs);

}  // namespace klaw::mcp
