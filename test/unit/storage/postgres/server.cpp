#include "test/unit/storage/postgres/server.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <pqxx/pqxx>
#include <thread>
#include <utility>

namespace klaw::storage::testing {
namespace {

namespace fs = std::filesystem;

/// Where the newest version's programs are; Debian does not put them on the path.
fs::path programs() {
    std::vector<fs::path> found;
    std::error_code ignored;
    for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", ignored))
        if (fs::exists(version.path() / "bin/initdb")) found.push_back(version.path() / "bin");
    return found.empty() ? fs::path() : *std::ranges::max_element(found);
}

pid_t launch(const std::vector<std::string>& command, const std::string& log) {
    auto child = ::fork();
    if (child != 0) return child;
    int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    std::vector<char*> words;
    for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    ::execvp(words[0], words.data());
    ::_exit(127);
}

std::string contentOf(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

std::string ServerProcess::missing() {
    if (programs().empty()) return "no PostgreSQL server is installed (apt-get install postgresql)";
    if (::geteuid() == 0 && !::getpwnam("postgres"))
        return "there is no user postgres, and a server refuses to be root";
    return {};
}

ServerProcess::ServerProcess() {
    if (::geteuid() == 0) {
        const auto* user = ::getpwnam("postgres");
        if (::chown(directory_.path().c_str(), user->pw_uid, user->pw_gid) != 0)
            throw std::runtime_error("cannot give the directory to the server");
    }
    auto log = directory_.file("log");
    auto made = launch(asServer({programs() / "initdb", "-D", directory_.file("data"), "-U", "klaw", "-A", "trust",
                                 "-E", "UTF8", "--locale=C.UTF-8", "-N"}),
                       log);
    int status = 0;
    ::waitpid(made, &status, 0);
    if (status != 0) throw std::runtime_error("initdb failed: " + contentOf(log));
    start();
}

ServerProcess::~ServerProcess() {
    end(SIGQUIT);
}

/// Ends with the test program, however that ends.
std::vector<std::string> ServerProcess::asServer(std::vector<std::string> command) const {
    std::vector<std::string> words{"setpriv", "--pdeathsig", "INT"};
    if (::geteuid() == 0) words.insert(words.end(), {"--reuid=postgres", "--regid=postgres", "--init-groups"});
    std::ranges::move(command, std::back_inserter(words));
    return words;
}

void ServerProcess::start() {
    auto log = directory_.file("log");
    process_ = launch(
        asServer({programs() / "postgres", "-D", directory_.file("data"), "-k", directory_.path().string(), "-c",
                  "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=60", "-c", "shared_buffers=16MB"}),
        log);
    auto deadline = std::chrono::steady_clock::now() + 30s;
    for (;;) {
        try {
            const pqxx::connection answers(url());
            return;
        } catch (const std::exception& failure) {
            if (std::chrono::steady_clock::now() > deadline)
                throw std::runtime_error(std::string(failure.what()) + contentOf(log));
            std::this_thread::sleep_for(20ms);
        }
    }
}

void ServerProcess::stop() {
    end(SIGINT);
}

void ServerProcess::crash() {
    end(SIGQUIT);
}

void ServerProcess::end(int signal) {
    if (process_ < 0) return;
    ::kill(process_, signal);
    ::waitpid(std::exchange(process_, -1), nullptr, 0);
}

std::string ServerProcess::url(const std::string& schema) const {
    return "postgresql:///postgres?host=" + directory_.path().string() + "&user=klaw&options=-csearch_path%3D" + schema;
}

std::string ServerProcess::newSchema() {
    auto name = "test_" + std::to_string(++schemas_);
    run(url(), "CREATE SCHEMA " + name);
    return url(name);
}

void ServerProcess::run(const std::string& url, const std::string& sql) {
    pqxx::connection connection(url);
    pqxx::nontransaction statements(connection);
    statements.exec(sql);
}

std::string ServerProcess::value(const std::string& url, const std::string& sql) {
    pqxx::connection connection(url);
    pqxx::nontransaction statements(connection);
    auto rows = statements.exec(sql);
    return rows.empty() ? std::string() : rows[0][0].c_str();
}

ServerProcess& server() {
    static ServerProcess process;
    return process;
}

}  // namespace klaw::storage::testing
