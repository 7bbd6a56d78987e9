#include "test/unit/rules/default_pack.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace klaw::rules {

std::vector<RuleSource> packFiles(const std::string& pack, bool tests) {
    std::vector<RuleSource> sources;
    for (const auto& entry : std::filesystem::directory_iterator(KLAW_SOURCE_DIR "/rules/default/" + pack)) {
        auto name = entry.path().filename().string();
        if (!name.ends_with(".yaml") || name.ends_with("_test.yaml") != tests) continue;
        std::ostringstream text;
        text << std::ifstream(entry.path()).rdbuf();
        sources.push_back({pack + "/" + name, text.str()});
    }
    std::ranges::sort(sources, {}, &RuleSource::name);
    return sources;
}

LoadReport loadPack(const std::string& pack) {
    auto files = packFiles("fast", false);
    if (pack == "mixin")
        for (auto& file : packFiles("mixin", false)) files.push_back(std::move(file));
    return loadRules(files);
}

std::vector<Rule> allRulesOf(const std::string& pack) {
    auto loaded = loadPack(pack);
    auto all = loaded.rules->rules();
    all.insert(all.end(), loaded.disabled->rules().begin(), loaded.disabled->rules().end());
    return all;
}

}  // namespace klaw::rules
