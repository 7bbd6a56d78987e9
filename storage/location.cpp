#include "storage/location.hpp"

#include "storage/postgres/postgres_server.hpp"

namespace klaw::storage {

Result<Location> Location::postgres(const std::string& url) {
    auto server = PostgresServer::at(url);
    if (!server) return fail(std::move(server).error());
    Location location((*server)->place());
    location.server_ = std::move(*server);
    return location;
}

}  // namespace klaw::storage
