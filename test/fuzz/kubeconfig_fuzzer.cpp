// Kubeconfigs of any bytes, two of them merged where a NUL parts them: a cluster or an error that says where, never an
// exception, and nothing read that cannot be read to its end.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "agent/kube/kubeconfig.hpp"

namespace {

namespace fs = std::filesystem;
using namespace klaw;
using namespace klaw::kube;

/// Made once, with files that the seeds name.
const fs::path& directory() {
    static const fs::path made = [] {
        auto pattern = (fs::temp_directory_path() / "klaw-kubeconfig-XXXXXX").string();
        fs::path path = mkdtemp(pattern.data());
        std::ofstream(path / "ca.crt") << "PEM";
        static struct Removal {
            fs::path path;
            ~Removal() { fs::remove_all(path); }
        } removal{path};
        return path;
    }();
    return made;
}

void write(const fs::path& file, std::string_view text) {
    std::ofstream(file, std::ios::binary) << text;
}

void check(const Result<ClusterAccess>& access) {
    if (!access) {
        const auto& error = access.error();
        bool found = error.place.empty() || error.place.find(directory().string()) != std::string::npos;
        if (error.message.empty() || !found) std::abort();  // people could not find the mistake
        return;
    }
    if (!access->server.starts_with("http://") && !access->server.starts_with("https://")) std::abort();
    if (access->clientCertPem.empty() != access->clientKeyPem.empty()) std::abort();
    if (access->exec && access->exec->command.empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    auto end = std::min(text.find('\0'), text.size());
    auto first = directory() / "first", second = directory() / "second";
    write(first, text.substr(0, end));
    write(second, text.substr(std::min(end + 1, size)));
    KubeEnvironment environment;
    environment.serviceAccountDirectory = (directory() / "none").string();
    environment.variable = [&](const std::string& name) -> std::optional<std::string> {
        if (name == "KUBECONFIG") return first.string() + ":" + second.string();
        return std::nullopt;
    };
    check(resolveAccess(environment, {}));
    check(resolveAccess(environment, {first.string(), "a", false}));
    return 0;
}
