#include "agent/operate/catalogue.hpp"

#include <algorithm>

#include "rules/suggestion.hpp"

namespace klaw::operate {

std::span<const Verb> catalogue() {
    static const std::vector<Verb> verbs = [] {
        auto all = alertVerbs();
        for (auto group : {informationVerbs(), ruleVerbs(),      resourceVerbs(), logVerbs(),    workloadVerbs(),
                           rollbackVerbs(),    rolloutVerbs(),   nodeVerbs(),     drainVerbs(),  setVerbs(),
                           createVerbs(),      deleteVerbs(),    applyVerbs(),    accessVerbs(), statusVerbs(),
                           clusterVerbs(),     lifecycleVerbs(), approvalVerbs(), auditVerbs(),  historyVerbs()})
            for (auto& verb : group) all.push_back(std::move(verb));
        std::sort(all.begin(), all.end(), [](const Verb& a, const Verb& b) { return a.name < b.name; });
        return all;
    }();
    return verbs;
}

bool withArguments(const CommandLine& line) {
    return !line.arguments.empty();
}

const Verb* findVerb(std::string_view word) {
    for (const auto& verb : catalogue())
        if (verb.name == word || std::find(verb.aliases.begin(), verb.aliases.end(), word) != verb.aliases.end())
            return &verb;
    return nullptr;
}

std::vector<std::string_view> optionsOf(const Verb& verb) {
    auto options = verb.options;
    if (verb.ask || verb.plan) options.insert(options.end(), {"cluster", "namespace"});
    if (verb.plan) options.insert(options.end(), {"yes", "dry-run", "expect"});
    return options;
}

Result<void> checkOptions(const Verb& verb, const CommandLine& line, bool offered) {
    auto known = optionsOf(verb);
    known.insert(known.end(), {"help", "json", "page"});
    if (verb.document || verb.secret) known.push_back("kept");
    if (verb.plan && offered) known.push_back("alert");
    for (const auto& [name, value] : line.options) {
        bool has = std::ranges::find(known, name) != known.end();
        if (has && isFlag(name) && !value.empty())
            return fail(ErrorCode::InvalidArgument, "--" + name + " takes no value", {}, "write --" + name + " alone");
        if (has) continue;
        auto near = rules::nearest(name, known);
        return fail(ErrorCode::InvalidArgument, std::string(verb.name) + " has no option --" + name, {},
                    near ? "did you mean --" + std::string(*near) + "?" : std::string(verb.usage));
    }
    return {};
}

Message messageOf(const std::string& text) {
    auto end = text.find_first_of("\r\n");
    auto first = text.substr(0, end);
    const auto* verb = findVerb(first.substr(0, first.find_first_of(" \t")));
    if (end == std::string::npos || !verb || !verb->document) return {text, {}};
    Message message{std::move(first), {}};
    for (auto from = text.find_first_not_of("\r\n", end); from < text.size();) {
        auto until = std::min(text.find('\n', from), text.size());
        auto line = std::string_view(text).substr(from, until - from);
        if (!line.starts_with("```")) message.document.append(line).append("\n");
        from = until + 1;
    }
    return message;
}

std::string shownCommand(const std::string& command) {
    auto first = messageOf(command).command;
    auto word = first.substr(0, first.find_first_of(" \t\r\n"));
    const auto* verb = findVerb(word);
    auto line = parseCommandLine(first);
    if (!verb) {  // a misspelt one hides what any that may be meant would
        first = first.substr(0, first.find_first_of("\r\n"));
        line = parseCommandLine(first);
        for (auto likely : likelyVerbs(word)) {
            const auto* meant = findVerb(likely);
            bool hides = meant->secret && (!line || meant->secret(*line));
            if (hides && !verb) verb = meant;
        }
    }
    if (!verb || !verb->secret) return first;
    if (!line) return std::string(verb->name) + " …";
    if (!verb->secret(*line)) return first;
    std::vector<std::string_view> kept{"namespace", "cluster", "expect", "kept", "page", "alert"};
    kept.insert(kept.end(), verb->options.begin(), verb->options.end());
    return withoutValues(first, kept);
}

std::vector<std::string_view> likelyVerbs(std::string_view word) {
    constexpr std::size_t most = 3;
    std::vector<std::string_view> words, likely;
    if (word.empty()) return likely;
    auto beginsSo = [&](std::string_view candidate) { return candidate.starts_with(word); };
    for (const auto& verb : catalogue()) {
        std::vector<std::string_view> own{verb.name};
        own.insert(own.end(), verb.aliases.begin(), verb.aliases.end());
        auto longer = std::ranges::find_if(own, beginsSo);
        if (longer != own.end() && likely.size() < most) likely.push_back(*longer);
        words.insert(words.end(), own.begin(), own.end());
    }
    if (likely.empty())
        if (auto near = rules::nearest(word, words)) likely.push_back(*near);
    return likely;
}

}  // namespace klaw::operate
