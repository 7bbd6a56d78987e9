#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "test/unit/storage/fixture.hpp"

namespace klaw::storage::testing {

/// A PostgreSQL server of the system's package on files that go with it, reached over a socket in their directory.
/// Where the program runs as root, the server runs as the user `postgres`.
class ServerProcess {
public:
    /// Why no server can be made here; empty when one can.
    static std::string missing();

    ServerProcess();
    ~ServerProcess();
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;

    /// Waits until it answers.
    void start();  ///< on the main thread: it ends with the one that started it
    /// As `pg_ctl stop -m fast`: sessions are ended.
    void stop();
    /// As a machine without power, but for the disk's cache.
    void crash();
    /// The address of a new schema.
    std::string newSchema();
    /// As the owner of everything.
    void run(const std::string& url, const std::string& sql);
    std::string value(const std::string& url, const std::string& sql);
    std::string url(const std::string& schema = "public") const;

private:
    void end(int signal);
    std::vector<std::string> asServer(std::vector<std::string> command) const;

    TemporaryDirectory directory_;
    pid_t process_ = -1;
    int schemas_ = 0;
};

/// That of the whole program.
ServerProcess& server();

}  // namespace klaw::storage::testing
