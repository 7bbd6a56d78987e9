#include "agent/access/exec_rule.hpp"

#include <algorithm>
#include <iterator>

#include "agent/access/role.hpp"

namespace klaw::access {
namespace {

constexpr std::string_view anyArgument = "*", anyOption = "-*";

/// Those run any text that they are given. Names are as normalised() writes them.
constexpr std::string_view shells[] = {"sh",   "bash",  "dash", "ash",  "zsh",  "ksh",    "mksh",      "oksh",
                                       "lksh", "rksh",  "csh",  "tcsh", "fish", "rbash",  "yash",      "posh",
                                       "hush", "xonsh", "pwsh", "cmd",  "nu",   "elvish", "powershell"};
/// Those run another program, load code, or are a language of their own. There are more of them.
constexpr std::string_view launchers[] = {
    "env",         "xargs",      "busybox",   "toybox",       "sudo",     "su",
    "su-exec",     "doas",       "pkexec",    "gosu",         "runuser",  "setpriv",
    "chroot",      "nsenter",    "unshare",   "setsid",       "nohup",    "timeout",
    "nice",        "ionice",     "chrt",      "taskset",      "numactl",  "prlimit",
    "setarch",     "capsh",      "time",      "watch",        "script",   "stdbuf",
    "unbuffer",    "flock",      "find",      "parallel",     "entr",     "run-parts",
    "exec",        "eval",       "awk",       "gawk",         "mawk",     "nawk",
    "sed",         "python",     "pypy",      "perl",         "ruby",     "irb",
    "node",        "nodejs",     "deno",      "bun",          "php",      "lua",
    "luajit",      "tclsh",      "wish",      "expect",       "guile",    "julia",
    "rscript",     "erl",        "escript",   "elixir",       "iex",      "java",
    "jshell",      "jrunscript", "groovy",    "scala",        "kotlin",   "osascript",
    "gdb",         "lldb",       "strace",    "ltrace",       "valgrind", "perf",
    "ssh",         "scp",        "sftp",      "rsh",          "dbclient", "socat",
    "nc",          "ncat",       "netcat",    "telnet",       "kubectl",  "docker",
    "podman",      "nerdctl",    "crictl",    "ctr",          "runc",     "crun",
    "tini",        "dumb-init",  "catatonit", "s6-setuidgid", "chpst",    "start-stop-daemon",
    "systemd-run", "screen",     "tmux",      "vi",           "vim",      "nvim",
    "vimdiff",     "ed",         "ex",        "emacs",        "nano",     "less",
    "man",         "tar",        "bsdtar",    "cpio",         "zip",      "rsync",
    "make",        "git",        "wscript",   "cscript",      "rundll",   "fakeroot",
    "proot",       "bwrap"};
/// The loader of programs, whose name has the machine and a version in it.
constexpr std::string_view loaders[] = {"ld-linux", "ld-musl", "ld.so", "ld"};

/// "python" of "/usr/bin/Python3.11", "busybox" of "busybox.static", "cmd" of "C:\\cmd.EXE".
std::string normalised(std::string_view program) {
    program = program.substr(program.find_last_of("/\\") + 1);  // npos + 1 is 0
    std::string name(program);
    for (auto& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    for (std::string_view ending : {".exe", ".static"})
        if (name.ends_with(ending)) name.resize(name.size() - ending.size());
    name.resize(name.find_last_not_of("0123456789.-") + 1);
    return name;
}

bool isShell(std::string_view program) {
    return std::ranges::find(shells, normalised(program)) != std::end(shells);
}

bool isLauncher(std::string_view program) {
    auto name = normalised(program);
    bool loads = std::ranges::any_of(loaders, [&](std::string_view loader) {
        return name == loader || (name.starts_with(loader) && name.find(".so") != name.npos);
    });
    return loads || std::ranges::find(launchers, name) != std::end(launchers);
}

bool fits(const std::vector<std::string>& patterns, std::string_view text) {
    return patterns.empty() || matchesAny(patterns, text);
}

bool fits(const std::string& pattern, const std::string& argument) {
    bool open = pattern == anyArgument || pattern == anyOption;
    if (open && (isShell(argument) || isLauncher(argument))) return false;
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
        if (isShell(element))
            return fail(ErrorCode::InvalidArgument, "\"" + element + "\" is a shell, which runs whatever it is given",
                        {}, "name the program itself, with an element for each of its arguments");
        if (isLauncher(element))
            return fail(ErrorCode::InvalidArgument, "\"" + element + "\" can run any other program or text", {},
                        "name the program itself, with an element for each of its arguments");
    }
    const auto& program = command.front();
    if (program == anyArgument || program == anyOption)
        return fail(ErrorCode::InvalidArgument, "the program is left open", {},
                    "begin with its name; only arguments may be \"*\"");
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
