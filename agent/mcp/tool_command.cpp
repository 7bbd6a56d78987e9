// What a caller says, as a command of the catalogue.
#include <algorithm>

#include "agent/mcp/tool.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/command_line.hpp"
#include "base/text/json_fields.hpp"

namespace klaw::mcp {
namespace {

constexpr std::size_t longestValue = 1000, mostArguments = 50;
constexpr std::size_t longestDocument = 256u << 10;

Error wrong(std::string_view argument, std::string what, std::string remedy = {}) {
    return Error(ErrorCode::InvalidArgument, std::string(argument) + ": " + std::move(what), {}, std::move(remedy));
}

std::string listed(std::span<const std::string_view> words) {
    std::string text;
    for (auto word : words) text += (text.empty() ? "" : ", ") + std::string(word);
    return text;
}

/// One word of a command, whatever it looks like.
Result<std::string> wordOf(std::string_view argument, const std::string& value) {
    bool control = std::ranges::any_of(value, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; });
    auto word = value.size() > longestValue || control ? std::nullopt : operate::asWord(value);
    if (!word)
        return fail(wrong(argument, "this cannot be written in a command",
                          "no line breaks, not both kinds of quotes, at most 1000 characters"));
    return *word;
}

Result<std::string> integerOf(const Parameter& parameter, const Json& value) {
    auto outside = wrong(parameter.name, "it is a whole number from " + std::to_string(parameter.least) + " to " +
                                             std::to_string(parameter.most));
    if (!value.is_number_integer()) return fail(std::move(outside));
    bool huge = value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(parameter.most);
    if (huge || value.get<std::int64_t>() < parameter.least || value.get<std::int64_t>() > parameter.most)
        return fail(std::move(outside));
    return value.dump();
}

/// What stands in the command; nothing for a flag that is not set.
Result<std::optional<std::string>> valueOf(const Parameter& parameter, const Json& value) {
    if (parameter.type == Parameter::Type::Flag) {
        if (!value.is_boolean()) return fail(wrong(parameter.name, "it is true or false"));
        return value.get<bool>() ? std::optional<std::string>("") : std::nullopt;
    }
    if (parameter.type == Parameter::Type::Integer) {
        auto number = integerOf(parameter, value);
        if (!number) return fail(std::move(number).error());
        return std::optional(std::move(*number));
    }
    if (!value.is_string()) return fail(wrong(parameter.name, "it is a text"));
    auto text = value.get<std::string>();
    if (parameter.type == Parameter::Type::Choice &&
        std::ranges::find(parameter.choices, text) == parameter.choices.end())
        return fail(wrong(parameter.name, "it is one of " + listed(parameter.choices)));
    if (text.empty()) return fail(wrong(parameter.name, "it is empty", "leave it out"));
    auto word = wordOf(parameter.name, text);
    if (!word) return fail(std::move(word).error());
    return std::optional(std::move(*word));
}

Result<void> checkNames(const Json& arguments, std::span<const std::string_view> known) {
    for (const auto& [name, value] : arguments.items())
        if (std::ranges::find(known, name) == known.end())
            return fail(wrong(operate::asWord(name).value_or("an argument").substr(0, 64), "there is no such argument",
                              "there are " + listed(known)));
    return {};
}

/// Puts one value where its parameter says.
class Writer {
public:
    Writer(ToolCommand& command, std::string& words, std::string& options)
        : command_(command), words_(words), options_(options) {}

    void put(const Parameter& parameter, const std::string& value) {
        switch (parameter.into) {
            case Parameter::Into::Verb:
                command_.verb = value;
                break;
            case Parameter::Into::Argument:
                words_ += " " + value;
                break;
            case Parameter::Into::Option:
                putOption(parameter, value);
                break;
            case Parameter::Into::Result:
                putResult(parameter, value);
                break;
        }
    }

private:
    void putOption(const Parameter& parameter, const std::string& value) {
        options_ += " --" + std::string(parameter.option.empty() ? parameter.name : parameter.option);
        if (parameter.type != Parameter::Type::Flag) options_ += " " + value;
    }
    void putResult(const Parameter& parameter, const std::string& value) {
        (parameter.name == "skip" ? command_.skip : command_.kibibytes) = std::stoul(value);
    }

