// The catalogue as the documents show it.
#include <fmt/format.h>

#include "agent/access/access.hpp"
#include "agent/operate/catalogue.hpp"

namespace klaw::operate {
namespace {

/// In a cell a bar would end it.
std::string cell(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '|') out += '\\';
        out += c;
    }
    return out;
}

std::string previewOf(const Verb& verb) {
    bool hasNoDryRun = verb.runsProgram || verb.permission == "reveal";
    if (hasNoDryRun) return "whether Kubernetes lets it be done";
    if (verb.plan) return "dry run by the API server, with the difference";
    return verb.preview ? "what it would match" : "";
}

}  // namespace

std::string whoMay(const Verb& verb) {
    auto reader = access::lowestRole(verb.readPermission);
    if (verb.judgement != Verb::Judgement::None) return "whoever may do what was asked for";
    if (!verb.changes) return std::string(reader);
    auto changer = access::lowestRole(verb.permission);
    // Some list without arguments, and change with them.
    bool alsoReads = verb.usage.starts_with(std::string(verb.name) + " [") && !verb.plan;
    return alsoReads ? fmt::format("{}; to change: {}", reader, changer) : std::string(changer);
}

std::string dangerOf(const Verb& verb, bool chinese) {
    if (!verb.changes) return {};
    if (verb.danger == Danger::High) return chinese ? "高" : "high";
    if (verb.danger == Danger::Medium) return chinese ? "中" : "medium";
    return chinese ? "低" : "low";
}

std::string markdownTable() {
    std::string table =
        "| command | also | what it does | 作用 | who may | danger | preview | undo "
        "|\n|---|---|---|---|---|---|---|---|\n";
    for (const auto& verb : catalogue())
        table += fmt::format("| `{}` | {} | {} | {} | {} | {} | {} | {} |\n", cell(verb.usage),
                             fmt::join(verb.aliases, ", "), verb.summary.en, verb.summary.zh, whoMay(verb),
                             dangerOf(verb, false), previewOf(verb), verb.undoable ? "yes" : "");
    return table;
}

}  // namespace klaw::operate
