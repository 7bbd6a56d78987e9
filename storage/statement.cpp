#include "storage/statement.hpp"

#include "base/text/utf8.hpp"
#include "storage/statement_cache.hpp"

namespace klaw::storage {

Statement::Statement(std::shared_ptr<StatementCache> cache, std::string_view sql,
                     std::unique_ptr<PreparedStatement> prepared)
    : cache_(std::move(cache)), sql_(sql), prepared_(std::move(prepared)) {}

Statement::~Statement() {
    if (prepared_) cache_->giveBack(sql_, std::move(prepared_));
}

Statement& Statement::bind(int parameter, std::nullptr_t) {
    prepared_->bindNull(parameter);
    return *this;
}

Statement& Statement::bind(int parameter, std::int64_t value) {
    prepared_->bindInteger(parameter, value);
    return *this;
}

Statement& Statement::bind(int parameter, double value) {
    prepared_->bindReal(parameter, value);
    return *this;
}

Statement& Statement::bind(int parameter, std::string_view value) {
    if (isValidUtf8(value))
        prepared_->bindText(parameter, value);
    else
        prepared_->bindText(parameter, validUtf8(value));
    return *this;
}

Result<bool> Statement::step() {
    return prepared_->step();
}

Result<void> Statement::run() {
    for (;;) {
        auto more = step();
        if (!more) return fail(std::move(more).error());
        if (*more) continue;
        reset();
        return {};
    }
}

void Statement::reset() {
    prepared_->reset();
}

bool Statement::isNull(int column) const {
    return prepared_->isNull(column);
}

std::int64_t Statement::integer(int column) const {
    return prepared_->integer(column);
}

double Statement::real(int column) const {
    return prepared_->real(column);
}

std::string Statement::text(int column) const {
    return prepared_->text(column);
}

std::optional<TimePoint> Statement::optionalTime(int column) const {
    if (isNull(column)) return std::nullopt;
    return time(column);
}

}  // namespace klaw::storage
