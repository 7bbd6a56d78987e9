#include "agent/operate/command_line.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "agent/operate/catalogue.hpp"
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

constexpr std::string_view flags[] = {"help",
                                      "all",
                                      "yes",
                                      "json",
                                      "bad",
                                      "previous",
                                      "dry-run",
                                      "timestamps",
                                      "force",
                                      "delete-emptydir-data",
                                      "overwrite",
                                      "force-conflicts",
                                      "read-only",
                                      "impersonate",
                                      "despite-findings",
                                      "unknown-archive"};

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
        else if (quote != 0 && c == quote)
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

bool isRepeatable(std::string_view option) {
    return option == "env";
}

Result<std::vector<std::string>> plainWordsOf(std::string_view text) {
    auto words = split(std::string(text));
    if (!words) return fail(std::move(words).error());
    std::vector<std::string> texts;
    for (auto& word : *words) texts.push_back(std::move(word.text));
    return texts;
}

std::optional<std::string> asWord(const std::string& value) {
    if (narrowed(withPlainBlanks(value)) != value) return std::nullopt;
    bool plain = !value.empty() && value.front() != '-' && value.find_first_of(" \t\r\n'\"") == std::string::npos;
    if (plain) return value;
    for (char quote : {'\'', '"'})
        if (value.find(quote) == std::string::npos) return quote + value + quote;
    return std::nullopt;
}

std::string withProgramAsOption(const std::string& command) {
    auto words = split(narrowed(withPlainBlanks(command)));
    if (!words) return command;
    auto isEnd = [](const Word& word) { return !word.quoted && word.text == "--"; };
    auto end = std::ranges::find_if(*words, isEnd);
    if (end == words->end()) return command;
    std::string before, program;
    for (auto word = words->begin(); word != end; ++word) {
        // As with kubectl; elsewhere it is the cluster.
        auto written = word->written;
        bool isShort = written == "-c" || written.starts_with("-c=");
        if (isShort) written.replace(0, 2, "--container");
        before += (before.empty() ? "" : " ") + written;
    }
    for (auto word = end + 1; word != words->end(); ++word) {
        bool plain = !word->text.empty() && word->text.find_first_of(" \t\r\n'\"") == std::string::npos;
        auto one = plain ? std::optional(word->text) : asWord(word->text);
        if (!one) return command;
        program += (program.empty() ? "" : " ") + *one;
    }
    auto option = program.empty() ? std::nullopt : asWord(program);
    if (!option) return command;
    bool quoted = option->front() == '\'' || option->front() == '"';
    return before + " --command " + (quoted ? *option : "'" + *option + "'");
}

namespace {

/// Of the words behind a verb: whether the kind and the name of its object are through.
class ObjectWords {
public:
    /// Whether `word` still belongs to them.
    bool take(const std::string& word) {
        if (word.find('=') != std::string::npos) named_ = true;
        if (named_) return false;
        if (word == "data" || word == "generic") return true;
        named_ = word.find('/') != std::string::npos || ++words_ == 2;
        return true;
    }

private:
    bool named_ = false;
    int words_ = 0;
};

std::string withoutValue(const std::string& word) {
    auto key = word.substr(0, word.find('='));
    bool plain = key.find_first_of(" \t\r\n'\"") == std::string::npos;
    if (plain && word.size() > key.size()) return key + "=***";
    return plain && word.ends_with('-') ? word : "***";
}

}  // namespace

std::string withoutValues(const std::string& command, const std::vector<std::string_view>& kept) {
    auto words = split(narrowed(withPlainBlanks(command)));
    if (!words || words->empty()) return "***";
    auto shown = words->front().written;
    ObjectWords object;
    for (std::size_t i = 1; i < words->size(); ++i) {
        const auto& word = (*words)[i];
        if (!word.isOption()) {
            shown += " " + (object.take(word.text) ? word.written : withoutValue(word.text));
            continue;
        }
        Given given(word.text);
        bool keeps = isFlag(given.name) || std::ranges::find(kept, given.name) != kept.end();
        shown += " " + (keeps || !given.value ? word.written : "--" + given.name + "=***");
        bool takesNext = !given.value && !isFlag(given.name) && i + 1 < words->size();
        if (takesNext) shown += " " + (keeps ? (*words)[i + 1].written : std::string("***"));
        if (takesNext) ++i;
    }
    return shown;
}

std::vector<std::string> splitAtCommas(const std::string& text) {
    std::vector<std::string> parts;
    for (std::size_t from = 0; from < text.size();) {
        auto end = std::min(text.find(',', from), text.size());
        parts.push_back(text.substr(from, end - from));
        from = end + 1;
    }
    return parts;
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

namespace {

/// "cluster audit", and in other words "集群 审计", is one verb; "cluster add" is `clusters` with a word.
std::optional<std::string> verbOfTwoWords(const std::vector<Word>& words) {
    bool aboutAnother = words.size() > 1 && (words[0].text == "cluster" || words[0].text == "集群");
    if (!aboutAnother || words[1].isOption()) return std::nullopt;
    auto both = "cluster " + words[1].text;
    return findVerb(both) ? std::optional(both) : std::nullopt;
}

}  // namespace

Result<CommandLine> parseCommandLine(std::string_view text) {
    if (text.size() > maxBytes) return fail(ErrorCode::InvalidArgument, "the command is too long");
    auto words = split(narrowed(withPlainBlanks(text)));
    if (!words) return fail(std::move(words).error());
    if (words->empty())
        return fail(ErrorCode::InvalidArgument, "the command is empty", {}, "`help` lists what there is");
    CommandLine line;
    auto twoWords = verbOfTwoWords(*words);
    line.verb = twoWords.value_or(words->front().text);
    for (std::size_t i = twoWords ? 2 : 1; i < words->size(); ++i) {
        auto& word = (*words)[i];
        if (!word.isOption()) {
            line.arguments.push_back(std::move(word.text));
            continue;
        }
        Given given(word.text);
        bool alone = !given.value && isFlag(given.name);
        if (!given.value && !alone && i + 1 < words->size()) given.value = (*words)[++i].text;
        if (!given.value && !alone)
            return fail(ErrorCode::InvalidArgument, "--" + given.name + " needs a value", {}, flagNear(given.name));
        auto value = given.value.value_or("");
        auto [option, isFirst] = line.options.try_emplace(given.name, value);
        if (!isFirst) option->second = isRepeatable(given.name) ? option->second + "\n" + value : value;
    }
    return line;
}

}  // namespace klaw::operate
