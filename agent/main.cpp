#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>

#include "agent/app/version.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/doctor.hpp"

namespace {

using namespace klaw::cli;

constexpr auto footer =
    "Examples:\n"
    "  klaw run                          watch the cluster of your kubeconfig, or the demo where there is none\n"
    "  klaw agent --config klaw.yaml     run as a service; configs/klaw.yaml explains every option\n"
    "  klaw feishu setup                 make a chat application step by step; the same: klaw dingtalk setup\n"
    "  klaw do \"alerts\"                  what is wrong now\n"
    "  klaw do \"ack 3f9a\"                take an alert as yours\n"
    "  klaw rules check my-rules/        check rule files before they run\n"
    "  klaw rules explain PodOOMKilled   what a rule reads, and what became of it\n"
    "  klaw record --out problem.jsonl.gz && klaw replay problem.jsonl.gz\n"
    "Exit codes: 0 fine, 1 failed (one sentence on standard error), 2 wrong usage.";

/// The agent may run in another directory: what follows `--kubeconfig` is a file of this one.
std::vector<std::string> withWholePaths(std::vector<std::string> words) {
    for (std::size_t i = 1; i < words.size(); ++i)
        if (words[i - 1] == "--kubeconfig") words[i] = std::filesystem::absolute(words[i]).string();
    return words;
}

/// CLI11 has codes of its own for each kind of mistake.
int usageExit(CLI::App& app, const CLI::ParseError& error) {
    int code = app.exit(error);
    return code == 0 ? 0 : 2;
}

/// With the options of those that have nothing below them.
CommandTree treeOf(CLI::App& app) {
    CommandTree tree;
    auto isShown = [](const CLI::App* each) { return !each->get_name().empty(); };
    for (auto* command : app.get_subcommands(isShown)) {
        tree[""].push_back(command->get_name());
        auto& words = tree[command->get_name()];
        for (auto* below : command->get_subcommands(isShown)) words.push_back(below->get_name());
        for (auto* option : command->get_options())
            for (const auto& name : option->get_lnames()) words.push_back("--" + name);
    }
    return tree;
}

int run(int argc, char** argv) {
    CLI::App app(
        "Klaw watches Kubernetes clusters, decides by rules what deserves a person, and keeps one living card per "
        "problem.",
        "klaw");
    app.footer(footer);
    app.require_subcommand(1);
    app.set_version_flag("--version", std::string(klaw::app::programVersion));
    int code = 0;

    RunOptions runOptions;
    auto* runApp = app.add_subcommand(
        "run", "Watch the cluster of the kubeconfig with cards on the screen; the demo where there is none");
    runApp->add_flag("--demo", runOptions.demo, "Run on the recording that ships with Klaw; needs no cluster");
    runApp->add_option("--config", runOptions.config, "A configuration file instead of the defaults");
    runApp->add_option("--kubeconfig", runOptions.kubeconfig, "Path of a kubeconfig");
    runApp->add_option("--context", runOptions.context, "Context of the kubeconfig");
    runApp->add_option("--listen", runOptions.listen, "Address of page and metrics (127.0.0.1:8917)");
    runApp->add_option("--language", runOptions.language, "en or zh")->check(CLI::IsMember({"en", "zh"}));
    runApp->callback([&] { code = runCommand(runOptions); });

    std::string agentConfig;
    auto* agentApp = app.add_subcommand("agent", "Run as a service by a configuration file");
    agentApp->add_option("--config", agentConfig, "The configuration; configs/klaw.yaml explains it")->required();
    agentApp->footer(
        "Several replicas of one agent: `leadership` in the configuration names the Lease by which one leads; the "
        "others\n"
        "stand by with warm caches. Exits with 1 when it leads no more, to be started again as a standby.");
    agentApp->callback([&] { code = agentCommand(agentConfig); });

    DoOptions command;
    auto* doApp = app.add_subcommand(
        "do", "Give the running agent a command, as in chat: help, alerts, ack, silence, rules, clusters");
    doApp->add_option("--config", command.config, "Configuration of the agent, for its data directory");
    doApp->add_option("--data", command.data, "Data directory of the agent");
    doApp->add_option("--language", command.language, "en or zh")->check(CLI::IsMember({"en", "zh"}));
    doApp->add_option("--file", command.file, "A text that goes with the command, for apply; - for standard input");
    doApp->add_option("command", command.words, "The command, best in quotes: \"silence 3f9a 2h\"")->required();
    doApp->positionals_at_end();
    doApp->callback([&] { code = doCommand(command); });

    auto* accessApp = app.add_subcommand("access", "Who may do what, and what Klaw itself may in a cluster");
    accessApp->require_subcommand(1);
    auto ofAccess = [&](const char* name, const char* help) {
        auto* made = accessApp->add_subcommand(name, help);
        made->add_option("--config", command.config, "Configuration of the agent, for its data directory");
        made->add_option("--data", command.data, "Data directory of the agent");
        made->add_option("--language", command.language, "en or zh")->check(CLI::IsMember({"en", "zh"}));
        made->add_option("words", command.words, "As in chat: can 李雷 restart deploy/web -n shop");
        made->positionals_at_end();
        made->callback([&code, &command, name] {
            command.words.insert(command.words.begin(), name);
            code = doCommand(command);
        });
    };
    ofAccess("who", "Who has which role, where and until when");
    ofAccess("can", "Whether somebody may do something, and by which entry: PERSON COMMAND…");
    ofAccess("grant", "Give somebody a role for a while: PERSON ROLE DURATION");
    ofAccess("revoke", "Take a grant back: its id");
    RbacOptions rbac;
    auto* rbacApp = accessApp->add_subcommand(
        "rbac", "Print the ClusterRole that Klaw needs in a cluster, for what it may do there");
    rbacApp->add_option("--profile", rbac.profile, "readonly, operator or full")
        ->check(CLI::IsMember({"readonly", "operator", "full"}));
    rbacApp->add_option("--with", rbac.with, "Commands and purposes beside those of the profile: exec,secrets")
        ->delimiter(',');
    rbacApp->add_option("--without", rbac.without, "Those of the profile that are left out")->delimiter(',');
    rbacApp->add_option("--only", rbac.only, "Only these, in place of a profile")->delimiter(',');
    auto* lease = rbacApp->add_option("--lease", rbac.lease, "NAMESPACE/NAME of `leadership`: also the Role for it");
    rbacApp->add_flag("--share", rbac.share, "With `leadership: {share}`: also for Leases of its members")
        ->needs(lease);
    rbacApp->add_option("--name", rbac.name, "Of the ClusterRole");
    rbacApp->add_flag("--table", rbac.table, "Print what each command and purpose needs, as the chart reads it");
    rbacApp->callback([&] { code = rbacCommand(rbac); });

    auto* clustersApp = app.add_subcommand("clusters", "The clusters that the running agent watches");
    auto* clusterApp = app.add_subcommand("cluster", "The life of a cluster that the running agent watches");
    clustersApp->require_subcommand(1);
    clusterApp->require_subcommand(1);
    auto ofClusters = [&code, &command](CLI::App* group, const char* name, const char* help) {
        auto* made = group->add_subcommand(name, help);
        made->add_option("--config", command.config, "Configuration of the agent, for its data directory");
        made->add_option("--data", command.data, "Data directory of the agent");
        made->add_option("--language", command.language, "en or zh")->check(CLI::IsMember({"en", "zh"}));
        made->allow_extras();  // the options of the command itself
        made->callback([&code, &command, group, made, name] {
            command.words = withWholePaths(made->remaining());
            command.words.insert(command.words.begin(), {group->get_name(), name});
            code = doCommand(command);
        });
    };
    ofClusters(clustersApp, "list", "All of them, and how they fare");
    ofClusters(clustersApp, "add", "Watch another one: NAME --kubeconfig FILE, or NAME --secret NAMESPACE/NAME");
    ofClusters(clustersApp, "test", "Whether one can be reached and read: NAME");
    ofClusters(clustersApp, "remove", "Watch one no longer that was added: NAME");
    ofClusters(clusterApp, "audit",
               "How safe it is set up: -n NAMESPACE, --severity high, --output markdown|json|sarif");
    ofClusters(clusterApp, "list", "Those that Cluster API manages, and how far each is");
    ofClusters(clusterApp, "deploy", "A new one by Cluster API: NAME --version v1.34.2 -n NAMESPACE");
    ofClusters(clusterApp, "preflight", "What stands in the way of another version: NAME --to v1.34.2");
    ofClusters(clusterApp, "upgrade", "Another version by Cluster API: NAME --to v1.34.2");
    ofClusters(clusterApp, "backup", "Its objects into an archive now: NAME; whether one is whole: verify ARCHIVE");
    ofClusters(clusterApp, "backups", "The archives that there are, and how their backups go");
    ofClusters(clusterApp, "restore", "The objects of an archive: ARCHIVE -n NAMESPACE=TARGET --conflict skip");
    ofClusters(clusterApp, "volumes",
               "Namespaces with the data of their volumes, by Velero: backup NAME, restore NAME");

    McpOptions mcp;
    auto* mcpApp = app.add_subcommand(
        "mcp",
        "Let a program that speaks the Model Context Protocol ask the running agent, on standard input and output");
    mcpApp->add_option("--config", mcp.config, "Configuration of the agent, for its data directory");
    mcpApp->add_option("--data", mcp.data, "Data directory of the agent");
    mcpApp->add_option("--as", mcp.principal, "In the name of a principal of the configuration");
    auto* url = mcpApp->add_option("--url", mcp.url, "An agent elsewhere, such as https://klaw.example.com");
    auto* token = mcpApp->add_option("--token-file", mcp.tokenFile, "With --url: the file with the principal's token");
    url->needs(token);
    token->needs(url);
    mcpApp->add_flag("--allow-changes", mcp.allowChanges,
                     "Changes can be planned and asked for; people confirm them on Klaw's card");
    mcpApp->callback([&] { code = mcpCommand(mcp); });

    app.add_subcommand("commands", "Print the commands of `klaw do` and of chats as a Markdown table")->callback([&] {
        code = catalogueCommand();
    });

    std::string shell;
    auto* completion =
        app.add_subcommand("completion", "Print a script that completes commands: eval \"$(klaw completion bash)\"");
    completion->add_option("shell", shell, "bash or zsh")->required()->check(CLI::IsMember({"bash", "zsh"}));
    completion->callback([&] { code = completionCommand(shell, treeOf(app)); });

    ReplayOptions replay;
    auto* replayApp = app.add_subcommand(
        "replay", "Play recordings through the rules in virtual time; the same recording gives the same output");
    replayApp
        ->add_option("files", replay.files,
                     "Recordings, or what `kubectl get … --watch --output-watch-events -o json` wrote")
        ->required();
    replayApp->add_option("--rules", replay.rules, "Rule files or directories beside the default rules");
    replayApp->add_flag("--no-default-rules", replay.noDefaults, "Only the rules of --rules");
    replayApp->add_option("--output,-o", replay.output, "text, json, or summary: how many cards each rule would send")
        ->check(CLI::IsMember({"text", "json", "summary"}));
    replayApp->add_option("--language", replay.language, "Language of the cards: en or zh")
        ->check(CLI::IsMember({"en", "zh"}));
    replayApp->callback([&] { code = replayCommand(replay); });

    RecordOptions record;
    auto* recordApp = app.add_subcommand(
        "record", "Record list and watch traffic of a cluster until Ctrl-C; Secrets' data never gets in");
    recordApp->add_option("--out", record.out, "File to write, .jsonl.gz or .jsonl")->required();
    recordApp->add_option("--config", record.config, "A configuration file with clusters");
    recordApp->add_option("--kubeconfig", record.kubeconfig, "Path of a kubeconfig");
    recordApp->add_option("--context", record.context, "Context of the kubeconfig");
    recordApp->add_option("--resources", record.resources, "What to record; default: what the rules read")
        ->delimiter(',');
    recordApp->add_flag("--anonymize", record.anonymize,
                        "Rename what could identify people or companies, consistently");
    recordApp->add_option("--for", record.duration, "End by itself after a time such as 5m");
    recordApp->callback([&] { code = recordCommand(record); });

    RulesOptions rules;
    auto* rulesApp = app.add_subcommand("rules", "Check, test, list, explain and change rules");
    rulesApp->require_subcommand(1);
    auto* check = rulesApp->add_subcommand("check", "Check rule files; errors name file, line and column");
    check->add_option("files", rules.files, "Files or directories; default: those of the configuration");
    check->add_option("--config", rules.config, "A configuration file");
    check->callback([&] { code = rulesCheckCommand(rules); });
    auto* list = rulesApp->add_subcommand("list", "List rules");
    list->add_option("files", rules.files,
                     "Files or directories; default: the default rules and those of the configuration");
    list->add_option("--config", rules.config, "A configuration file");
    list->add_option("-o,--output", rules.output, "table or markdown")->check(CLI::IsMember({"table", "markdown"}));
    list->callback([&] { code = rulesListCommand(rules); });
    auto* test = rulesApp->add_subcommand("test", "Run rule tests (*_test.yaml)");
    test->add_option("files", rules.files, "Test files")->required();
    test->add_option("--config", rules.config, "A configuration file with rule directories");
    test->callback([&] { code = rulesTestCommand(rules); });
    BacktestOptions backtest;
    auto* backtestApp = rulesApp->add_subcommand(
        "backtest", "Play what was watched lately through rules: how many cards they would have sent");
    backtestApp->add_option("files", backtest.files, "Rule files or directories")->required();
    backtestApp->add_option("--config", backtest.config, "Configuration of the agent");
    backtestApp->add_option("--data", backtest.data, "Data directory of the agent");
    backtestApp->add_option("--since", backtest.since, "How far back, such as 24h or 90m; default: 24h");
    backtestApp->add_option("-o,--output", backtest.output, "table or json")->check(CLI::IsMember({"table", "json"}));
    backtestApp->callback([&] { code = backtestCommand(backtest); });
    auto ofAgent = [&](const char* name, const char* help, int (*command)(const RulesOptions&)) {
        auto* made = rulesApp->add_subcommand(name, help);
        made->add_option("--config", rules.config, "Configuration of the agent");
        made->add_option("--data", rules.data, "Data directory of the agent");
        made->add_option("--language", rules.language, "en or zh")->check(CLI::IsMember({"en", "zh"}));
        made->callback([&code, &rules, command] { code = command(rules); });
        return made;
    };
    ofAgent("show", "Print a rule as YAML, whole", rulesShowCommand)
        ->add_option("name", rules.name, "A rule")
        ->required();
    ofAgent("explain", "What a rule reads, when it is looked at, how often it matched, what it costs, its errors",
            rulesExplainCommand)
        ->add_option("name", rules.name, "A rule")
        ->required();
    ofAgent("export", "Print all rules that run as one rule file", rulesExportCommand);
    ofAgent("history", "Revisions with author, time, source and what changed", rulesHistoryCommand)
        ->add_option("name", rules.name, "A rule; default: the latest revisions of all");
    ofAgent("apply", "Give the running agent rules that stand over those of files; tests beside the file run first",
            rulesApplyCommand)
        ->add_option("file", rules.files, "A rule file")
        ->required()
        ->expected(1);
    auto* revert = ofAgent("revert", "Make a rule what it was in a revision", rulesRevertCommand);
    revert->add_option("name", rules.name, "A rule")->required();
    revert->add_option("revision", rules.revision, "Its number; `klaw rules history` lists them")->required();
    ofAgent("remove", "End a rule that was applied; that of its name in the files runs again", rulesRemoveCommand)
        ->add_option("name", rules.name, "A rule")
        ->required();

    AuditOptions audit;
    auto* auditApp = app.add_subcommand("audit", "Read the audit log and prove that it was not changed");
    auditApp->require_subcommand(1);
    auto* auditList = auditApp->add_subcommand("list", "Newest rows first");
    auditList->add_option("--limit", audit.limit, "How many rows");
    auditList->add_option("--output,-o", audit.output, "text or json")->check(CLI::IsMember({"text", "json"}));
    auto* auditExport =
        auditApp->add_subcommand("export", "All rows as JSON Lines, oldest first, for another program to check");
    for (auto* each : {auditList, auditExport}) {
        each->add_option("--person,--actor", audit.words.person, "Only of this one: a name of `access` or an identity");
        each->add_option("--verb,--action", audit.words.verb, "Only this command");
        each->add_option("--outcome", audit.words.outcome, "Only with this result: done, denied, …");
        each->add_option("--cluster", audit.words.cluster, "Only of this cluster");
        each->add_option("-n,--namespace", audit.words.ns, "Only of this namespace");
        each->add_option("--object", audit.words.object, "Only of this object: KIND/NAME");
        each->add_option("--since", audit.words.since, "2h, 30d, a day or an instant");
        each->add_option("--until", audit.words.until, "The same; rows before it");
    }
    auto* verify =
        auditApp->add_subcommand("verify", "Check the chain of hashes; names the first row that does not hold");
    verify->add_option("--trusted", audit.trusted, "Row and hash noted earlier: proves that nothing was cut off");
    for (auto* each : {auditList, auditExport, verify}) {
        each->add_option("--config", audit.config, "Configuration of the agent");
        each->add_option("--data", audit.data, "Data directory of the agent");
    }
    auditList->callback([&] { code = auditListCommand(audit); });
    auditExport->callback([&] { code = auditExportCommand(audit); });
    verify->callback([&] { code = auditVerifyCommand(audit); });

    StorageOptions stored;
    auto* storageApp = app.add_subcommand("storage", "Look at the database, or move to another one");
    storageApp->require_subcommand(1);
    auto* storageCheck = storageApp->add_subcommand("check", "Engine, schema, sizes, and whether the audit log holds");
    storageCheck->add_option("--data", stored.data, "Data directory of the agent");
    storageCheck->add_option("-o,--output", stored.output, "text or json")->check(CLI::IsMember({"text", "json"}));
    storageCheck->callback([&] { code = storageCheckCommand(stored); });
    auto* storageMigrate = storageApp->add_subcommand(
        "migrate", "Copy everything into an empty PostgreSQL database, all or nothing; the agent must be stopped");
    storageMigrate->add_option("--from", stored.from, "sqlite:DIR, DIR being the data directory")->required();
    storageMigrate->add_option("--to", stored.to, "postgres")->required();
    storageMigrate->add_option("--url-env", stored.urlEnv, "Environment variable that holds its address");
    storageMigrate->add_option("--url-file", stored.urlFile, "File that holds its address");
    storageMigrate->callback([&] { code = storageMigrateCommand(stored); });
    for (auto* each : {storageCheck, storageMigrate})
        each->add_option("--config", stored.config, "Configuration of the agent");

    SetupOptions setup;
    auto platformApp = [&](const char* name, const char* help, int (*command)(const SetupOptions&)) {
        auto* platform = app.add_subcommand(name, help);
        platform->require_subcommand(1);
        auto* made = platform->add_subcommand(
            "setup", "Make an application step by step, check it against the platform, and print what klaw.yaml needs");
        made->add_flag("--check", setup.check, "Check the applications of --config; asks nobody anything");
        made->add_option("--config", setup.config, "The configuration, for --check");
        made->add_flag("--send", setup.send, "With --check: a test card to every chat of the application");
        made->add_option("--id", setup.id, "App ID or Client ID");
        made->add_option("--secret-env", setup.secretEnv, "Environment variable that holds the secret");
        made->add_option("--secret-file", setup.secretFile, "File that holds the secret; else it is asked for");
        made->add_option("--domain", setup.domain, "feishu, lark, dingtalk, international or a base URL");
        made->add_option("--chat", setup.chat, "Where cards go; else it is asked for");
        made->add_option("--name", setup.name, "Name of the application in the configuration");
        made->add_option("--language", setup.language, "Of the test card: en or zh")
            ->check(CLI::IsMember({"en", "zh"}));
        made->callback([&code, &setup, command] { code = command(setup); });
        return made;
    };
    platformApp("feishu", "Set Klaw up in Feishu or Lark", feishuSetupCommand);
    platformApp("dingtalk", "Set Klaw up in DingTalk", dingtalkSetupCommand)
        ->add_option("--card-template", setup.cardTemplate, "Of your own; default: a public one");

    std::string checkedConfig;
    auto* configApp = app.add_subcommand("config", "Check a configuration file");
    configApp->require_subcommand(1);
    auto* configCheck = configApp->add_subcommand("check", "Errors name file, line and column");
    configCheck->add_option("file", checkedConfig, "The configuration")->required();
    configCheck->callback([&] { code = configCheckCommand(checkedConfig); });

    DoctorOptions doctor;
    auto* doctorApp = app.add_subcommand(
        "doctor", "Look at everything that a support engineer would ask; ends with 1 when something has failed");
    doctorApp->add_option("--config", doctor.config, "Configuration of the agent");
    doctorApp->add_option("--data", doctor.data, "Data directory of the agent");
    doctorApp->add_option("--language", doctor.language, "en or zh; default: that of the configuration")
        ->check(CLI::IsMember({"en", "zh"}));
    doctorApp->add_flag("--json", doctor.json, "For machines");
    doctorApp->add_flag("--offline", doctor.offline, "Ask the running agent only: no API server, no chat platform");
    doctorApp->callback([&] { code = doctorCommand(doctor); });

    app.add_subcommand("version", "Print the version")->callback([] {
        std::cout << "klaw " << klaw::app::programVersion << "\n";
    });

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return usageExit(app, error);
    }
    return code;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "klaw: %s\n", error.what());
    } catch (...) {
        std::fputs("klaw: it ended by an unknown failure\n", stderr);
    }
    return 1;
}
