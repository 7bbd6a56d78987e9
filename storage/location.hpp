#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.hpp"

namespace klaw::storage {

class PostgresServer;

/// Where a database is: a file of SQLite, or in a PostgreSQL server. Cheap to copy; copies share idle connections.
class Location {
public:
    Location(std::string file) : place_(std::move(file)) {}                 // NOLINT(google-explicit-constructor)
    Location(const char* file) : place_(file) {}                            // NOLINT(google-explicit-constructor)
    Location(const std::filesystem::path& file) : place_(file.string()) {}  // NOLINT(google-explicit-constructor)
    /// postgresql://user:password@host:port/database?option=value, as libpq reads it.
    static Result<Location> postgres(const std::string& url);

    bool isPostgres() const { return server_ != nullptr; }
    /// The file; of a server the address without user, password and options.
    const std::string& place() const { return place_; }
    const std::shared_ptr<PostgresServer>& server() const { return server_; }

private:
    std::string place_;
    std::shared_ptr<PostgresServer> server_;
};

}  // namespace klaw::storage
