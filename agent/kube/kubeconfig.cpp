#include "agent/kube/kubeconfig.hpp"

#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/digest.hpp"

namespace klaw::kube {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t maxFileBytes = 16u << 20;  // a device or a log, named by mistake, may have no end

Result<std::string> readFile(const fs::path& path, const std::string& place) {
    std::ifstream in(path, std::ios::binary);
    if (!in)
        return fail(ErrorCode::NotFound, "cannot read " + path.string(), place, "check the path and its permissions");
    std::string text;
    char piece[16384];
    while (in.read(piece, sizeof piece) || in.gcount() > 0) {
        text.append(piece, static_cast<std::size_t>(in.gcount()));
        if (text.size() > maxFileBytes)
            return fail(ErrorCode::InvalidArgument, path.string() + " is larger than 16 MiB", place, "check the path");
    }
    return text;
}

/// A named entry of a kubeconfig list and the file it comes from.
struct Entry {
    YAML::Node body;
    fs::path file;
    int line = 1;
    std::string place() const { return file.string() + ":" + std::to_string(line); }
    fs::path resolve(const std::string& path) const {
        fs::path given(path);
        return given.is_absolute() ? given : fs::absolute(file).parent_path() / given;
    }
};

using Entries = std::map<std::string, Entry>;

struct Kubeconfig {
    Entries clusters, users, contexts;
    std::string currentContext;
    std::string files;  ///< for messages
};

/// Empty also where `map` is none: yaml-cpp would throw.
std::string textOf(const YAML::Node& map, const char* key) {
    if (!map.IsDefined() || !map.IsMap()) return {};
    auto value = map[key];
    return value && value.IsScalar() ? value.Scalar() : std::string();
}

bool flagOf(const YAML::Node& map, const char* key) {
    return textOf(map, key) == "true";
}

Result<void> addEntries(const YAML::Node& root, const char* list, const char* body, const fs::path& file,
                        Entries& into) {
    auto items = root[list];
    if (!items || items.IsNull()) return {};
    if (!items.IsSequence())
        return fail(ErrorCode::InvalidArgument, std::string(list) + " is no list",
                    file.string() + ":" + std::to_string(items.Mark().line + 1), "compare with `kubectl config view`");
    for (const auto& item : items) {
        int line = item.Mark().line + 1;
        auto name = item.IsMap() ? textOf(item, "name") : std::string();
        if (name.empty())
            return fail(ErrorCode::InvalidArgument, std::string("an entry of ") + list + " has no name",
                        file.string() + ":" + std::to_string(line), "compare with `kubectl config view`");
        auto content = item[body];
        into.emplace(name, Entry{content && content.IsMap() ? content : YAML::Node(YAML::NodeType::Map), file,
                                 line});  // the first one wins
    }
    return {};
}

Result<void> addText(const std::string& text, const fs::path& file, Kubeconfig& into) {
    try {
        auto root = YAML::Load(text);
        if (root.IsNull()) return {};
        if (!root.IsMap())
            return fail(ErrorCode::InvalidArgument, "this is no kubeconfig", file.string() + ":1",
                        "compare with `kubectl config view`");
        if (into.currentContext.empty()) into.currentContext = textOf(root, "current-context");
        for (auto [list, body, entries] :
             {std::tuple{"clusters", "cluster", &into.clusters}, std::tuple{"users", "user", &into.users},
              std::tuple{"contexts", "context", &into.contexts}})
            if (auto added = addEntries(root, list, body, file, *entries); !added) return added;
        return {};
    } catch (const YAML::Exception& broken) {
        return fail(
            ErrorCode::InvalidArgument, "the kubeconfig is malformed: " + broken.msg,
            file.string() + ":" + std::to_string(broken.mark.line + 1) + ":" + std::to_string(broken.mark.column + 1),
            "mend the file; `kubectl config view` reads the same");
    }
}

Result<void> addFile(const fs::path& file, Kubeconfig& into) {
    auto text = readFile(file, file.string());
    if (!text) return fail(std::move(text).error());
    return addText(*text, file, into);
}

std::vector<fs::path> kubeconfigFiles(const KubeEnvironment& environment, const AccessQuery& query, bool& explicitly) {
    explicitly = true;
    if (!query.kubeconfig.empty()) return {query.kubeconfig};
    if (auto list = environment.variable("KUBECONFIG"); list && !list->empty()) {
        std::vector<fs::path> files;
        std::istringstream parts(*list);
        for (std::string part; std::getline(parts, part, ':');)
            if (!part.empty()) files.emplace_back(part);
        return files;
    }
    explicitly = false;
    if (auto home = environment.variable("HOME"); home && !home->empty()) return {fs::path(*home) / ".kube/config"};
    return {};
}

/// `<key>-data` in Base64, or the file that `<key>` names.
Result<std::string> dataOrFile(const Entry& entry, const std::string& key) {
    auto data = textOf(entry.body, (key + "-data").c_str());
    if (!data.empty()) {
        auto decoded = base64Decode(data);
        if (!decoded)
            return fail(ErrorCode::InvalidArgument, key + "-data is not Base64", entry.place(),
                        "write it again with `kubectl config set-cluster` or `set-credentials`");
        return *decoded;
    }
    auto file = textOf(entry.body, key.c_str());
    if (file.empty()) return std::string();
    return readFile(entry.resolve(file), entry.place());
}

Result<void> readCluster(const Entry& entry, ClusterAccess& access) {
    access.server = textOf(entry.body, "server");
    while (access.server.ends_with('/')) access.server.pop_back();
    if (access.server.empty())
        return fail(ErrorCode::InvalidArgument, "the cluster has no server", entry.place(),
                    "set it with `kubectl config set-cluster`");
    if (!access.server.starts_with("https://") && !access.server.starts_with("http://"))
        access.server = "https://" + access.server;
    auto ca = dataOrFile(entry, "certificate-authority");
    if (!ca) return fail(std::move(ca).error());
    access.caPem = std::move(*ca);
    access.insecureSkipVerify = flagOf(entry.body, "insecure-skip-tls-verify");
    if (access.insecureSkipVerify && !access.caPem.empty())
        return fail(ErrorCode::InvalidArgument,
                    "insecure-skip-tls-verify and certificate-authority contradict each other", entry.place(),
                    "remove one of them");
    access.tlsServerName = textOf(entry.body, "tls-server-name");
    access.proxyUrl = textOf(entry.body, "proxy-url");
    access.disableCompression = flagOf(entry.body, "disable-compression");
    return {};
}

Result<ExecSpec> readExec(const Entry& entry) {
    auto node = entry.body["exec"];
    ExecSpec exec;
    exec.command = textOf(node, "command");
    if (exec.command.empty())
        return fail(ErrorCode::InvalidArgument, "exec has no command", entry.place(),
                    "compare with the documentation of the plugin");
    if (exec.command.find('/') != std::string::npos) exec.command = entry.resolve(exec.command).string();
    exec.apiVersion = textOf(node, "apiVersion");
    if (exec.apiVersion != "client.authentication.k8s.io/v1" &&
        exec.apiVersion != "client.authentication.k8s.io/v1beta1")
        return fail(ErrorCode::Unsupported, "exec plugins of apiVersion \"" + exec.apiVersion + "\" are not supported",
                    entry.place(), "update the plugin and write client.authentication.k8s.io/v1");
    if (textOf(node, "interactiveMode") == "Always")
        return fail(ErrorCode::Unsupported, "the exec plugin wants a terminal (interactiveMode: Always)", entry.place(),
                    "use one that works unattended, or a service account token");
    exec.installHint = textOf(node, "installHint");
    exec.provideClusterInfo = flagOf(node, "provideClusterInfo");
    if (auto args = node["args"]; args && args.IsSequence())
        for (const auto& arg : args) exec.args.push_back(arg.IsScalar() ? arg.Scalar() : std::string());
    if (auto env = node["env"]; env && env.IsSequence())
        for (const auto& one : env) exec.env.emplace_back(textOf(one, "name"), textOf(one, "value"));
    return exec;
}

Result<void> readUser(const Entry& entry, ClusterAccess& access) {
    auto certificate = dataOrFile(entry, "client-certificate");
    if (!certificate) return fail(std::move(certificate).error());
    auto key = dataOrFile(entry, "client-key");
    if (!key) return fail(std::move(key).error());
    if (certificate->empty() != key->empty())
        return fail(ErrorCode::InvalidArgument, "client-certificate and client-key belong together", entry.place(),
                    "give both or none");
    access.clientCertPem = std::move(*certificate);
    access.clientKeyPem = std::move(*key);
    access.token = textOf(entry.body, "token");
    if (auto file = textOf(entry.body, "tokenFile"); !file.empty()) access.tokenFile = entry.resolve(file).string();
    access.username = textOf(entry.body, "username");
    access.password = textOf(entry.body, "password");
    access.impersonateUser = textOf(entry.body, "as");
    if (auto groups = entry.body["as-groups"]; groups && groups.IsSequence())
        for (const auto& group : groups)
            access.impersonateGroups.push_back(group.IsScalar() ? group.Scalar() : std::string());
    if (entry.body["auth-provider"])
        return fail(ErrorCode::Unsupported, "auth-provider was removed from Kubernetes and is not supported",
                    entry.place(), "use an exec plugin such as kubelogin or gke-gcloud-auth-plugin");
    if (entry.body["exec"]) {
        auto exec = readExec(entry);
        if (!exec) return fail(std::move(exec).error());
        access.exec = std::move(*exec);
    }
    return {};
}

Result<const Entry*> named(const Entries& entries, const std::string& name, const std::string& what,
                           const std::string& files) {
    auto found = entries.find(name);
    if (found != entries.end()) return &found->second;
    std::string known;
    for (const auto& [other, entry] : entries) known += (known.empty() ? "" : ", ") + other;
    return fail(ErrorCode::InvalidArgument, "there is no " + what + " \"" + name + "\"", files,
                known.empty() ? "the file names none" : "there are: " + known);
}

Result<ClusterAccess> accessOf(const Kubeconfig& config, const std::string& context) {
    ClusterAccess access;
    access.name = context;
    access.source = config.files;
    auto chosen = named(config.contexts, context, "context", config.files);
    if (!chosen) return fail(std::move(chosen).error());
    auto cluster = named(config.clusters, textOf((*chosen)->body, "cluster"), "cluster", (*chosen)->place());
    if (!cluster) return fail(std::move(cluster).error());
    if (auto read = readCluster(**cluster, access); !read) return fail(std::move(read).error());
    auto userName = textOf((*chosen)->body, "user");
    if (userName.empty()) return access;
    auto user = named(config.users, userName, "user", (*chosen)->place());
    if (!user) return fail(std::move(user).error());
    if (auto read = readUser(**user, access); !read) return fail(std::move(read).error());
    return access;
}

/// What a kubeconfig says beyond itself: files of this machine, programs to run.
Result<void> checkSelfContained(const Kubeconfig& config) {
    for (const auto* entries : {&config.clusters, &config.users})
        for (const auto& [name, entry] : *entries)
            for (const char* key : {"certificate-authority", "client-certificate", "client-key", "tokenFile", "exec",
                                    "proxy-url", "insecure-skip-tls-verify"})
                if (entry.body[key])
                    return fail(ErrorCode::InvalidArgument, "\"" + name + "\" has " + key, entry.place(),
                                "write everything into it, as `kubectl config view --minify --flatten --raw` does");
    return {};
}

Result<ClusterAccess> inClusterAccess(const KubeEnvironment& environment) {
    auto host = environment.variable("KUBERNETES_SERVICE_HOST"), port = environment.variable("KUBERNETES_SERVICE_PORT");
    if (!host || host->empty())
        return fail(ErrorCode::NotFound, "no cluster is configured: there is no kubeconfig, and this is no Pod", {},
                    "set KUBECONFIG, write ~/.kube/config, or run `klaw run --demo`");
    ClusterAccess access;
    access.name = "in-cluster";
    access.source = environment.serviceAccountDirectory;
    bool v6 = host->find(':') != std::string::npos;
    access.server = "https://" + (v6 ? "[" + *host + "]" : *host) + ":" + port.value_or("443");
    fs::path directory(environment.serviceAccountDirectory);
    auto ca = readFile(directory / "ca.crt", access.source);
    if (!ca) return fail(std::move(ca).error().within("the Pod has no service account"));
    access.caPem = std::move(*ca);
    access.tokenFile = (directory / "token").string();
    return access;
}

}  // namespace

