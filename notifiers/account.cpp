#include "notifiers/account.hpp"

#include <algorithm>
#include <charconv>

namespace klaw::notifiers {
namespace {

constexpr Duration platformTime = 8h;
constexpr std::size_t monthLength = 7;  ///< "2026-11"

std::string monthOf(TimePoint now) {
    return formatRfc3339(now + platformTime).substr(0, monthLength);
}

}  // namespace

Account::Account(std::string name, const Clock& clock, const std::vector<CallBudget>& budgets)
    : name_(std::move(name)), clock_(clock) {
    for (const auto& budget : budgets) budgets_.emplace_back(budget.count, budget.window);
}

void Account::count() {
    auto month = monthOf(clock_.now());
    if (month != month_) used_ = 0;
    month_ = std::move(month);
    ++used_;
}

std::uint64_t Account::used() const {
    return month_ == monthOf(clock_.now()) ? used_ : 0;
}

std::optional<std::uint64_t> Account::left() const {
    if (!callsPerMonth_) return std::nullopt;
    return *callsPerMonth_ - std::min(*callsPerMonth_, used());
}

Account::Allowance Account::allowance() const {
    if (!callsPerMonth_) return Allowance::Plenty;
    if (used() >= *callsPerMonth_) return Allowance::Spent;
    return used() >= *callsPerMonth_ - *callsPerMonth_ / 5 ? Allowance::Scarce : Allowance::Plenty;
}

TimePoint Account::readyAt(TimePoint now) const {
    TimePoint ready = now;
    for (const auto& budget : budgets_) ready = std::max(ready, budget.readyAt(now));
    return ready;
}

void Account::take(TimePoint now) {
    for (auto& budget : budgets_) budget.tryTake(now);
}

std::string Account::toText() const {
    return month_.empty() ? std::string() : month_ + " " + std::to_string(used_);
}

void Account::restore(std::string_view text) {
    if (!month_.empty() || text.size() < monthLength + 2 || text[monthLength] != ' ') return;
    auto number = text.substr(monthLength + 1);
    std::uint64_t used = 0;
    auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), used);
    if (error != std::errc() || end != number.data() + number.size()) return;
    month_ = text.substr(0, monthLength);
    used_ = used;
}

}  // namespace klaw::notifiers
