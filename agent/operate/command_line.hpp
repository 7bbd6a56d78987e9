#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace klaw::operate {

/// A command as typed: `silence 3f9a 2h --comment "known, see ticket"`.
struct CommandLine {
    std::string verb;                            ///< two words where it is one of `cluster`: "cluster audit"
    std::vector<std::string> arguments;          ///< in order, without options
    std::map<std::string, std::string> options;  ///< long names; "" for one without a value
    std::string attachment;                      ///< a text that came with it: a rule file
    std::optional<std::string> option(const std::string& name) const {
        auto found = options.find(name);
        return found == options.end() ? std::nullopt : std::optional(found->second);
    }
};

/// Whether an option (by its long name) stands alone; all others take a value.
bool isFlag(std::string_view option);

/// Whether an option may be there several times, its values a line each; of the others the last counts.
bool isRepeatable(std::string_view option);

/// Splits at blanks; '…' and "…" hold words together, full-width quotes and blanks of Chinese keyboards too. `-n x`,
/// `--namespace x` and `--namespace=x` are options; `--env` may be there several times, its values a line each.
/// InvalidArgument for an open quote or an empty text.
Result<CommandLine> parseCommandLine(std::string_view text);

/// `exec web-0 -n shop -- df -h /` as `exec web-0 -n shop --command 'df -h /'`: options that are added to it later are
/// then not taken for arguments of the program. Other commands as they are, and those whose arguments cannot be written
/// so, as they have both kinds of quotes.
std::string withProgramAsOption(const std::string& command);

/// The words of a text, as those of a command but without options: `sh -c "sleep 5"`. InvalidArgument for an open
/// quote.
Result<std::vector<std::string>> plainWordsOf(std::string_view text);

/// A value as one word of a command; nothing for one that cannot be written so.
std::optional<std::string> asWord(const std::string& value);

/// The command as written with `***` for what may be a value behind the kind and the name that it is about: "create
/// secret db PASSWORD=***". Options other than `kept` keep theirs.
std::string withoutValues(const std::string& command, const std::vector<std::string_view>& kept);

/// The parts of an option's value, empty ones between two commas among them; what ends with a comma has none after it.
std::vector<std::string> splitAtCommas(const std::string& text);

/// The command as written without one option and its value: to write it with another one.
std::string withoutOption(const std::string& command, std::string_view name);

}  // namespace klaw::operate
