// Who may do what: told, explained, and given for a while.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "agent/operate/always.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/cluster_choice.hpp"
#include "agent/operate/required_access.hpp"
#include "agent/operate/resource_kinds.hpp"
#include "notifiers/words.hpp"
#include "rules/suggestion.hpp"

namespace klaw::operate {
namespace {

constexpr Duration longestGrant = 30 * 24h;

std::string whereOf(const access::Binding& binding, bool chinese) {
    std::string clusters = binding.clusters.empty() ? (chinese ? "所有集群" : "everywhere")
                                                    : fmt::format("{}", fmt::join(binding.clusters, ", "));
    if (binding.namespaces.empty()) return clusters;
    return clusters + (chinese ? "，命名空间 " : ", namespaces ") +
           fmt::format("{}", fmt::join(binding.namespaces, ", "));
}

std::string whoOf(const access::Binding& binding) {
    auto ids = binding.identities;
    ids.insert(ids.end(), binding.chats.begin(), binding.chats.end());
    ids.insert(ids.end(), binding.departments.begin(), binding.departments.end());
    auto list = fmt::format("{}", fmt::join(ids, ", "));
    return binding.name.empty() ? list : binding.name + " (" + list + ")";
}

/// The identities of a person, or a department as such.
std::vector<std::string> subjectsOf(const access::Policy& policy, const std::string& written) {
    if (access::isDepartment(written)) return {written};
    return policy.identitiesOf(written);
}

Error nobody(const access::Policy& policy, const std::string& person) {
    std::vector<std::string_view> names;
    for (const auto& binding : policy.bindings())
        if (!binding.name.empty()) names.push_back(binding.name);
    auto near = rules::nearest(person, names);
    return Error(ErrorCode::NotFound, "there is nobody called \"" + person + "\"", {},
                 near ? "did you mean " + std::string(*near) + "?"
                      : "`who` lists who is known; an id is written feishu:ou_… or dingtalk:…, a department "
                        "feishu_department:od-… or dingtalk_department:…");
}

Result<Output> who(Control& control, const Caller& caller, const CommandLine& line) {
    const auto& policy = control.policy();
    std::vector<std::string> wanted;
    if (!line.arguments.empty()) {
        wanted = subjectsOf(policy, line.arguments.front());
        if (wanted.empty()) return fail(nobody(policy, line.arguments.front()));
    }
    auto isWanted = [&](const access::Binding& binding) {
        auto known = [&](const std::string& id) { return std::ranges::find(wanted, id) != wanted.end(); };
        return wanted.empty() || std::ranges::any_of(binding.identities, known) ||
               std::ranges::any_of(binding.departments, known);
    };
    std::vector<std::vector<std::string>> rows;
    for (const auto& binding : policy.bindings()) {
        bool ended = binding.until && *binding.until <= control.now();
        if (ended || !isWanted(binding)) continue;
        auto until = binding.until ? notifiers::localTime(*binding.until, control.utcOffsetMinutes()) : "-";
        rows.push_back({whoOf(binding), binding.role, whereOf(binding, caller.chinese()), until,
                        binding.grant.empty() ? "-" : binding.grant});
    }
    if (rows.empty()) return caller.chinese() ? "没有任何授权。\n" : "Nobody has a role.\n";
    Table table{{{"WHO", "谁"}, {"ROLE", "角色"}, {"WHERE", "范围"}, {"UNTIL", "到期"}, {"GRANT", "授权编号"}},
                std::move(rows)};
    return Output(std::move(table), caller.language);
}

/// "deploy/web": which resource and name a command is about.
void placeObject(const CommandLine& line, access::Place& place) {
    for (const auto& word : line.arguments) {
        auto slash = word.find('/');
        const auto* kind = findResourceKind(word.substr(0, slash));
        if (!kind || slash == word.npos) continue;
        auto path = pathOf(*kind, {});
        place.resource = path.substr(path.rfind('/') + 1);
        place.name = word.substr(slash + 1);
        place.open = false;
        return;
    }
}

/// As far as the command says it: what it leaves of a workload.
std::optional<std::int64_t> replicasLeft(const Verb& verb, const CommandLine& command) {
    if (verb.name == "delete") return 0;
    if (verb.name != "scale") return std::nullopt;
    auto written = command.option("replicas").value_or(command.arguments.empty() ? "" : command.arguments.back());
    std::int64_t replicas = 0;
    auto read = std::from_chars(written.data(), written.data() + written.size(), replicas);
    if (read.ec != std::errc() || read.ptr != written.data() + written.size()) return std::nullopt;
    return replicas;
}

/// By whom it would have to be approved, as a line; empty where by nobody.
std::string approvalLine(const Control& control, const Verb& verb, const CommandLine& command, access::Request request,
                         bool chinese) {
    if (!verb.plan) return {};
    request.command = request.verb;
    request.replicas = replicasLeft(verb, command);
    const auto* rule = control.approvalFor(request);
    bool depends = !rule && !request.replicas;
    if (depends) request.replicas = 0;
    if (depends) rule = control.approvalFor(request);
    if (!rule) return {};
    auto who = access::approversOf(*rule, chinese);
    if (who.empty()) who = chinese ? "另一位有此权限的人" : "another person who may do it";
    auto limit =
        depends && rule->replicas
            ? fmt::format(fmt::runtime(chinese ? "剩余副本不超过 {} 时" : " where it leaves at most {} replicas"),
                          *rule->replicas)
            : std::string();
    return chinese ? "  " + limit + "需要批准，批准人：" + who + "\n"
                   : "  it must be approved" + limit + ", by " + who + "\n";
}

/// `can 李雷 restart deploy/web -n shop`
Result<Output> can(Control& control, const Caller& caller, const CommandLine& line) {
    if (line.arguments.size() < 2)
        return fail(ErrorCode::InvalidArgument, "can needs a person and a command", {},
                    "for example: can 李雷 restart deploy/web -n shop");
    const auto& policy = control.policy();
    auto identities = policy.identitiesOf(line.arguments.front());
    if (identities.empty()) return fail(nobody(policy, line.arguments.front()));
    auto command = line;
    command.verb = line.arguments[1];
    command.arguments.erase(command.arguments.begin(), command.arguments.begin() + 2);
    const auto* verb = findVerb(command.verb);
    if (!verb)
        return fail(ErrorCode::NotFound, "there is no command \"" + command.verb + "\"", {},
                    "`help` lists what there is");
    std::string text;
    for (const auto& identity : identities) {
        Caller asked;
        asked.identity = identity;
        auto request = requiredAccess(control, *verb, command, asked);
        if (auto cluster = clusterOf(control, line); verb->ask && cluster)
            request.place = access::Place{*cluster, line.option("namespace").value_or(""), {}, {}, false};
        if (request.place) placeObject(command, *request.place);
        auto decision = policy.decide(request, control.now());
        text += identity + ": " +
                (decision.allowed ? (caller.chinese() ? "可以" : "yes") : (caller.chinese() ? "不可以" : "no")) + ": " +
                decision.reason + "\n";
        if (decision.allowed) text += approvalLine(control, *verb, command, request, caller.chinese());
        auto departments = policy.departmentsFor(request, control.now());
        if (!decision.allowed && !departments.empty())
            text += (caller.chinese() ? "属于以下部门的人可以：" : "  whoever is in one of these may: ") +
                    fmt::format("{}\n", fmt::join(departments, ", "));
    }
    return text;
}

Result<Duration> lengthOf(const CommandLine& line) {
    auto written = line.option("for").value_or(line.arguments.size() > 2 ? line.arguments[2] : "");
    auto length = parseDuration(written);
    if (!length || *length <= Duration{} || *length > longestGrant)
        return fail(ErrorCode::InvalidArgument, "grant needs for how long, at most 30 days", {},
                    "for example: grant 李雷 operator 2h -n shop");
    return *length;
}

std::vector<std::string> listOf(const std::optional<std::string>& option) {
    std::vector<std::string> items;
    std::string_view rest = option ? std::string_view(*option) : std::string_view();
    while (!rest.empty()) {
        auto comma = std::min(rest.find(','), rest.size());
        if (comma > 0) items.emplace_back(rest.substr(0, comma));
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return items;
}

/// Somebody whose own role is limited gives no more than that.
std::optional<access::Place> placeOfGrant(const Control& control, const CommandLine& line) {
    auto clusters = listOf(line.option("cluster")), namespaces = listOf(line.option("namespace"));
    if (clusters.size() > 1 || namespaces.size() > 1) return std::nullopt;
    if (clusters.empty() && control.clusters().size() == 1) clusters.push_back(control.clusters().front().name);
    if (clusters.empty()) return std::nullopt;
    return access::Place{clusters.front(), namespaces.empty() ? "" : namespaces.front(), {}, {}, false};
}

/// Nobody gives what they may not do themselves, in Klaw or in Kubernetes.
Result<void> mayGive(const Control& control, const Caller& caller, const CommandLine& line, const access::Role& role) {
    for (const auto& rule : role.rules)
        for (const auto& may : rule.may) {
            access::Request own{caller.identity, caller.chat, may, may, placeOfGrant(control, line), caller.membership};
            if (auto decision = control.policy().decide(own, control.now()); !decision.allowed)
                return fail(ErrorCode::PermissionDenied, "nobody gives more than they have: " + decision.reason);
        }
    access::Request own{caller.identity,  caller.chat, "access", "access", placeOfGrant(control, line),
                        caller.membership};
    if (control.policy().isAdministrator(own, control.now())) return {};
    auto groups = control.policy().groupsOf(own, control.now());
    for (const auto& group : role.groups)
        if (std::ranges::find(groups, group) == groups.end())
            return fail(ErrorCode::PermissionDenied, "nobody gives more than they have: whoever has the role \"" +
                                                         role.name + "\" is in the group \"" + group +
                                                         "\" of Kubernetes");
    return {};
}

Result<access::Grant> grantOf(const Control& control, const Caller& caller, const CommandLine& line) {
    if (line.arguments.size() < 2)
        return fail(ErrorCode::InvalidArgument, "grant needs a person, a role and for how long", {},
                    "for example: grant 李雷 operator 2h -n shop");
    const auto& policy = control.policy();
    const auto& person = line.arguments[0];
    auto subjects = subjectsOf(policy, person);
    if (subjects.empty()) return fail(nobody(policy, person));
    if (!policy.role(line.arguments[1])) {
        std::string names;
        for (const auto& role : policy.roles()) names += (names.empty() ? "" : ", ") + role.name;
        return fail(ErrorCode::NotFound, "there is no role \"" + line.arguments[1] + "\"", {}, "one of " + names);
    }
    auto length = lengthOf(line);
    if (!length) return fail(std::move(length).error());
    if (auto fine = mayGive(control, caller, line, *policy.role(line.arguments[1])); !fine)
        return fail(std::move(fine).error());
    access::Grant grant;
    grant.binding.name = policy.nameOf(subjects.front());
    (access::isDepartment(person) ? grant.binding.departments : grant.binding.identities) = std::move(subjects);
    grant.binding.role = line.arguments[1];
    grant.binding.clusters = listOf(line.option("cluster"));
    if (auto known = control.clusters(); grant.binding.clusters.empty() && known.size() == 1)
        grant.binding.clusters.push_back(known.front().name);  // one that comes later was not meant
    grant.binding.namespaces = listOf(line.option("namespace"));
    grant.binding.until = control.now() + *length;
    grant.by = caller.shownName();
    grant.reason = line.option("comment").value_or("");
    grant.at = control.now();
    return grant;
}

std::string sentence(const Control& control, const access::Grant& grant, bool chinese) {
    const auto& binding = grant.binding;
    auto until = notifiers::localTime(*binding.until, control.utcOffsetMinutes());
    return fmt::format(fmt::runtime(chinese ? "{} 在{}拥有角色 {}，到 {} 为止" : "{}, {}: role {} until {}"),
                       whoOf(binding), whereOf(binding, chinese), binding.role, until);
}

Result<std::string> previewGrant(const Control& control, const Caller& caller, const CommandLine& line) {
    auto grant = grantOf(control, caller, line);
    if (!grant) return fail(std::move(grant).error());
    return sentence(control, *grant, caller.chinese());
}

Result<Output> giveGrant(Control& control, const Caller& caller, const CommandLine& line) {
    auto grant = grantOf(control, caller, line);
    if (!grant) return fail(std::move(grant).error());
    auto text = sentence(control, *grant, caller.chinese());
    auto id = control.grant(std::move(*grant));
    return text + (caller.chinese() ? "；撤销：" : "; to take it back: ") + "revoke " + id + "\n";
}

Result<Output> revoke(Control& control, const Caller& caller, const CommandLine& line) {
    if (line.arguments.empty())
        return fail(ErrorCode::InvalidArgument, "revoke needs the id of a grant", {}, "`who` lists them");
    auto grant = control.revokeGrant(line.arguments.front());
    if (!grant) return fail(std::move(grant).error());
    return (caller.chinese() ? "已撤销：" : "Taken back: ") + sentence(control, *grant, caller.chinese()) + "\n";
}

}  // namespace

std::vector<Verb> accessVerbs() {
    Verb whoVerb{"who",
                 {"权限", "谁"},
                 "who [PERSON]",
                 {"Lists who has which role, and until when", "列出谁有什么角色"},
                 nullptr,
                 nullptr,
                 who};
    Verb canVerb{"can",
                 {"能否"},
                 "can PERSON COMMAND…",
                 {"Says whether somebody may do something, and why", "说明某人能否执行某命令及原因"},
                 nullptr,
                 nullptr,
                 can};
    Verb grantVerb{"grant",
                   {"授权"},
                   "grant PERSON ROLE DURATION [-n NAMESPACE] [--cluster CLUSTER] [--comment TEXT]",
                   {"Gives somebody a role for a while", "临时授予角色"},
                   always,
                   previewGrant,
                   giveGrant};
    grantVerb.permission = "access";
    grantVerb.danger = Danger::High;
    grantVerb.confirms = always;
    grantVerb.place = placeOfGrant;
    grantVerb.options = {"cluster", "namespace", "comment", "for", "yes"};
    Verb revokeVerb{"revoke", {"撤销授权"}, "revoke GRANT", {"Takes a grant back", "撤销临时授权"},
                    always,   nullptr,      revoke};
    revokeVerb.permission = "access";
    canVerb.options = {"cluster", "namespace"};
    return {std::move(whoVerb), std::move(canVerb), std::move(grantVerb), std::move(revokeVerb)};
}

}  // namespace klaw::operate