KubeEnvironment processEnvironment() {
    KubeEnvironment environment;
    environment.variable = [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value ? std::optional<std::string>(value) : std::nullopt;
    };
    return environment;
}

namespace {

struct Found {
    Kubeconfig config;
    bool any = false;
};

Result<Found> findKubeconfig(const KubeEnvironment& environment, const AccessQuery& query) {
    bool explicitly = false;
    Found found;
    for (const auto& file : kubeconfigFiles(environment, query, explicitly)) {
        std::error_code ignored;
        bool listed =
            explicitly && query.kubeconfig.empty();  // a missing file of the list is left out, as kubectl does
        if ((listed || !explicitly) && !fs::exists(file, ignored)) continue;
        found.any = true;
        found.config.files += (found.config.files.empty() ? "" : ":") + file.string();
        if (auto added = addFile(file, found.config); !added) return fail(std::move(added).error());
    }
    if (!found.any && explicitly)
        return fail(ErrorCode::InvalidArgument, "none of the files that KUBECONFIG names exists",
                    environment.variable("KUBECONFIG").value_or(""), "mend KUBECONFIG or unset it");
    return found;
}

Error noCurrentContext(const std::string& files) {
    return Error(ErrorCode::InvalidArgument, "the kubeconfig has no current context", files,
                 "choose one with `kubectl config use-context` or `context:`");
}

}  // namespace

