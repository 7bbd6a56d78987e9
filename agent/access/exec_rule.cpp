#include "agent/access/exec_rule.hpp"

#include <algorithm>
#include <array>

#include "agent/access/role.hpp"

namespace klaw::access {
namespace {

constexpr std::string_view anyArgument = "*", anyOption = "-*";

/// Those run any text that they are given.
constexpr std::array<std::string_view, 13> shells{"sh",  "bash", "dash", "ash",   "zsh",  "ksh",       "mksh",
                                                  "csh", "tcsh", "fish", "rbash", "pwsh", "powershell"};
/// Those run another program, or are a language of their own.
constexpr std::array<std::string_view, 48> launchers{
    "env",    "xargs",   "busybox", "toybox",    "sudo",   "su",      "doas",   "chroot",  "nsenter", "unshare",
    "setsid", "nohup",   "timeout", "nice",      "ionice", "time",    "watch",  "script",  "find",    "parallel",
    "exec",   "eval",    "awk",     "gawk",      "mawk",   "sed",     "python", "python2", "python3", "perl",
    "ruby",   "node",    "php",     "lua",       "tclsh",  "expect",  "gdb",    "strace",  "ssh",     "socat",
    "nc",     "kubectl", "tini",    "dumb-init", "gosu",   "setpriv", "stdbuf", "runuser"};

std::string_view fileName(std::string_view program) {
    return program.substr(program.rfind('/') + 1);
}

template <class Names>
bool isAmong(const Names& names, std::string_view program) {
    return std::ranges::find(names, fileName(program)) != names.end();
}

bool fits(const std::vector<std::string>& patterns, std::string_view text) {
    return patterns.empty() || matchesAny(patterns, text);
}

bool fits(const std::string& pattern, const std::string& argument) {
    if (pattern == anyArgument) return !argument.empty() && argument.front() != '-';
    if (pattern == anyOption) return argument.starts_with('-');
    return pattern == argument;
}

}  // namespace

Result<void> checkCommand(const std::vector<std::string>& command) {
    if (command.empty() || command.front().empty())
        return fail(ErrorCode::InvalidArgument, "there is no program", {}, "write for example [df, -h]");
    for (const auto& element : command) {
        bool stands = element == anyArgument || element == anyOption;
        if (!stands && element.find('*') != std::string::npos)
            return fail(ErrorCode::InvalidArgument, "\"" + element + "\": `*` stands for one whole argument", {},
                        "write \"*\", or \"-*\" for an option, as an element of its own");
        if (isAmong(shells, element))
            return fail(ErrorCode::InvalidArgument, "\"" + element + "\" is a shell, which runs whatever it is given",
                        {}, "name the program itself, with an element for each of its arguments");
    }
    const auto& program = command.front();
    if (program == anyArgument || program == anyOption)
        return fail(ErrorCode::InvalidArgument, "the program is left open", {},
                    "begin with its name; only arguments may be \"*\"");
    if (isAmong(launchers, program))
        return fail(ErrorCode::InvalidArgument, "\"" + program + "\" can run any other program or text", {},
                    "name the program itself, with an element for each of its arguments");
    return {};
}

bool covers(const ExecRule& rule, const Place& place, std::string_view container) {
    return fits(rule.clusters, place.cluster) && fits(rule.namespaces, place.ns) && fits(rule.names, place.name) &&
           fits(rule.containers, container);
}

bool allows(const ExecRule& rule, const std::vector<std::string>& arguments) {
    return std::ranges::equal(rule.command, arguments, [](const std::string& pattern, const std::string& argument) {
        return fits(pattern, argument);
    });
}

std::string written(const ExecRule& rule) {
    std::string text;
    for (const auto& element : rule.command) text += (text.empty() ? "" : " ") + element;
    return text;
}

}  // namespace klaw::access
