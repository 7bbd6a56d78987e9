#include "agent/operate/catalogue.hpp"
#include "agent/operate/table.hpp"

namespace klaw::operate {
namespace {

bool isChinese(const Caller& caller) {
    return caller.language.starts_with("zh");
}

std::string helpOf(const Verb& verb, const Caller& caller) {
    std::string text = std::string(verb.usage) + "\n  " + verb.summary.in(caller.language) + "\n";
    std::string also;
    for (auto alias : verb.aliases) also += (also.empty() ? "" : ", ") + std::string(alias);
    if (!also.empty()) text += std::string(isChinese(caller) ? "  也可写作：" : "  also: ") + also + "\n";
    bool chinese = isChinese(caller);
    text += (chinese ? "  权限：" : "  who may: ") + whoMay(verb) + "\n";
    if (auto danger = dangerOf(verb, chinese); !danger.empty())
        text += (chinese ? "  风险：" : "  danger: ") + danger +
                (verb.plan ? (chinese ? "；先试运行并显示差异" : "; tried and shown first") : "") +
                (verb.undoable ? (chinese ? "；可撤销" : "; can be taken back") : "") + "\n";
    return text;
}

Result<Output> help(Control&, const Caller& caller, const CommandLine& line) {
    if (!line.arguments.empty()) {
        const auto* verb = findVerb(line.arguments.front());
        if (!verb)
            return fail(ErrorCode::NotFound, "there is no command \"" + line.arguments.front() + "\"", {},
                        "`help` lists what there is");
        return helpOf(*verb, caller);
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& verb : catalogue()) rows.push_back({std::string(verb.usage), verb.summary.in(caller.language)});
    Table table{{{"COMMAND", "命令"}, {"WHAT IT DOES", "作用"}}, std::move(rows)};
    return Output(std::move(table), caller.language);
}

}  // namespace

std::vector<Verb> informationVerbs() {
    return {
        {"help", {"帮助", "?"}, "help [COMMAND]", {"Explains the commands", "查看命令说明"}, nullptr, nullptr, help},
    };
}

}  // namespace klaw::operate
