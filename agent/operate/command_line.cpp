#include "agent/operate/command_line.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text/utf8.hpp"
#include "rules/suggestion.hpp"

namespace klaw::operate {
namespace {

constexpr std::size_t maxBytes = 16'000;

/// What Chinese keyboards write for the signs of the grammar.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> fullWidth{
    {{"“", "\""},
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

constexpr std::string_view flags[] = {"help", "all", "yes", "json", "bad", "previous", "dry-run", "timestamps"};

struct Word {
    std::string text;
    std::string written;  ///< with its quotes
    bool quoted = false;  ///< began with a quote: never an option
    bool isOption() const { return !quoted && text.size() > 1 && text.front() == '-'; }
};

Result<std::vector<Word>> split(const std::string& text) {
    std::vector<Word> words;
    std::optional<Word> word;
    char quote = 0;
    for (char c : text) {
        bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
        bool opens = quote == 0 && (c == '"' || c == '\'');
        if (quote == 0 && blank) {
            if (word) words.push_back(std::move(*word));
            word.reset();
            continue;
        }
        if (!word) word = Word{{}, {}, opens};
        word->written += c;
        if (opens)
            quote = c;
        else if (c == quote)
            quote = 0;
        else
            word->text += c;
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

/// A misspelt one seems to want a value.
std::string flagNear(const std::string& option) {
    auto near = rules::nearest(option, flags);
    return near ? "did you mean --" + std::string(*near) + "?" : std::string();
}

/// What a word that is an option says.
struct Given {
    explicit Given(const std::string& word) {
        auto text = word.substr(std::min(word.find_first_not_of('-'), word.size()));
        auto equals = text.find('=');
        name = longName(text.substr(0, equals));
        if (equals != std::string::npos) value = text.substr(equals + 1);
    }
    std::string name;
    std::optional<std::string> value;
};

}  // namespace

bool isFlag(std::string_view option) {
    return std::ranges::find(flags, option) != std::end(flags);
}

std::string withoutOption(const std::string& command, std::string_view name) {
    auto words = split(narrowed(command));
    if (!words) return command;
    std::string kept;
    auto keep = [&](const Word& word) { kept += (kept.empty() ? "" : " ") + word.written; };
    for (std::size_t i = 0; i < words->size(); ++i) {
        const auto& word = (*words)[i];
        if (i == 0 || !word.isOption()) {
            keep(word);
            continue;
        }
        Given given(word.text);
        bool stays = given.name != name;
        if (stays) keep(word);
        bool takesNext = !given.value && !isFlag(given.name) && i + 1 < words->size();
        if (takesNext && stays) keep((*words)[i + 1]);
        if (takesNext) ++i;
    }
    return kept;
}

Result<CommandLine> parseCommandLine(std::string_view text) {
    if (text.size() > maxBytes) return fail(ErrorCode::InvalidArgument, "the command is too long");
    auto words = split(narrowed(withPlainBlanks(text)));
    if (!words) return fail(std::move(words).error());
    if (words->empty())
        return fail(ErrorCode::InvalidArgument, "the command is empty", {}, "`help` lists what there is");
    CommandLine line;
    line.verb = words->front().text;
    for (std::size_t i = 1; i < words->size(); ++i) {
        auto& word = (*words)[i];
        if (!word.isOption()) {
            line.arguments.push_back(std::move(word.text));
            continue;
        }
        Given given(word.text);
        if (given.value)
            line.options[given.name] = *given.value;
        else if (isFlag(given.name))
            line.options[given.name] = "";
        else if (i + 1 < words->size())
            line.options[given.name] = (*words)[++i].text;
        else
            return fail(ErrorCode::InvalidArgument, "--" + given.name + " needs a value", {}, flagNear(given.name));
    }
    return line;
}

}  // namespace klaw::operate
