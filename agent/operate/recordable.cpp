#include "agent/operate/recordable.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "agent/operate/catalogue.hpp"
#include "agent/operate/command_line.hpp"
#include "agent/operate/resource_kinds.hpp"
#include "agent/operate/secret_values.hpp"
#include "base/text/secrets.hpp"
#include "base/text/utf8.hpp"

namespace klaw::operate {
namespace {

constexpr std::size_t longest = 1000;
constexpr auto mask = "***";

/// As written, with their quotes; also of a command whose quotes are not closed.
std::vector<std::string_view> wordsOf(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    std::vector<std::string_view> words;
    char quote = 0;
    std::size_t from = text.npos;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        bool ends = i == text.size() || (quote == 0 && blanks.find(text[i]) != blanks.npos);
        if (ends && from != text.npos) words.push_back(text.substr(from, i - from));
        if (ends) {
            from = text.npos;
            continue;
        }
        if (from == text.npos) from = i;
        char c = text[i];
        if (quote == 0 && (c == '"' || c == '\''))
            quote = c;
        else if (c == quote)
            quote = 0;
    }
    return words;
}

bool isSecretKind(std::string_view word) {
    const auto* kind = findResourceKind(word.substr(0, word.find_first_of("/.")));
    return kind && kind->kind == "Secret";
}

/// Of options whose values say where and how, never what.
bool isHarmless(std::string_view option) {
    static constexpr std::string_view names[] = {"n",      "namespace", "c",     "cluster",   "l",       "selector",
                                                 "expect", "alert",     "since", "container", "language"};
    return std::ranges::find(names, option) != std::end(names);
}

/// Values stand behind a `=`, or in the word after an option.
std::string withoutValues(std::string_view command) {
    std::string out;
    bool nextIsValue = false;
    for (auto word : wordsOf(command)) {
        out += out.empty() ? "" : " ";
        auto dashes = std::min(word.find_first_not_of('-'), word.size());
        auto equals = word.find('=');
        auto name = word.substr(dashes, equals == word.npos ? word.npos : equals - dashes);
        bool option = dashes > 0 && dashes < word.size();
        if (nextIsValue) {
            out += mask;
            nextIsValue = false;
        } else if (equals != word.npos && !(option && isHarmless(name))) {
            out += std::string(word.substr(0, equals + 1)) + mask;
        } else {
            out += word;
            nextIsValue = option && equals == word.npos && !isFlag(name) && !isHarmless(name);
        }
    }
    return out;
}

/// Of a command that runs a program: its arguments one by one, as one tells what the next one is.
std::string withMaskedProgram(std::string_view command) {
    auto word = std::string(command.substr(0, command.find_first_of(" \t\r\n")));
    const auto* verb = findVerb(word);
    if (!verb || !verb->runsProgram) return std::string(command);
    auto text = withProgramAsOption(std::string(command));
    auto line = parseCommandLine(text);
    if (!line || line->options.contains("")) return word + " " + mask;
    auto program = line->option("command");
    if (!program) return text;
    auto arguments = plainWordsOf(*program);
    std::string shown;
    if (arguments)
        for (const auto& argument : recordableArguments(*arguments)) {
            bool plain = !argument.empty() && argument.find_first_of(" \t\r\n'\"") == std::string::npos;
            shown += (shown.empty() ? "" : " ") + (plain ? argument : asWord(argument).value_or(mask));
        }
    auto option = arguments ? asWord(shown) : std::nullopt;
    return withoutOption(text, "command") + " --command " + option.value_or(mask);
}

}  // namespace

bool isAboutSecrets(std::string_view command) {
    auto text = withPlainBlanks(command);
    return std::ranges::any_of(wordsOf(text), isSecretKind);
}

std::string recordable(std::string_view command) {
    auto text = isAboutSecrets(command) ? withoutValues(withPlainBlanks(command)) : withMaskedProgram(command);
    return truncateUtf8(maskSecrets(text), longest);
}

std::vector<std::string> recordableArguments(const std::vector<std::string>& arguments) {
    nlohmann::json masked(arguments);
    maskSecretValues(masked);
    std::vector<std::string> shown;
    for (const auto& argument : masked)
        shown.push_back(truncateUtf8(maskSecrets(argument.get<std::string>()), longest));
    return shown;
}

}  // namespace klaw::operate
