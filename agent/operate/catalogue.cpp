#include "agent/operate/catalogue.hpp"

#include <algorithm>

#include "rules/suggestion.hpp"

namespace klaw::operate {

std::span<const Verb> catalogue() {
    static const std::vector<Verb> verbs = [] {
        auto all = alertVerbs();
        for (auto group :
             {informationVerbs(), ruleVerbs(), resourceVerbs(), workloadVerbs(), rollbackVerbs(), nodeVerbs()})
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

std::string_view nearestVerb(std::string_view word) {
    std::vector<std::string_view> names;
    for (const auto& verb : catalogue()) names.push_back(verb.name);
    return rules::nearest(word, names).value_or("");
}

}  // namespace klaw::operate