Result<ClusterAccess> resolveAccess(const KubeEnvironment& environment, const AccessQuery& query) {
    if (query.inCluster) return inClusterAccess(environment);
    auto found = findKubeconfig(environment, query);
    if (!found) return fail(std::move(found).error());
    if (!found->any) return inClusterAccess(environment);
    const auto& config = found->config;
    auto context = query.context.empty() ? config.currentContext : query.context;
    if (!context.empty()) return accessOf(config, context);
    if (config.contexts.empty() && environment.variable("KUBERNETES_SERVICE_HOST")) return inClusterAccess(environment);
    return fail(noCurrentContext(config.files));
}

Result<std::vector<ClusterAccess>> resolveAll(const KubeEnvironment& environment, const AccessQuery& query) {
    auto found = findKubeconfig(environment, query);
    if (!found) return fail(std::move(found).error());
    std::vector<ClusterAccess> all;
    for (const auto& [name, entry] : found->config.contexts) {
        auto access = accessOf(found->config, name);
        if (!access) return fail(std::move(access).error());
        all.push_back(std::move(*access));
    }
    return all;
}

Result<ClusterAccess> accessFromText(const std::string& kubeconfig, const std::string& source,
                                     const std::string& context) {
    Kubeconfig config;
    config.files = source;
    if (auto added = addText(kubeconfig, source, config); !added) return fail(std::move(added).error());
    if (auto alone = checkSelfContained(config); !alone) return fail(std::move(alone).error());
    auto chosen = context.empty() ? config.currentContext : context;
    if (chosen.empty()) return fail(noCurrentContext(source));
    auto access = accessOf(config, chosen);
    if (access && access->server.starts_with("http://"))
        return fail(ErrorCode::InvalidArgument, "the server " + access->server + " is without TLS", source,
                    "write https:// and the certificate authority");
    return access;
}

}  // namespace klaw::kube
