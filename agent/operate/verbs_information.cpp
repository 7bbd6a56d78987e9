#include "agent/operate/catalogue.hpp"
#include "agent/operate/table.hpp"
#include "notifiers/words.hpp"

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
    return text;
}

Result<std::string> help(Control&, const Caller& caller, const CommandLine& line) {
    if (!line.arguments.empty()) {
        const auto* verb = findVerb(line.arguments.front());
        if (!verb)
            return fail(ErrorCode::NotFound, "there is no command \"" + line.arguments.front() + "\"", {},
                        "`help` lists what there is");
        return helpOf(*verb, caller);
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& verb : catalogue()) rows.push_back({std::string(verb.usage), verb.summary.in(caller.language)});
    return formatTable(isChinese(caller) ? std::vector<std::string>{"命令", "作用"}
                                         : std::vector<std::string>{"COMMAND", "WHAT IT DOES"},
                       rows);
}

Result<std::string> listRules(Control& control, const Caller& caller, const CommandLine&) {
    std::vector<std::vector<std::string>> rows;
    for (const auto& rule : control.rules())
        rows.push_back({rule.name, rule.group, std::string(notifiers::severityWord(rule.severity, caller.language)),
                        std::to_string(rule.firing), std::to_string(rule.errors), rule.source,
                        rule.unavailable.empty()
                            ? rule.lastError
                            : (isChinese(caller) ? "不可用：" : "unavailable: ") + rule.unavailable});
    return formatTable(
        isChinese(caller)
            ? std::vector<std::string>{"规则", "分组", "级别", "告警中", "错误", "来源", "说明"}
            : std::vector<std::string>{"RULE", "GROUP", "SEVERITY", "FIRING", "ERRORS", "SOURCE", "REMARK"},
        rows);
}

Result<std::string> listClusters(Control& control, const Caller& caller, const CommandLine&) {
    std::vector<std::vector<std::string>> rows;
    std::string problems;
    for (const auto& cluster : control.clusters()) {
        auto state =
            cluster.ready ? (isChinese(caller) ? "正常" : "ready") : (isChinese(caller) ? "未就绪" : "not ready");
        rows.push_back({cluster.name, cluster.server, cluster.version, state, std::to_string(cluster.objects),
                        cluster.lastHeardOf ? notifiers::roughly(control.now() - *cluster.lastHeardOf) : "-"});
        for (const auto& problem : cluster.problems) problems += cluster.name + ": " + problem + "\n";
    }
    return formatTable(isChinese(caller)
                           ? std::vector<std::string>{"集群", "地址", "版本", "状态", "对象", "最近消息"}
                           : std::vector<std::string>{"CLUSTER", "SERVER", "VERSION", "STATE", "OBJECTS", "LAST HEARD"},
                       rows) +
           problems;
}

}  // namespace

std::vector<Verb> informationVerbs() {
    return {
        {"help", {"帮助", "?"}, "help [COMMAND]", {"Explains the commands", "查看命令说明"}, false, nullptr, help},
        {"rules", {"规则"}, "rules", {"Lists the rules that run", "列出正在运行的规则"}, false, nullptr, listRules},
        {"clusters",
         {"集群"},
         "clusters",
         {"Lists the clusters that are watched", "列出监控的集群"},
         false,
         nullptr,
         listClusters},
    };
}

}  // namespace klaw::operate
