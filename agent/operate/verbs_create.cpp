// `create pod`, `configmap`, `secret`, `namespace`: small objects from a line.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "agent/operate/always.hpp"
#include "agent/operate/catalogue.hpp"
#include "agent/operate/data_words.hpp"
#include "agent/operate/planned_object.hpp"
#include "agent/operate/resource_kinds.hpp"
#include "base/digest.hpp"

namespace klaw::operate {
namespace {

using Json = nlohmann::json;

std::vector<std::string> splitAt(const std::string& text, char separator) {
    std::vector<std::string> parts;
    for (std::size_t from = 0; from <= text.size();) {
        auto end = std::min(text.find(separator, from), text.size());
        if (end > from) parts.push_back(text.substr(from, end - from));
        from = end + 1;
    }
    return parts;
}

Result<Json> portsOf(const CommandLine& line) {
    auto ports = Json::array();
    for (const auto& word : splitAt(line.option("port").value_or(""), ',')) {
        int port = 0;
        auto read = std::from_chars(word.data(), word.data() + word.size(), port);
        constexpr int highest = 65'535;
        if (read.ec != std::errc() || read.ptr != word.data() + word.size() || port < 1 || port > highest)
            return fail(ErrorCode::InvalidArgument, "\"" + word + "\" is no port", {}, "for example: --port 8080,9090");
        ports.push_back(Json{{"containerPort", port}});
    }
    return ports;
}

Result<Json> environmentOf(const CommandLine& line) {
    auto environment = Json::array();
    for (const auto& word : splitAt(line.option("env").value_or(""), '\n')) {
        auto equals = word.find('=');
        if (equals == word.npos || !isName(word.substr(0, equals), "-._"))
            return fail(ErrorCode::InvalidArgument, "--env needs NAME=VALUE", {}, "for example: --env LEVEL=debug");
        environment.push_back(Json{{"name", word.substr(0, equals)}, {"value", word.substr(equals + 1)}});
    }
    return environment;
}

/// `web --image shop/web:1 --port 8080 --env LEVEL=debug --command "sleep 3600"`
Result<Json> podSpec(const CommandLine& line) {
    auto image = line.option("image").value_or("");
    if (image.empty())
        return fail(ErrorCode::InvalidArgument, "create pod needs the image", {},
                    "for example: create pod debug --image busybox:1.36 --command \"sleep 3600\" -n shop");
    auto ports = portsOf(line), environment = environmentOf(line);
    if (!ports) return fail(std::move(ports).error());
    if (!environment) return fail(std::move(environment).error());
    auto words = plainWordsOf(line.option("command").value_or(""));
    if (!words) return fail(std::move(words).error());
    Json container{{"name", "main"}, {"image", image}};
    if (!ports->empty()) container["ports"] = std::move(*ports);
    if (!environment->empty()) container["env"] = std::move(*environment);
    if (!words->empty()) container["command"] = std::move(*words);
    return Json{{"containers", Json::array({std::move(container)})}};
}

/// The same names as kubectl's.
std::string_view kindOf(const std::string& word) {
    const auto* kind = findResourceKind(word);
    constexpr std::string_view made[] = {"pods", "configmaps", "secrets", "namespaces"};
    return kind && std::ranges::find(made, kind->name) != std::end(made) ? kind->name : std::string_view();
}

/// `create secret generic db`, as kubectl wants it.
CommandLine withoutGeneric(CommandLine line) {
    auto& words = line.arguments;
    bool generic = words.size() > 2 && kindOf(words.front()) == "secrets" && words[1] == "generic";
    if (generic) words.erase(words.begin() + 1);
    return line;
}

Result<void> fill(const CommandLine& line, const std::vector<std::string>& words, Json& object, std::string& keys) {
    auto kind = object["kind"].get<std::string>();
    bool data = kind == "ConfigMap" || kind == "Secret";
    if (!data && !words.empty())
        return fail(
            ErrorCode::InvalidArgument, "a " + kind + " has no \"" + words.front() + "\"", {},
            kind == "Pod" ? "options set what it is: --image, --port, --env, --command" : "write only its name");
    if (kind == "Pod") {
        auto spec = podSpec(line);
        if (!spec) return fail(std::move(spec).error());
        object["metadata"]["labels"] = {{"run", object["metadata"]["name"]}};
        object["spec"] = std::move(*spec);
    }
    if (!data) return {};
    auto values = dataWordsOf(words);
    if (!values) return fail(std::move(values).error());
    for (const auto& [key, value] : *values) {
        if (!value)
            return fail(ErrorCode::InvalidArgument, "what is made new has no keys to take away", {}, "write KEY=VALUE");
        object["data"][key] = kind == "Secret" ? base64Encode(*value) : *value;
        keys += (keys.empty() ? "" : ", ") + key;
    }
    if (kind == "Secret") object["type"] = "Opaque";
    return {};
}

Task<Result<Plan>> planCreate(Control& control, Caller caller, CommandLine line) {
    line = withoutGeneric(std::move(line));
    auto word =
        line.arguments.empty() ? std::string() : line.arguments.front().substr(0, line.arguments.front().find('/'));
    auto kind = kindOf(word);
    if (kind.empty())
        co_return fail(ErrorCode::InvalidArgument, "create makes Pods, ConfigMaps, Secrets and namespaces", {},
                       "for example: create configmap web LEVEL=debug -n shop; `apply` makes everything else");
    if (line.arguments.size() > 1 && line.arguments.front() == word && line.arguments[1].find('=') != std::string::npos)
        co_return fail(ErrorCode::InvalidArgument, "create needs the name first", {},
                       "for example: create " + word + " NAME KEY=VALUE -n NAMESPACE");
    auto made = co_await plannedCreation(control, caller, line, kind);
    if (!made) co_return fail(std::move(made).error());
    auto plan = std::move(made->plan);
    Json object{{"apiVersion", "v1"}, {"kind", plan.kind}, {"metadata", {{"name", plan.name}}}};
    if (!plan.ns.empty()) object["metadata"]["namespace"] = plan.ns;
    std::string keys;
    if (auto filled = fill(line, made->words, object, keys); !filled) co_return fail(std::move(filled).error());
    plan.request.body = plan.wanted = object.dump(-1, ' ', false, Json::error_handler_t::replace);
    bool chinese = caller.chinese();
    plan.summary = fmt::format(fmt::runtime(chinese ? "创建 {}" : "create {}"), plan.title());
    if (!keys.empty()) plan.summary += fmt::format(fmt::runtime(chinese ? "（{}）" : " with {}"), keys);
    if (plan.kind == "Pod")
        plan.notes.push_back(chinese ? "没有控制器管理它：删除后不会重新创建"
                                     : "nothing manages it: once gone it does not come back");
    if (plan.kind == "Namespace") {
        plan.permission = "namespaces";
        plan.path = plan.request.path;  // a namespace that is not there yet is of the cluster
    } else {
        plan.undo = "delete " + plan.address();
    }
    co_return plan;
}

bool createsSecret(const CommandLine& line) {
    auto word =
        line.arguments.empty() ? std::string() : line.arguments.front().substr(0, line.arguments.front().find('/'));
    auto kind = kindOf(word);
    return kind != "pods" && kind != "configmaps" && kind != "namespaces";
}

}  // namespace

std::vector<Verb> createVerbs() {
    Verb verb;
    verb.name = "create", verb.aliases = {"创建", "新建"};
    verb.usage =
        "create pod NAME --image IMAGE [--port N] [--env KEY=VALUE] [--command \"WORDS\"] | configmap NAME KEY=VALUE… "
        "| "
        "secret NAME KEY=VALUE… | namespace NAME -n NAMESPACE [--yes]";
    verb.summary = {"Makes a Pod, a ConfigMap, a Secret or a namespace; values of Secrets are shown nowhere",
                    "创建 Pod、ConfigMap、Secret 或命名空间；Secret 的值不会显示"};
    verb.changes = always;
    verb.plan = planCreate;
    verb.permission = "workloads";
    verb.undoable = true;
    verb.secret = createsSecret;
    verb.options = {"image", "port", "env", "command"};
    return {verb};
}

}  // namespace klaw::operate
