// `cluster restore`: objects of an archive, back where they were or elsewhere.
#include <fmt/format.h>

#include <algorithm>

#include "agent/operate/always.hpp"
#include "agent/operate/backup_access.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/cluster_choice.hpp"
#include "agent/operate/restore_step.hpp"

namespace klaw::operate {
namespace {

constexpr std::size_t enoughOfDigest = 16;

Result<backup::RestoreOptions> optionsOf(const CommandLine& line) {
    backup::RestoreOptions options;
    if (line.arguments.size() != 1)
        return fail(ErrorCode::InvalidArgument, "which archive is meant?", {}, "`cluster backups` lists them");
    options.archive = line.arguments.front();
    if (auto namespaces = line.option("namespace")) {
        auto mapping = backup::parseNamespaceMapping(*namespaces);
        if (!mapping) return fail(std::move(mapping).error());
        options.namespaces = std::move(*mapping);
    }
    options.unknownToo = line.option("unknown-archive").has_value();
    auto conflict = backup::conflictFromString(line.option("conflict").value_or("skip"));
    if (!conflict) return fail(std::move(conflict).error());
    options.conflict = *conflict;
    options.only = splitAtCommas(line.option("only").value_or(""));
    return options;
}

/// What is touched, for whoever decides who may: by kind and namespace.
Plan partOf(const backup::RestoreScope& scope, const std::string& cluster) {
    Plan part;
    part.cluster = cluster;
    part.ns = scope.ns;
    part.kind = scope.kind.kind;
    part.name = std::to_string(scope.objects);
    part.path = part.evidence = scope.kind.listPath(scope.ns);
    part.permission = permissionFor(scope.kind);
    return part;
}

std::string countsText(const std::vector<backup::RestoreScope>& scopes) {
    constexpr std::size_t most = 12;
    std::map<std::string, std::uint64_t> counts;
    for (const auto& scope : scopes) counts[scope.kind.kind] += scope.objects;
    std::string text;
    std::size_t shown = 0;
    for (const auto& [kind, count] : counts) {
        if (++shown > most) return text + ", …";
        text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + kind;
    }
    return text;
}

void addNotes(Plan& plan, const backup::ArchiveSummary& summary, bool chinese) {
    if (summary.header.cluster != plan.cluster)
        plan.notes.push_back((chinese ? "归档来自集群 " : "the archive is of the cluster ") + summary.header.cluster);
    if (!summary.header.secrets)
        plan.notes.push_back(chinese ? "归档不含 Secret：引用它们的对象会等待"
                                     : "Secrets are not in the archive: what refers to them will wait for them");
    for (const auto& missing : summary.missing)
        plan.notes.push_back((chinese ? "归档中缺少：" : "missing in the archive: ") + missing);
}

Task<Result<Plan>> planRestore(Control& control, Caller caller, CommandLine line) {
    auto cluster = clusterOf(control, line);
    if (!cluster) co_return fail(std::move(cluster).error());
    auto options = optionsOf(line);
    if (!options) co_return fail(std::move(options).error());
    auto* keeper = control.backups();
    if (!keeper)
        co_return fail(ErrorCode::NotFound, "no backups are configured", {},
                       "add `backups` to the configuration: docs/backup.md");
    auto opened = co_await keeper->open(options->archive, options->unknownToo);
    if (!opened) co_return fail(std::move(opened).error());
    auto contents = co_await backup::contentsOf(*opened, *options);
    if (!contents) co_return fail(std::move(contents).error());
    if (contents->scopes.empty())
        co_return fail(ErrorCode::NotFound, "the archive has nothing of that", options->archive,
                       "`cluster backup verify " + options->archive + "` says what is in it");
    const auto& header = opened->summary.header;
    bool chinese = caller.chinese();
    Plan plan;
    plan.cluster = *cluster;
    plan.kind = "archive";
    plan.name = backup::shownArchiveName(backup::archiveFileName(header.backup, header.startedAt, false));
    plan.state = "v" + opened->summary.digest.substr(0, enoughOfDigest);
    plan.permission = "backups";
    plan.needs = accessToMove(options->namespaces, header.cluster, plan.cluster, {"backups"});
    options->archive = plan.name;
    std::string where;
    for (const auto& [from, to] : options->namespaces)
        where += (where.empty() ? "" : ", ") + from + (from == to ? "" : " → " + to);
    plan.summary = fmt::format(
        fmt::runtime(chinese ? "从 {} 向集群 {} 恢复 {} 个对象{}（{}）" : "restore {1}: {2} objects of {0}{3} ({4})"),
        plan.name, plan.cluster, contents->objects, where.empty() ? "" : " [" + where + "]",
        countsText(contents->scopes));
    addNotes(plan, opened->summary, chinese);
    if (!opened->known)
        plan.notes.push_back(chinese ? "此 Klaw 未记录该归档：无法确认其来源"
                                     : "this Klaw does not remember that it wrote the archive: anybody may have");
    for (const auto& scope : contents->scopes) plan.parts.push_back(partOf(scope, *cluster));
    plan.restores = std::move(*options);
    co_return plan;
}

}  // namespace

std::vector<Verb> restoreVerbs() {
    Verb verb;
    verb.name = "cluster restore", verb.aliases = {"cluster 恢复"};
    verb.usage =
        "cluster restore ARCHIVE [-n NAMESPACE[=TARGET],…] [--conflict skip|overwrite|fail] [--only KIND,…] "
        "[--unknown-archive] [--cluster CLUSTER] [--yes]";
    verb.summary = {"Restores the objects of an archive, in the order of their dependencies",
                    "按依赖顺序从备份归档恢复对象"};
    verb.changes = always;
    verb.plan = planRestore;
    verb.permission = "backups";
    verb.danger = Danger::High;
    verb.options = {"conflict", "only", "unknown-archive"};
    return {std::move(verb)};
}

}  // namespace klaw::operate
