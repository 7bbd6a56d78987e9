#include "agent/operate/command_line.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace klaw::operate {
namespace {

constexpr std::size_t maxBytes = 16'000;

/// What Chinese keyboards write for the signs of the grammar.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> fullWidth{
    {{"\u3000", " "},
     {"“", "\""},
     {"”", "\""},
     {"‘", "'"},
     {"’", "'"},
     {"－", "-"},
     {"＝", "="},
     {"—", "--"},  // phones write two hyphens so
     {"–", "-"}}};

std::string narrowed(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        bool replaced = false;
        for (const auto& [wide, narrow] : fullWidth)
            if (!replaced && text.starts_with(wide)) {
                out += narrow;
                text.remove_prefix(wide.size());
                replaced = true;
            }
        if (replaced) continue;
        out += text.front();
        text.remove_prefix(1);
    }
    return out;
}

struct Word {
    std::string text;
    bool quoted = false;  ///< began with a quote: never an option
};

Result<std::vector<Word>> split(const std::string& text) {
    std::vector<Word> words;
    std::optional<Word> word;
    char quote = 0;
    for (char c : text) {
        if (quote != 0) {
            if (c == quote)
                quote = 0;
            else
                word->text += c;
        } else if (c == '"' || c == '\'') {
            if (!word) word = Word{{}, true};
            quote = c;
        } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            if (word) words.push_back(std::move(*word));
            word.reset();
        } else {
            if (!word) word = Word{};
            word->text += c;
        }
    }
    if (quote != 0) return fail(ErrorCode::InvalidArgument, std::string("a ") + quote + " is not closed");
    if (word) words.push_back(std::move(*word));
    return words;
}

std::string longName(std::string name) {
    if (name == "n") return "namespace";
    if (name == "l") return "selector";
    if (name == "c") return "cluster";
    if (name == "A" || name == "all-namespaces") return "all";
    return name;
}

}  // namespace

bool isFlag(std::string_view option) {
    static constexpr std::string_view flags[] = {"help", "all",      "yes",     "json",
                                                 "bad",  "previous", "dry-run", "timestamps"};
    return std::ranges::find(flags, option) != std::end(flags);
}

std::string withoutOption(const std::string& command, std::string_view name) {
    auto sign = " --" + std::string(name);
    auto at = command.find(sign);
    while (at != std::string::npos) {
        auto end = at + sign.size();
        bool whole = end == command.size() || command[end] == ' ' || command[end] == '=';
        if (whole && !isFlag(name) && end < command.size()) {
            end = command[end] == '=' ? end + 1 : command.find_first_not_of(' ', end);
            end = std::min(command.find(' ', std::min(end, command.size())), command.size());
        }
        if (whole) return withoutOption(command.substr(0, at) + command.substr(end), name);
        at = command.find(sign, end);
    }
    return command;
}

Result<CommandLine> parseCommandLine(std::string_view text) {
    if (text.size() > maxBytes) return fail(ErrorCode::InvalidArgument, "the command is too long");
    auto words = split(narrowed(text));
    if (!words) return fail(std::move(words).error());
    if (words->empty())
        return fail(ErrorCode::InvalidArgument, "the command is empty", {}, "`help` lists what there is");
    CommandLine line;
    line.verb = words->front().text;
    for (std::size_t i = 1; i < words->size(); ++i) {
        auto& word = (*words)[i];
        bool option = !word.quoted && word.text.size() > 1 && word.text.front() == '-';
        if (!option) {
            line.arguments.push_back(std::move(word.text));
            continue;
        }
        auto name = word.text.substr(std::min(word.text.find_first_not_of('-'), word.text.size()));
        auto equals = name.find('=');
        if (equals != std::string::npos) {
            line.options[longName(name.substr(0, equals))] = name.substr(equals + 1);
            continue;
        }
        name = longName(name);
        if (isFlag(name))
            line.options[name] = "";
        else if (i + 1 < words->size())
            line.options[name] = (*words)[++i].text;
        else
            return fail(ErrorCode::InvalidArgument, "--" + name + " needs a value");
    }
    return line;
}

}  // namespace klaw::operate