    ToolCommand& command_;
    std::string& words_;
    std::string& options_;
};

}  // namespace

Result<ToolCommand> commandOf(const Tool& tool, const Json& arguments) {
    std::vector<std::string_view> names;
    for (const auto& parameter : tool.parameters) names.push_back(parameter.name);
    if (auto known = checkNames(arguments, names); !known) return fail(std::move(known).error());
    ToolCommand command{std::string(tool.verb)};
    std::string words, options;
    for (auto word : tool.words) words += " " + std::string(word);
    Writer writer(command, words, options);
    for (const auto& parameter : tool.parameters) {
        const auto& given = at(arguments, parameter.name);
        if (given.is_null()) {
            if (parameter.required)
                return fail(wrong(parameter.name, "it is missing", std::string(parameter.description)));
            if (parameter.otherwise) writer.put(parameter, std::string(*parameter.otherwise));
            continue;
        }
        auto value = valueOf(parameter, given);
        if (!value) return fail(std::move(value).error());
        if (*value) writer.put(parameter, **value);
    }
    command.command = command.verb + words + options + " --json";
    return command;
}

namespace {

/// `options` of change_plan, each of which the verb must have.
Result<std::string> optionsOf(const operate::Verb& verb, const Json& options) {
    constexpr std::string_view never[] = {"yes", "expect", "dry-run", "kept", "json"};
    std::string text;
    if (!options.is_null() && !options.is_object()) return fail(wrong("options", "it is an object"));
    auto known = operate::optionsOf(verb);
    for (const auto& [name, value] : options.items()) {
        bool has = std::ranges::find(known, name) != known.end() && std::ranges::find(never, name) == std::end(never);
        if (!has)
            return fail(wrong("options", std::string(verb.name) + " has no such option", std::string(verb.usage)));
        Parameter parameter{name};
        if (operate::isFlag(name)) parameter.type = Parameter::Type::Flag;
        auto said = valueOf(parameter, value);
        if (!said) return fail(std::move(said).error());
        if (*said) text += " --" + name + ((*said)->empty() ? "" : " " + **said);
    }
    return text;
}

Result<std::string> wordsOf(const Json& arguments) {
    std::string text;
    if (arguments.is_null()) return text;
    if (!arguments.is_array() || arguments.size() > mostArguments)
        return fail(wrong("arguments", "it is a list of at most 50 words"));
    for (const auto& each : arguments) {
        if (!each.is_string()) return fail(wrong("arguments", "each of them is a text"));
        auto word = wordOf("arguments", each.get<std::string>());
        if (!word) return fail(std::move(word).error());
        text += " " + *word;
    }
    return text;
}

}  // namespace

Result<ToolCommand> changeOf(const Json& arguments, std::span<const std::string_view> verbs) {
    static constexpr std::string_view names[] = {"verb", "arguments", "options", "namespace", "cluster", "manifest"};
    if (auto known = checkNames(arguments, names); !known) return fail(std::move(known).error());
    auto name = textAt(arguments, "verb");
    const auto* verb = std::ranges::find(verbs, name) == verbs.end() ? nullptr : operate::findVerb(name);
    if (!verb) return fail(wrong("verb", "it is one of " + listed(verbs)));
    auto words = wordsOf(at(arguments, "arguments"));
    if (!words) return fail(std::move(words).error());
    auto options = optionsOf(*verb, at(arguments, "options"));
    if (!options) return fail(std::move(options).error());
    ToolCommand command{name, name + *words + *options};
    for (const auto* place : {"namespace", "cluster"}) {
        const auto& given = at(arguments, place);
        if (given.is_null()) continue;
        auto value = valueOf(Parameter{place}, given);
        if (!value) return fail(std::move(value).error());
        command.command += std::string(" --") + place + " " + **value;
    }
    const auto& manifest = at(arguments, "manifest");
    if (manifest.is_null()) return command;
    bool fits =
        verb->document && manifest.is_string() && manifest.get_ref<const std::string&>().size() <= longestDocument;
    if (!fits) return fail(wrong("manifest", "it is YAML of at most 256 KiB, and goes with apply alone"));
    command.document = manifest.get<std::string>();
    return command;
}

}  // namespace klaw::mcp
