#include "agent/operate/continuation.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/access/role.hpp"
#include "agent/operate/cluster_choice.hpp"
#include "agent/operate/planned_object.hpp"
#include "agent/operate/resource_kinds.hpp"
#include "base/percent.hpp"
#include "base/text/secrets.hpp"
#include "base/text/utf8.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

constexpr std::size_t mostNames = 200, longestLabel = 60;
constexpr auto asNames = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";

/// The words that a usage wants, "KIND/NAME", "REPLICAS", up to the first that may be left out; of alternatives the
/// first.
std::vector<std::string> wantedBy(const Verb& verb) {
    std::vector<std::string> words;
    auto usage = verb.usage.substr(verb.name.size());
    while (!usage.empty()) {
        auto end = std::min(usage.find(' '), usage.size());
        auto word = usage.substr(0, end);
        usage.remove_prefix(std::min(end + 1, usage.size()));
        if (word.empty()) continue;
        if (word.front() == '[' || word.front() == '-' || word == "|") break;
        words.emplace_back(word);
    }
    return words;
}

bool isObject(const std::string& wanted) {
    return wanted == "POD" || wanted.ends_with("/NAME");
}

/// What the command lacks.
struct Gap {
    std::string wanted;
    std::string kind;  ///< of the object, where the command says it
};

std::optional<Gap> gapOf(const Verb& verb, const CommandLine& line) {
    if (line.option("selector")) return std::nullopt;  // it says which objects
    auto wanted = wantedBy(verb);
    const auto& given = line.arguments;
    std::size_t next = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] == "REPLICAS" && line.option("replicas")) return std::nullopt;
        if (next >= given.size()) {
            auto kind = wanted[i] == "NAME" && next > 0 ? given[next - 1] : std::string();
            return Gap{wanted[i], kind};
        }
        bool withSlash = given[next].find('/') != std::string::npos;
        if (wanted[i] == "KIND" && withSlash) ++i;  // `describe deploy/web`
        bool twoWords = isObject(wanted[i]) && !withSlash && findResourceKind(given[next]);
        if (twoWords && next + 1 == given.size()) return Gap{wanted[i], given[next]};
        next += twoWords ? 2 : 1;
    }
    return std::nullopt;
}

/// Whether the first kind that the command names is in namespaces; nothing where it names none.
std::optional<bool> meansNamespaced(const CommandLine& line) {
    for (const auto& argument : line.arguments)
        if (const auto* kind = findResourceKind(argument.substr(0, argument.find('/')))) return kind->namespaced;
    return std::nullopt;
}

/// The usage wants one, and the command says none.
bool lacksNamespace(const Verb& verb, const CommandLine& line) {
    bool wants = verb.usage.find(" -n NAMESPACE") != verb.usage.npos;
    return wants && !line.option("namespace") && meansNamespaced(line).value_or(true);
}

/// The kinds that an object may be of.
std::vector<const ResourceKind*> kindsFor(const Verb& verb, const std::string& subVerb, const Gap& gap) {
    std::vector<std::string_view> names;
    auto slash = gap.wanted.find('/');
    if (!gap.kind.empty())
        names = {gap.kind};
    else if (gap.wanted == "NODE")
        names = {"nodes"};
    else if (gap.wanted == "POD")
        names = {"pods"};
    else if (gap.wanted != "KIND/NAME")
        names = {std::string_view(gap.wanted).substr(0, slash)};
    else if (verb.name == "resume")
        names = {"deployments", "cronjobs"};
    else if (verb.name == "scale")
        names = {"deployments", "statefulsets"};
    else if (verb.name == "set" && subVerb == "data")
        names = {"configmaps"};
    else
        names = {"deployments", "statefulsets", "daemonsets"};
    std::vector<const ResourceKind*> kinds;
    for (auto name : names)
        if (const auto* kind = findResourceKind(name)) kinds.push_back(kind);
    return kinds;
}

/// Names are written into commands: what is no name of Kubernetes is left out.
bool isPlainName(const std::string& name) {
    auto plain = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '.' || c == '_'; };
    return !name.empty() && std::ranges::all_of(name, plain);
}

Task<std::vector<std::string>> namesOf(Control& control, Caller caller, std::string cluster, std::string path) {
    std::vector<std::string> names;
    auto body = co_await control.askCluster(std::move(caller), std::move(cluster),
                                            path + "?limit=" + std::to_string(mostNames), asNames);
    if (!body) co_return names;
    auto list = Json::parse(*body, nullptr, false);
    for (const auto& item : valueAt(list, "/items"))
        if (auto name = textAt(item, "/metadata/name"); isPlainName(name)) names.push_back(std::move(name));
    co_return names;
}

CommandLine withWord(CommandLine line, std::string word) {
    line.arguments.push_back(std::move(word));
    return line;
}

