#include "storage/postgres/postgres_server.hpp"

#include <algorithm>
#include <string_view>

#include "storage/postgres/postgres_connection.hpp"
#include "storage/statement_cache.hpp"

namespace klaw::storage {
namespace {

constexpr std::size_t mostIdle = 4;
constexpr auto failureHolds = std::chrono::seconds(2);

/// Without user, password and options, which may hold secrets.
std::string placeOf(std::string_view url) {
    auto scheme = url.substr(0, url.find("//") + 2);
    auto rest = url.substr(scheme.size());
    rest = rest.substr(0, rest.find('?'));
    if (auto at = rest.rfind('@'); at != std::string_view::npos) rest = rest.substr(at + 1);
    return std::string(scheme) + std::string(rest);
}

/// Unless the address itself says otherwise.
void addOption(std::string& url, std::string_view name, std::string_view value) {
    if (url.find(std::string(name) + "=") != std::string::npos) return;
    url += (url.find('?') == std::string::npos ? "?" : "&") + std::string(name) + "=" + std::string(value);
}

}  // namespace

Result<std::shared_ptr<PostgresServer>> PostgresServer::at(const std::string& url) {
    std::string_view text = url;
    bool known = text.starts_with("postgresql://") || text.starts_with("postgres://");
    bool whole = std::ranges::none_of(text, [](unsigned char c) { return c <= ' '; });
    if (!known || !whole)
        return fail(ErrorCode::InvalidArgument, "this is no address of a PostgreSQL database", {},
                    "write postgresql://user:password@host:5432/database");
    auto full = url;
    addOption(full, "application_name", "klaw");
    addOption(full, "connect_timeout", "2");
    addOption(full, "keepalives_idle", "10");
    addOption(full, "keepalives_interval", "5");
    addOption(full, "keepalives_count", "3");
    return std::shared_ptr<PostgresServer>(new PostgresServer(std::move(full), placeOf(url)));
}

Result<std::shared_ptr<StatementCache>> PostgresServer::connect(const PostgresOptions& options) const {
    auto connection = PostgresConnection::open(url_, place_, options);
    if (!connection) return fail(std::move(connection).error());
    return std::make_shared<StatementCache>(std::move(*connection));
}

std::shared_ptr<StatementCache> PostgresServer::takeIdle() {
    std::lock_guard lock(mutex_);
    if (idle_.empty()) return nullptr;
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
}

void PostgresServer::giveBack(std::shared_ptr<StatementCache> connection) {
    std::lock_guard lock(mutex_);
    if (idle_.size() < mostIdle) idle_.push_back(std::move(connection));
}

std::optional<Error> PostgresServer::lastFailure() const {
    std::lock_guard lock(mutex_);
    bool recent = failure_ && std::chrono::steady_clock::now() - failedAt_ < failureHolds;
    return recent ? failure_ : std::nullopt;
}

void PostgresServer::noteFailure(const Error& error) {
    std::lock_guard lock(mutex_);
    failure_ = error;
    failedAt_ = std::chrono::steady_clock::now();
}

}  // namespace klaw::storage
