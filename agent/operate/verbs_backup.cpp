// `cluster backup`, `cluster backups`: archives of the objects of a cluster.
#include <fmt/format.h>

#include <algorithm>

#include "agent/operate/catalogue.hpp"
#include "agent/operate/table.hpp"
#include "notifiers/words.hpp"

namespace klaw::operate {
namespace {

Error noBackups() {
    return Error(ErrorCode::NotFound, "no backups are configured", {},
                 "add `backups` to the configuration: docs/backup.md");
}

bool verifies(const CommandLine& line) {
    return !line.arguments.empty() && (line.arguments.front() == "verify" || line.arguments.front() == "校验");
}

bool makesOne(const CommandLine& line) {
    return !verifies(line);
}

std::string sizeText(std::uint64_t bytes) {
    constexpr double step = 1024;
    double size = static_cast<double>(bytes);
    const char* const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    while (size >= step && unit + 1 < std::size(units)) size /= step, ++unit;
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", size, units[unit]);
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

/// The one that is meant where no name is given.
Result<std::string> nameOf(const backup::Keeper& keeper, const CommandLine& line) {
    auto all = keeper.backups();
    if (all.empty()) return fail(noBackups());
    if (!line.arguments.empty()) return line.arguments.front();
    auto cluster = line.option("cluster");
    std::vector<std::string> names;
    for (const auto& view : all)
        if (!cluster || view.cluster == *cluster) names.push_back(view.name);
    if (names.size() == 1) return names.front();
    return fail(ErrorCode::InvalidArgument, "which backup is meant?", {},
                names.empty() ? "`cluster backups` lists them" : "one of " + joined(names));
}

std::string summaryText(const backup::ArchiveSummary& summary, bool chinese) {
    std::string text;
    for (const auto& [title, count] : summary.counts()) text += fmt::format("  {:>6} {}\n", count, title);
    if (!summary.header.secrets) text += chinese ? "  不含 Secret\n" : "  Secrets are not in it\n";
    for (const auto& missing : summary.missing) text += (chinese ? "  缺少：" : "  missing: ") + missing + "\n";
    return text;
}

Task<Result<Output>> verifyArchive(backup::Keeper& keeper, bool chinese, CommandLine line) {
    if (line.arguments.size() != 2)
        co_return fail(ErrorCode::InvalidArgument, "which archive is meant?", {}, "`cluster backups` lists them");
    auto opened = co_await keeper.open(line.arguments[1], true);
    if (!opened) co_return fail(std::move(opened).error());
    const auto& summary = opened->summary;
    auto head =
        fmt::format(fmt::runtime(chinese ? "{}：完好，{} 个对象，{}，集群 {}，{}，SHA-256 {}\n"
                                         : "{} is whole and good: {} objects, {}, of cluster {}, {}, SHA-256 {}\n"),
                    line.arguments[1], summary.objects, sizeText(summary.bytes), summary.header.cluster,
                    formatRfc3339(summary.header.startedAt), summary.digest);
    if (!opened->known)
        head += chinese ? "  此 Klaw 未记录该归档：无法确认其来源\n"
                        : "  but this Klaw does not remember that it wrote it: anybody may have\n";
    co_return Output(head + summaryText(summary, chinese));
}

Task<Result<Output>> backUp(Control& control, Caller caller, CommandLine line) {
    auto* keeper = control.backups();
    if (!keeper) co_return fail(noBackups());
    bool chinese = caller.chinese();
    if (verifies(line)) co_return co_await verifyArchive(*keeper, chinese, std::move(line));
    auto name = nameOf(*keeper, line);
    if (!name) co_return fail(std::move(name).error());
    auto namespaces = splitAtCommas(line.option("namespace").value_or(""));
    auto made = co_await keeper->make(*name, std::move(namespaces));
    if (!made) co_return fail(std::move(made).error());
    if (!*made)
        co_return Output(chinese ? "备份仍在进行：`cluster backups` 显示结果\n"
                                 : "It goes on: `cluster backups` says how it ends\n");
    auto file = (*made)->name;
    auto opened = co_await keeper->open(file, false);
    if (!opened) co_return fail(std::move(opened).error());
    auto head =
        fmt::format(fmt::runtime(chinese ? "已备份到 {}：{} 个对象，{}\n" : "Backed up to {}: {} objects, {}\n"), file,
                    opened->summary.objects, sizeText((*made)->bytes));
    co_return Output(head + summaryText(opened->summary, chinese));
}

/// For whoever confirms it: a backup changes nothing in the cluster, but it takes what is in it elsewhere.
Result<std::string> previewBackup(const Control& control, const Caller& caller, const CommandLine& line) {
    auto* keeper = control.backups();
    if (!keeper) return fail(noBackups());
    auto name = nameOf(*keeper, line);
    if (!name) return fail(std::move(name).error());
    auto all = keeper->backups();
    auto backup = std::ranges::find(all, *name, &backup::BackupView::name);
    if (backup == all.end())
        return fail(ErrorCode::NotFound, "there is no backup \"" + *name + "\"", {}, "`cluster backups` lists them");
    auto asked = splitAtCommas(line.option("namespace").value_or(""));
    const auto& namespaces = asked.empty() ? backup->namespaces : asked;
    bool chinese = caller.chinese();
    auto everything = std::string(chinese ? "所有命名空间" : "all namespaces");
    return fmt::format(fmt::runtime(chinese ? "将备份集群 {} 的 {} 到 {}（{}），Secret：{}"
                                            : "This would back up {1} of cluster {0} to {2} ({3}), Secrets {4}"),
                       backup->cluster, namespaces.empty() ? everything : joined(namespaces), backup->place,
                       backup->name, backup->secrets);
}

std::string placesText(const std::vector<backup::BackupView>& views, bool chinese) {
    std::string text;
    for (const auto& view : views) {
        text += view.name + ": " + view.cluster + "/" + (view.namespaces.empty() ? "*" : joined(view.namespaces)) +
                " → " + view.place + ", Secrets " + view.secrets;
        if (view.running) text += chinese ? "，正在备份" : ", running";
        if (view.nextRun) text += (chinese ? "，下次 " : ", next ") + formatRfc3339(*view.nextRun);
        if (!view.lastError.empty()) text += (chinese ? "，上次失败：" : ", the last one failed: ") + view.lastError;
        text += "\n";
    }
    return text;
}

Task<Result<Output>> listBackups(Control& control, Caller caller, CommandLine line) {
    auto* keeper = control.backups();
    if (!keeper || keeper->backups().empty()) co_return fail(noBackups());
    auto backup = line.arguments.empty() ? std::string() : line.arguments.front();
    auto archives = co_await keeper->archives(std::move(backup));
    if (!archives) co_return fail(std::move(archives).error());
    Table table;
    table.columns = {{"archive", "备份"}, {"backup", "名称"}, {"age", "时间"}, {"size", "大小"}};
    for (const auto& archive : *archives)
        table.rows.push_back(
            {archive.name, archive.backup, notifiers::roughly(control.now() - archive.at), sizeText(archive.bytes)});
    co_return Output(std::move(table), caller.language, placesText(keeper->backups(), caller.chinese()));
}

}  // namespace

std::vector<Verb> backupVerbs() {
    Verb backup;
    backup.name = "cluster backup", backup.aliases = {"cluster 备份"};
    backup.usage = "cluster backup [NAME] [-n NAMESPACE,…] | cluster backup verify ARCHIVE";
    backup.summary = {"Writes the objects of a cluster into an archive now; says whether an archive is whole and good",
                      "立即将集群对象备份为归档；校验归档是否完好"};
    backup.changes = makesOne;
    backup.preview = previewBackup;
    backup.ask = backUp;
    backup.permission = backup.readPermission = "backups";
    backup.everywhere = true;
    Verb list;
    list.name = "cluster backups", list.aliases = {"cluster 备份列表"};
    list.usage = "cluster backups [NAME]";
    list.summary = {"Lists the archives that there are, and how their backups go", "列出备份归档与备份计划"};
    list.ask = listBackups;
    list.everywhere = true;
    return {std::move(backup), std::move(list)};
}

}  // namespace klaw::operate