std::string usageBelow(const Verb& verb) {
    return "\n  " + std::string(verb.usage) + "\n";
}

Task<std::optional<Continuation>> whichNamespace(Control& control, Caller caller, const Verb* verb, CommandLine line,
                                                 std::string cluster) {
    auto known = namespacesOf(control, caller, cluster);
    if (known.empty()) known = co_await namesOf(control, caller, cluster, "/api/v1/namespaces");
    if (known.empty()) co_return std::nullopt;
    Continuation more;
    more.question = (caller.chinese() ? "在哪个命名空间？" : "In which namespace?") + usageBelow(*verb);
    for (const auto& ns : known) {
        line.options["namespace"] = ns;
        more.choices.emplace_back(ns, written(line));
    }
    co_return more;
}

Task<std::optional<Continuation>> whichObject(Control& control, Caller caller, const Verb* verb, CommandLine line,
                                              Gap gap) {
    auto kinds = kindsFor(*verb, line.arguments.empty() ? "" : line.arguments.front(), gap);
    auto cluster = clusterOf(control, line);
    if (kinds.empty() || !cluster) co_return std::nullopt;
    bool namespaced = kinds.front()->namespaced;
    auto ns = line.option("namespace").value_or("");
    if (namespaced && ns.empty()) {
        auto known = namespacesOf(control, caller, *cluster);
        if (known.size() != 1)
            co_return co_await whichNamespace(control, std::move(caller), verb, std::move(line), *cluster);
        line.options["namespace"] = ns = known.front();
    }
    if (!namespaced) ns.clear();
    if (!gap.kind.empty()) line.arguments.pop_back();  // it is written together with the name
    Continuation more;
    std::string names;
    for (const auto* kind : kinds) {
        names += (names.empty() ? "" : ", ") + std::string(kind->kind);
        auto path = pathOf(*kind, ns);
        auto there = co_await namesOf(control, caller, *cluster, std::move(path));
        for (auto& name : there) {
            auto word = gap.wanted == "NODE" ? name : std::string(kind->aliases.front()) + "/" + name;
            auto label = kinds.size() > 1 ? word : name;
            more.choices.emplace_back(std::move(label), written(withWord(line, std::move(word))));
        }
    }
    auto where = names + (namespaced ? (caller.chinese() ? "，" : " in ") + ns : "");
    more.question =
        (caller.chinese() ? "要对哪个对象执行？（" + where + "）" : "Which one? (" + where + ")") + usageBelow(*verb);
    co_return more;
}

std::optional<Continuation> whichKind(const Verb& verb, const CommandLine& line, bool chinese) {
    Continuation more;
    more.question = (chinese ? "哪种对象？" : "Of which kind?") + usageBelow(verb);
    for (const auto* kind : {"pod", "deployment", "statefulset", "daemonset", "job", "service", "pvc", "node"})
        more.choices.emplace_back(kind, written(withWord(line, kind)));
    return more;
}

/// For `ack` those that nobody has taken, for `unack` those that somebody has.
std::optional<Continuation> whichAlert(const Control& control, const Caller& caller, const Verb& verb,
                                       const CommandLine& line) {
    bool otherIds = verb.name == "unsilence" || verb.judgement != Verb::Judgement::None;  // of silences, of approvals
    if (otherIds) return std::nullopt;
    Continuation more;
    more.question = (caller.chinese() ? "哪条告警？" : "Which alert?") + usageBelow(verb);
    control.forEachIncident([&](const rules::Incident& incident) {
        bool fits = verb.name == "ack" ? !incident.acknowledged : verb.name != "unack" || incident.acknowledged;
        if (!fits || incident.resolvedAt) return;
        auto label = truncateUtf8(maskSecrets(incident.title.in(caller.language)), longestLabel);
        more.choices.emplace_back(std::move(label), written(withWord(line, incident.id)));
    });
    return more;
}

std::optional<Continuation> whichPerson(const Control& control, const Caller& caller, const Verb& verb,
                                        const CommandLine& line) {
    std::set<std::string> people;
    for (const auto& binding : control.policy().bindings())
        if (!binding.name.empty()) people.insert(binding.name);
    Continuation more;
    more.question = (caller.chinese() ? "哪位？" : "Who?") + usageBelow(verb);
    for (const auto& name : people) more.choices.emplace_back(name, written(withWord(line, name)));
    return more;
}

