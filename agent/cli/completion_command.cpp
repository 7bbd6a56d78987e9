#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "agent/cli/commands.hpp"
#include "agent/operate/catalogue.hpp"

namespace klaw::cli {
namespace {

using operate::Verb;

/// The first of two words that are one verb: "cluster audit".
constexpr std::string_view firstOfTwo = "cluster";

std::string quoted(std::string_view word) {
    auto text = std::string(word);
    return text.find(' ') == text.npos ? text : "\"" + text + "\"";
}

/// The options that a verb has, by their long names; for the first of two words also what may follow.
std::vector<std::string> wordsOf(const Verb& verb) {
    std::vector<std::string> words{"--help", "--json"};
    if (std::ranges::find(verb.aliases, firstOfTwo) != verb.aliases.end())
        for (const auto& other : operate::catalogue())
            if (auto blank = other.name.find(' '); blank != other.name.npos)
                words.emplace_back(other.name.substr(blank + 1));
    for (auto option : operate::optionsOf(verb)) words.push_back("--" + std::string(option));
    return words;
}

/// `  restart) words="--namespace …" ;;`
std::string casesOfVerbs() {
    std::string cases;
    for (const auto& verb : operate::catalogue()) {
        auto names = quoted(verb.name);
        for (auto alias : verb.aliases)
            if (alias != "?") names += "|" + quoted(alias);
        cases += fmt::format("        {}) words=\"{}\" ;;\n", names, fmt::join(wordsOf(verb), " "));
    }
    return cases;
}

std::string casesOfCommands(const CommandTree& tree) {
    std::string cases;
    for (const auto& [name, words] : tree)
        if (!name.empty() && !words.empty())
            cases += fmt::format("        {}) words=\"{}\" ;;\n", name, fmt::join(words, " "));
    return cases;
}

std::string bashScript(const CommandTree& tree) {
    std::string verbs;
    for (const auto& verb : operate::catalogue())
        if (verb.name.find(' ') == verb.name.npos) verbs += std::string(verb.name) + " ";
    verbs += firstOfTwo;
    auto top = tree.find("");
    auto commands = top == tree.end() ? std::vector<std::string>() : top->second;
    return fmt::format(R"SH(# klaw completion: eval "$(klaw completion bash)"
_klaw() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" command="${{COMP_WORDS[1]}}" words=""
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="{}"
    elif [ "$command" = do ] && [ "$COMP_CWORD" -eq 2 ]; then
        words="{}"
    elif [ "$command" = do ]; then
        local verb="${{COMP_WORDS[2]}}"
        [ "$verb" = cluster ] && [ "$COMP_CWORD" -gt 3 ] && verb="cluster ${{COMP_WORDS[3]}}"
        case "$verb" in
{}        esac
    else
        case "$command" in
{}        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    [ "${{#COMPREPLY[@]}}" -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}}
complete -F _klaw klaw
)SH",
                       fmt::join(commands, " "), verbs, casesOfVerbs(), casesOfCommands(tree));
}

}  // namespace

int completionCommand(const std::string& shell, const CommandTree& tree) {
    if (shell == "zsh")
        std::cout << "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n";
    std::cout << bashScript(tree);
    return 0;
}

}  // namespace klaw::cli
