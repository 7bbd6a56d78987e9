#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/net/token_bucket.hpp"
#include "notifiers/notifier.hpp"

namespace klaw::notifiers {

/// What an application, or a robot without one, may call: at what rate in all of its chats together, and how often in
/// a month. The month is that of the platforms' own time, UTC+8. Shared by everything that calls for it. On the loop
/// thread.
class Account {
public:
    enum class Allowance {
        Plenty,
        Scarce,  ///< four fifths of the month's calls are made
        Spent,   ///< all of them; the platform may still take some
    };

    /// `name` is unique among accounts; `clock` outlives it.
    Account(std::string name, const Clock& clock, const std::vector<CallBudget>& budgets = {});

    const std::string& name() const { return name_; }
    /// nullopt: calls are counted only.
    void limitMonth(std::optional<std::uint64_t> calls) { callsPerMonth_ = calls; }
    /// A call leaves. Also what nobody else knows of: for tokens, for names of people, second tries.
    void count();
    std::uint64_t used() const;                 ///< in the month that runs
    std::optional<std::uint64_t> left() const;  ///< nullopt without a limit
    Allowance allowance() const;

    /// Of the rate.
    TimePoint readyAt(TimePoint now) const;
    void take(TimePoint now);

    /// "2026-11 1234", to be kept over restarts; empty before the first call. Taken back unless calls were counted
    /// before.
    std::string toText() const;
    void restore(std::string_view text);

private:
    std::string name_;
    const Clock& clock_;
    std::vector<net::TokenBucket> budgets_;
    std::optional<std::uint64_t> callsPerMonth_;
    std::string month_;  ///< of `used_`
    std::uint64_t used_ = 0;
};

}  // namespace klaw::notifiers