/// One more, one fewer, twice as many as there are.
Task<std::optional<Continuation>> howMany(Control& control, Caller caller, const Verb* verb, CommandLine line) {
    std::vector<std::string_view> kinds{"deployments", "statefulsets"};
    auto read = co_await plannedObject(control, caller, line, std::move(kinds));
    if (!read) co_return std::nullopt;
    const auto& replicas = valueAt(read->json, "/spec/replicas");
    auto now = replicas.is_number_integer() ? std::clamp<std::int64_t>(replicas.get<std::int64_t>(), 0, 10'000) : 1;
    Continuation more;
    more.question = (caller.chinese() ? "需要多少副本？现在是 " + std::to_string(now) + " 个。"
                                      : "How many replicas? There are " + std::to_string(now) + " now.") +
                    usageBelow(*verb);
    std::set<std::int64_t> numbers{now + 1, 2 * now};
    if (now > 1) numbers.insert(now - 1);
    numbers.erase(now);
    numbers.erase(0);
    for (auto number : numbers)
        more.choices.emplace_back(std::to_string(number), written(withWord(line, std::to_string(number))));
    co_return more;
}

/// Also the empty ones.
std::vector<std::string> linesOf(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t from = 0; from <= text.size();) {
        auto end = std::min(text.find('\n', from), text.size());
        lines.push_back(text.substr(from, end - from));
        from = end + 1;
    }
    return lines;
}

}  // namespace

std::string written(const CommandLine& line) {
    auto word = [](const std::string& text) {
        bool plain = !text.empty() && text.find_first_of(" \t\n\r'\"") == text.npos && text.front() != '-';
        if (plain) return text;
        std::string quoted = "'";
        for (char c : text) c == '\'' ? quoted += "'\"'\"'" : quoted += c;
        return quoted + "'";
    };
    auto text = line.verb;
    for (const auto& argument : line.arguments) text += " " + word(argument);
    for (const auto& [name, value] : line.options) {
        auto option = " --" + name;
        if (isFlag(name)) text += option;
        if (isFlag(name)) continue;
        for (const auto& given : isRepeatable(name) ? linesOf(value) : std::vector{value})
            text += option + " " + word(given);
    }
    return text;
}

namespace {

/// It was about a whole command, and a button is pressed by somebody who has not seen what it would do.
void forgetConfirmation(CommandLine& line) {
    for (const char* option : {"yes", "expect", "kept"}) line.options.erase(option);
}

}  // namespace

std::vector<std::string> namespacesOf(const Control& control, const Caller& caller, const std::string& cluster) {
    auto now = control.now();
    std::set<std::string> own, ofChat;
    bool ownAny = false;
    auto contains = [](const std::vector<std::string>& list, const std::string& item) {
        return !item.empty() && std::ranges::find(list, item) != list.end();
    };
    auto isPattern = [](const std::string& ns) { return ns.find('*') != std::string::npos; };
    for (const auto& binding : control.policy().bindings()) {
        bool ended = binding.until && *binding.until <= now;
        bool there = binding.clusters.empty() || access::matchesAny(binding.clusters, cluster);
        bool person = contains(binding.identities, caller.identity), chat = contains(binding.chats, caller.chat);
        if (ended || !there) continue;
        if (person) ownAny |= binding.namespaces.empty() || std::ranges::any_of(binding.namespaces, isPattern);
        for (const auto& ns : binding.namespaces) {
            if (isPattern(ns)) continue;
            if (person) own.insert(ns);
            if (chat) ofChat.insert(ns);
        }
    }
    if (ownAny) own.clear();
    const auto& known = own.empty() ? ofChat : own;
    return {known.begin(), known.end()};
}

std::vector<std::string> likelyCommands(const std::string& command) {
    auto line = parseCommandLine(command);
    if (!line) return {};
    std::vector<std::string> commands;
    forgetConfirmation(*line);
    for (auto verb : likelyVerbs(line->verb)) {
        line->verb = verb;
        commands.push_back(written(*line));
    }
    return commands;
}

Task<std::optional<Continuation>> continuationOf(Control& control, Caller caller, const Verb* verb, CommandLine line) {
    if (verb->name == "create") co_return std::nullopt;  // what is there already is no answer
    forgetConfirmation(line);
    auto gap = gapOf(*verb, line);
    bool chinese = caller.chinese();
    std::optional<Continuation> more;
    auto cluster = clusterOf(control, line);
    if (!gap && cluster && lacksNamespace(*verb, line))
        more = co_await whichNamespace(control, std::move(caller), verb, std::move(line), *cluster);
    else if (!gap)
        co_return std::nullopt;
    else if (isObject(gap->wanted) || gap->wanted == "NODE" || !gap->kind.empty())
        more = co_await whichObject(control, std::move(caller), verb, std::move(line), std::move(*gap));
    else if (gap->wanted == "REPLICAS")
        more = co_await howMany(control, std::move(caller), verb, std::move(line));
    else if (gap->wanted == "KIND")
        more = whichKind(*verb, line, chinese);
    else if (gap->wanted == "ID")
        more = whichAlert(control, caller, *verb, line);
    else if (gap->wanted == "PERSON" && verb->name == "assign")
        more = whichPerson(control, caller, *verb, line);
    if (!more || more->choices.empty()) co_return std::nullopt;
    co_return more;
}

}  // namespace klaw::operate
