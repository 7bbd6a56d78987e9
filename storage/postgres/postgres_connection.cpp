#include "storage/postgres/postgres_connection.hpp"

#include <array>
#include <charconv>
#include <pqxx/pqxx>
#include <utility>
#include <vector>

#include "storage/postgres/deadline.hpp"
#include "storage/postgres/postgres_error.hpp"
#include "storage/postgres/postgres_text.hpp"
#include "storage/storage_error.hpp"

namespace klaw::storage {
namespace {

/// "KLAW": of the advisory locks that agents take, beside a number of the schema.
constexpr std::string_view lockSpace = "1263288663";
constexpr Duration unlimited = 24h;
/// How much later than the server this side gives up.
constexpr Duration grace = 1s;

std::int64_t milliseconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

std::string settings(const PostgresOptions& options) {
    auto set = [](std::string_view name, const std::string& value) {
        return "SET " + std::string(name) + " = " + value + ";";
    };
    return set("lock_timeout", std::to_string(milliseconds(options.lockTimeout))) +
           set("statement_timeout", std::to_string(milliseconds(options.answerWithin))) +
           // One that was cut off in the middle of a transaction must not keep its successor waiting.
           set("idle_in_transaction_session_timeout", "10000") + set("tcp_keepalives_idle", "10") +
           set("tcp_keepalives_interval", "5") + set("tcp_keepalives_count", "3") + set("client_encoding", "'UTF8'") +
           set("client_min_messages", "error") + set("standard_conforming_strings", "on") +
           set("default_transaction_isolation", "'read committed'") +
           set("default_transaction_read_only", options.readOnly ? "on" : "off") +
           "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";
}

template <class Number>
Number parsed(std::string_view text) {
    Number value{};
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

template <class Number>
std::string written(Number value) {
    std::array<char, 40> text{};
    auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return {text.data(), end};
}

/// A null pointer is NULL.
auto argumentsOf(const std::vector<const char*>& values) {
#if PQXX_VERSION_MAJOR < 7
    return pqxx::prepare::make_dynamic_params(values);
#else
    pqxx::params arguments;
    arguments.append_multi(values);
    return arguments;
#endif
}

}  // namespace

/// One connection with what belongs to it.
class PostgresConnection::Session {
public:
    explicit Session(const std::string& url) : connection_(url) {
#if PQXX_VERSION_MAJOR < 7  // later ones never do it
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
        connection_.inhibit_reactivation(true);  // a transaction must not go on in another session
#pragma GCC diagnostic pop
#endif
        session_ = std::make_unique<pqxx::nontransaction>(connection_);
    }
    ~Session() { disarm(); }

    pqxx::connection& connection() { return connection_; }
    pqxx::nontransaction& statements() { return *session_; }
    bool isOpen() const { return connection_.is_open(); }
    void arm(Duration limit) { deadline_.arm(connection_.sock(), limit); }
    bool disarm() { return deadline_.disarm(); }

private:
    pqxx::connection connection_;
    pqxx::quiet_errorhandler quiet_{connection_};
    std::unique_ptr<pqxx::nontransaction> session_;
    Deadline deadline_;
};

/// All rows of it are on this side once it has been stepped.
class PostgresConnection::Prepared final : public PreparedStatement {
public:
    Prepared(PostgresConnection& connection, std::string name, std::string sql)
        : connection_(connection), name_(std::move(name)), sql_(std::move(sql)) {}

    void bindNull(int parameter) override { at(parameter).reset(); }
    void bindInteger(int parameter, std::int64_t value) override { at(parameter) = written(value); }
    void bindReal(int parameter, double value) override { at(parameter) = written(value); }
    void bindText(int parameter, std::string_view value) override { at(parameter) = toPostgresText(value); }

    Result<bool> step() override {
        if (ran_) return ++row_ < result_.size();
        auto& connection = connection_;
        auto done = run();
        bool again = !done && !connection.isConnected() && !connection.inTransaction_ && connection.options_.readOnly;
        if (again && connection.connect()) done = run();
        if (!done) return fail(std::move(done).error());
        connection.changes_ = static_cast<std::int64_t>(result_.affected_rows());
        ran_ = true;
        row_ = 0;
        return !result_.empty();
    }
    void reset() override {
        ran_ = false;
        result_ = pqxx::result();
    }
    void clear() override {
        reset();
        parameters_.clear();
    }

    bool isNull(int column) const override { return field(column).is_null(); }
    std::int64_t integer(int column) const override { return parsed<std::int64_t>(bytes(column)); }
    double real(int column) const override { return parsed<double>(bytes(column)); }
    std::string text(int column) const override { return fromPostgresText(bytes(column)); }

private:
    std::optional<std::string>& at(int parameter) {
        auto index = static_cast<std::size_t>(parameter - 1);
        if (index >= parameters_.size()) parameters_.resize(index + 1);
        return parameters_[index];
    }
    pqxx::field field(int column) const { return result_[row_][column]; }
    std::string_view bytes(int column) const {
        auto found = field(column);
        return {found.c_str(), found.size()};
    }

