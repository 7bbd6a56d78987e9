#include "agent/operate/catalogue.hpp"

#include <algorithm>

#include "rules/suggestion.hpp"

namespace klaw::operate {

std::span<const Verb> catalogue() {
    static const std::vector<Verb> verbs = [] {
        auto all = alertVerbs();
        for (auto group : {informationVerbs(), ruleVerbs(), resourceVerbs(), logVerbs(), workloadVerbs(),
                           rollbackVerbs(), nodeVerbs(), accessVerbs()})
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
