// Secrets where they do not belong. What is found is never shown: only the name of where it stands.
#include <re2/re2.h>

#include "agent/security/check.hpp"
#include "base/text/json_fields.hpp"
#include "base/text/secrets.hpp"

namespace klaw::security {
namespace {

constexpr std::size_t shortestSecret = 4, mostLookedAt = 64 * 1024;
constexpr std::string_view hidden = "a value that is not shown";

/// `$(VAR)`, `${VAR}`, `$VAR` and `{{ .Value }}` stand for a value that is elsewhere: an empty one is in their place. A
/// default that stands beside them, `${VAR:-value}`, is a value.
std::string withoutReferences(std::string_view text) {
    static const std::string scheme = R"((?i)(?:\b(?:bearer|basic|token)\s+)?)";
    static const std::string braced = R"(\$\([^()]*\)|\$\{[a-z_][a-z0-9_.]*(?::-|:\?[^{}]*)?\}|\{\{[^{}]*\}\})";
    static const std::string bare = R"(\$[a-z_][a-z0-9_]*\b)";
    static const RE2 quoted(R"((\\*["']))" + scheme + "(?:" + braced + "|" + bare + R"()(\\*["']))", RE2::Quiet);
    static const RE2 anywhere(scheme + "(?:" + braced + ")", RE2::Quiet);
    static const RE2 asWord(R"((^|[\s=:,/]))" + scheme + bare, RE2::Quiet);  // "pa$$word" holds none
    std::string out(text.substr(0, mostLookedAt));
    RE2::GlobalReplace(&out, quoted, R"(\1\2)");
    RE2::GlobalReplace(&out, anywhere, R"("")");
    RE2::GlobalReplace(&out, asWord, R"(\1"")");
    return out;
}

bool looksSecret(const std::string& text) {
    return maskSecrets(text) != text;
}

/// By its name, or by what it looks like; where a part of it is a reference, by that alone.
bool holdsSecret(const std::string& name, const std::string& value) {
    if (value.size() < shortestSecret || value == "true" || value == "false") return false;
    auto looked = std::string_view(value).substr(0, mostLookedAt);
    auto literal = withoutReferences(looked);
    return (literal == looked && namesSecret(name, looked)) || looksSecret(literal);
}

void inEnvironment(const PodView& pod, EvidenceList& found) {
    pod.forEachContainer([&](const Json& container, const std::string& path) {
        for (const auto& variable : at(container, "env"))
            if (auto name = textAt(variable, "name"); holdsSecret(name, textAt(variable, "value")))
                found.add(path + ".env[" + name + "].value", hidden);
    });
}

void inCommand(const PodView& pod, EvidenceList& found) {
    pod.forEachContainer([&](const Json& container, const std::string& path) {
        for (const char* field : {"command", "args"}) {
            std::string all;
            for (const auto& word : textsAt(container, field)) all += word + " ";
            if (looksSecret(withoutReferences(all))) found.add(path + "." + field, hidden);
        }
    });
}

void asEnvironment(const PodView& pod, EvidenceList& found) {
    pod.forEachContainer([&](const Json& container, const std::string& path) {
        for (const auto& variable : at(container, "env"))
            if (const auto& source = memberAt(variable, "valueFrom.secretKeyRef"); source.is_object())
                found.add(path + ".env[" + textAt(variable, "name") + "].valueFrom.secretKeyRef.name",
                          at(source, "name"));
        for (const auto& all : at(container, "envFrom"))
            if (const auto& source = at(all, "secretRef"); source.is_object())
                found.add(path + ".envFrom.secretRef.name", at(source, "name"));
    });
}

void inConfigMap(const ObjectView& object, EvidenceList& found) {
    const auto& data = at(object.json, "data");
    if (!data.is_object()) return;
    for (const auto& [key, value] : data.items())
        if (value.is_string() && holdsSecret(key, value.get_ref<const std::string&>()))
            found.add("data[" + key + "]", hidden);
}

void longLivedToken(const ObjectView& object, EvidenceList& found) {
    if (textAt(object.json, "type") == "kubernetes.io/service-account-token")
        found.add("type", at(object.json, "type"));
}

void bootstrapToken(const ObjectView& object, EvidenceList& found) {
    if (textAt(object.json, "type") == "bootstrap.kubernetes.io/token") found.add("type", at(object.json, "type"));
}

}  // namespace

std::vector<Check> secretChecks() {
    std::vector<Check> checks;
    auto add = [&](Check check, std::vector<Reference> references) -> Check& {
        check.references = std::move(references);
        return checks.emplace_back(std::move(check));
    };
    add({"secret-in-environment",
         Severity::High,
         {"A password or token stands in the environment of a container", "容器环境变量中写有密码或令牌"},
         {"Put it into a Secret, mount that, and change the secret: it has been seen",
          "改存入 Secret 并以文件挂载，同时更换该凭据"},
         {}},
        {cis("5.4.1"), owasp("K08"), kubescape("C-0012")})
        .pod = inEnvironment;
    add({"secret-in-command",
         Severity::High,
         {"A password or token stands in the command of a container", "容器命令行中写有密码或令牌"},
         {"Put it into a Secret, mount that, and change the secret: it has been seen",
          "改存入 Secret 并以文件挂载，同时更换该凭据"},
         {}},
        {owasp("K08"), kubescape("C-0012")})
        .pod = inCommand;
    add({"secret-as-environment",
         Severity::Low,
         {"A Secret is given as environment variables", "Secret 以环境变量方式提供"},
         {"Mount it as files", "改为以文件挂载"},
         {}},
        {cis("5.4.1"), owasp("K08"), kubescape("C-0207")})
        .pod = asEnvironment;
    add({"secret-in-configmap",
         Severity::High,
         {"A ConfigMap holds a password, token or private key", "ConfigMap 中存有密码、令牌或私钥"},
         {"Move it to a Secret, and change it: it has been seen", "移入 Secret，并更换该凭据"},
         {},
         {"configmaps"}},
        {owasp("K08"), kubescape("C-0012")})
        .object = inConfigMap;
    add({"service-account-token-secret",
         Severity::Medium,
         {"A Secret holds a token of a service account that does not end", "Secret 中存有不过期的服务账户令牌"},
         {"Use tokens that end (TokenRequest, projected volumes), and delete it",
          "改用有期限的令牌（TokenRequest、projected 卷），并删除它"},
         {},
         {"secrets"}},
        {cis("3.1.2"), owasp("K06"), kubescape("C-0287")})
        .object = longLivedToken;
    add({"bootstrap-token",
         Severity::Low,
         {"A token to add nodes is there", "存在用于添加节点的引导令牌"},
         {"Delete it once the nodes have joined", "节点加入后删除"},
         {},
         {"secrets"}},
        {cis("3.1.3"), owasp("K06"), kubescape("C-0288")})
        .object = bootstrapToken;
    return checks;
}

}  // namespace klaw::security