    Result<void> run() {
        return connection_.guarded([this](Session& session) {
            if (preparedIn_ != connection_.sessions_) {
                session.connection().prepare(name_, sql_);
                preparedIn_ = connection_.sessions_;
            }
            std::vector<const char*> values;
            values.reserve(parameters_.size());
            for (const auto& each : parameters_) values.push_back(each ? each->c_str() : nullptr);
            result_ = session.statements().exec_prepared(name_, argumentsOf(values));
        });
    }

    PostgresConnection& connection_;
    const std::string name_, sql_;
    std::uint64_t preparedIn_ = 0;
    std::vector<std::optional<std::string>> parameters_;
    pqxx::result result_;
    pqxx::result::size_type row_ = 0;
    bool ran_ = false;
};

PostgresConnection::PostgresConnection(std::string url, std::string place, const PostgresOptions& options)
    : url_(std::move(url)), place_(std::move(place)), options_(options) {}

PostgresConnection::~PostgresConnection() = default;

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const std::string& url, const std::string& place,
                                                                     const PostgresOptions& options) {
    std::unique_ptr<PostgresConnection> connection(new PostgresConnection(url, place, options));
    if (auto connected = connection->connect(); !connected) return fail(std::move(connected).error());
    return connection;
}

Result<void> PostgresConnection::connect() {
    session_.reset();
    inTransaction_ = false;
    try {
        session_ = std::make_unique<Session>(url_);
        ++sessions_;
    } catch (const std::exception& failure) {
        return fail(postgresUnreachable(failure.what(), place_));
    }
    std::string encoding;
    auto set = guarded([&](Session& session) {
        session.statements().exec(settings(options_));
        encoding = session.statements().exec("SHOW server_encoding")[0][0].c_str();
    });
    if (set && encoding != "UTF8")
        set = fail(ErrorCode::Unsupported, "the database has the encoding " + encoding, place_,
                   "make one with ENCODING 'UTF8'");
    if (set && keepsOthersOut_) set = lockOthersOut();
    if (!set) session_.reset();
    return set;
}

bool PostgresConnection::isConnected() const {
    return session_ && session_->isOpen();
}

Result<void> PostgresConnection::ensureConnected() {
    return isConnected() ? Result<void>() : connect();
}

template <class Call>
Result<void> PostgresConnection::guarded(Call&& call) {
    if (!session_) return fail(postgresUnreachable("the connection is lost", place_));
    bool limited = options_.answerWithin > Duration::zero();
    session_->arm(limited ? options_.answerWithin + grace : unlimited);
    std::optional<Error> failure;
    try {
        call(*session_);
    } catch (const pqxx::broken_connection& broken) {
        failure = postgresUnreachable(broken.what(), place_);
    } catch (const pqxx::sql_error& refused) {
        failure = postgresError(refused.sqlstate(), refused.what(), place_);
    } catch (const std::exception& other) {
        failure = Error(ErrorCode::Internal, std::string("PostgreSQL: ") + other.what(), place_);
    }
    bool late = session_->disarm();
    if (!failure) return {};
    if (late) failure = postgresTooSlow(place_);
    if (late || !session_->isOpen()) {
        session_.reset();
        inTransaction_ = false;
        if (!isEnvironmental(*failure)) failure = postgresUnreachable(failure->message, place_);
    }
    return fail(std::move(*failure));
}

Result<std::unique_ptr<PreparedStatement>> PostgresConnection::prepare(std::string_view sql) {
    return std::make_unique<Prepared>(*this, "klaw_" + std::to_string(++statements_), withPostgresParameters(sql));
}

Result<void> PostgresConnection::execute(std::string_view sql) {
    return guarded([&](Session& session) {
        auto result = session.statements().exec(std::string(sql));
        changes_ = static_cast<std::int64_t>(result.affected_rows());
        if (sql.starts_with("ROLLBACK") && !sql.starts_with("ROLLBACK TO")) inTransaction_ = false;
    });
}

/// In a new session, where the old one turns out to be gone.
Result<void> PostgresConnection::beginWith(std::string_view sql) {
    if (auto connected = ensureConnected(); !connected) return connected;
    auto begun = execute(sql);
    if (!begun && !isConnected()) {
        if (auto connected = connect(); !connected) return connected;
        begun = execute(sql);
    }
    inTransaction_ = begun.has_value();
    return begun;
}

/// The row of the leader is locked until the end: who takes over waits for this transaction, and this one sees who has.
Result<void> PostgresConnection::begin(std::optional<std::int64_t> term) {
    auto begun = beginWith("BEGIN");
    if (!begun) return begun;
    std::int64_t current = 0;
    auto counted = guarded([&](Session& session) {
        auto row =
            session.statements().exec1("UPDATE leadership SET writes = writes + 1 WHERE id = 1 RETURNING term, writes");
        current = parsed<std::int64_t>(row[0].c_str());
        writes_ = parsed<std::int64_t>(row[1].c_str());
    });
    if (counted && (!term || *term == current)) return {};
    if (isConnected()) static_cast<void>(execute("ROLLBACK"));
    return counted ? fail(overtaken(place_)) : counted;
}

Result<void> PostgresConnection::beginSchemaChange() {
    auto begun = beginWith("BEGIN");
    if (!begun) return begun;
    auto alone =
        execute("SELECT pg_advisory_xact_lock(" + std::string(lockSpace) + " + 1, hashtext(current_schema()))");
    if (!alone && isConnected()) static_cast<void>(execute("ROLLBACK"));
    return alone;
}

Result<void> PostgresConnection::beginReading() {
    return beginWith("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

Result<void> PostgresConnection::commit() {
    // COMMIT alone says that it is done also where the transaction has failed before.
    auto committed = guarded([](Session& session) { session.statements().exec("SELECT 1; COMMIT"); });
    commitInDoubt_ = !committed && !isConnected();
    if (committed || commitInDoubt_) inTransaction_ = false;
    return committed;
}

Result<bool> PostgresConnection::lastCommitLanded(std::optional<std::int64_t> term) {
    if (auto connected = ensureConnected(); !connected) return fail(std::move(connected).error());
    std::int64_t current = 0, writes = 0;
    auto read = guarded([&](Session& session) {
        // Waits for the old session, should the server still be at it.
        auto row = session.statements().exec1("SELECT term, writes FROM leadership WHERE id = 1 FOR UPDATE");
        current = parsed<std::int64_t>(row[0].c_str());
        writes = parsed<std::int64_t>(row[1].c_str());
    });
    if (!read) return fail(std::move(read).error());
    commitInDoubt_ = false;
    if (term && *term != current) return fail(overtaken(place_));
    return writes >= writes_;
}

Result<void> PostgresConnection::keepOthersOut() {
    auto locked = lockOthersOut();
    keepsOthersOut_ = locked.has_value();
    return locked;
}

Result<void> PostgresConnection::lockOthersOut() {
    // Waits a little: the server may not know yet that the session of an agent that was killed is over.
    auto locked = execute("SELECT pg_advisory_lock(" + std::string(lockSpace) + ", hashtext(current_schema()))");
    if (locked || !isConnected()) return locked;
    return fail(Error(ErrorCode::Conflict, "another agent uses this database", place_,
                      "stop it, or give this one a database or schema of its own"));
}

Result<std::int64_t> PostgresConnection::integer(std::string_view sql) {
    std::int64_t value = 0;
    auto read = guarded([&](Session& session) {
        auto rows = session.statements().exec(std::string(sql));
        if (!rows.empty()) value = parsed<std::int64_t>(rows[0][0].c_str());
    });
    if (!read) return fail(std::move(read).error());
    return value;
}

Result<int> PostgresConnection::schemaVersion() {
    auto stamped = integer("SELECT count(*) FROM pg_class WHERE oid = to_regclass('klaw_schema')");
    if (!stamped) return fail(std::move(stamped).error());
    if (*stamped == 0) {
        auto strangers = integer(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name IN "
            "('alerts', 'incidents', 'audit', 'meta', 'deliveries')");
        if (!strangers) return fail(std::move(strangers).error());
        if (*strangers == 0) return 0;
        return fail(ErrorCode::Unsupported, "this is a database of another program", place_,
                    "give Klaw a database or schema of its own");
    }
    auto version = integer("SELECT version FROM klaw_schema");
    if (!version) return fail(std::move(version).error());
    return static_cast<int>(*version);
}

Result<void> PostgresConnection::setSchemaVersion(int version) {
    return execute(
        "CREATE TABLE IF NOT EXISTS klaw_schema (id bigint PRIMARY KEY CHECK (id = 1), version bigint NOT NULL);"
        "INSERT INTO klaw_schema VALUES (1, " +
        std::to_string(version) + ") ON CONFLICT (id) DO UPDATE SET version = excluded.version");
}

/// The server looks after its files.
Result<void> PostgresConnection::verify(FileCheck) {
    return ensureConnected();
}

Result<std::int64_t> PostgresConnection::sizeInBytes() {
    return integer(
        "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c WHERE c.relkind = 'r' AND "
        "c.relnamespace = current_schema()::regnamespace");
}

}  // namespace klaw::storage
