#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.hpp"
#include "base/time.hpp"
#include "storage/engine.hpp"

namespace klaw::storage {

class StatementCache;

/// A prepared statement, lent by Database and given back reset when it goes. Must not outlive its Database; one thread.
/// Parameters count from 1, columns from 0, whatever the engine. The first failed bind is reported by step().
class Statement {
public:
    Statement(std::shared_ptr<StatementCache> cache, std::string_view sql, std::unique_ptr<PreparedStatement> prepared);
    Statement(Statement&& other) noexcept = default;
    Statement& operator=(Statement&&) = delete;
    ~Statement();

    Statement& bind(int parameter, std::nullptr_t);
    Statement& bind(int parameter, std::int64_t value);
    Statement& bind(int parameter, double value);
    /// Malformed UTF-8 is stored as U+FFFD.
    Statement& bind(int parameter, std::string_view value);
    Statement& bind(int parameter, TimePoint value) { return bind(parameter, toUnixNanos(value)); }
    Statement& bind(int parameter, Duration value) { return bind(parameter, std::int64_t{value.count()}); }
    template <std::integral T>
    Statement& bind(int parameter, T value) {
        return bind(parameter, static_cast<std::int64_t>(value));
    }
    template <class T>
    Statement& bind(int parameter, const std::optional<T>& value) {
        return value ? bind(parameter, *value) : bind(parameter, nullptr);
    }
    template <class... Values>
    Statement& bindAll(const Values&... values) {
        int parameter = 0;
        (bind(++parameter, values), ...);
        return *this;
    }

    /// True while there is a row.
    Result<bool> step();
    /// Steps to the end, leaving rows unread, and resets.
    Result<void> run();
    void reset();

    bool isNull(int column) const;
    std::int64_t integer(int column) const;
    double real(int column) const;
    std::string text(int column) const;  ///< empty for NULL
    TimePoint time(int column) const { return fromUnixNanos(integer(column)); }
    std::optional<TimePoint> optionalTime(int column) const;

private:
    std::shared_ptr<StatementCache> cache_;
    std::string_view sql_;
    std::unique_ptr<PreparedStatement> prepared_;
};

}  // namespace klaw::storage
