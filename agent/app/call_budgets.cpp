#include "agent/app/call_budgets.hpp"

namespace klaw::app {
namespace {

/// Of an application in all of its chats together, below what the platforms allow (20 a second, 50 a second and 1000 a
/// minute).
std::vector<notifiers::CallBudget> ratesOf(ChannelConfig::Type type) {
    if (type == ChannelConfig::Type::DingTalk) return {{15, 1s}};
    return {{40, 1s}, {800, 60s}};
}

bool isMetered(const ChannelConfig& channel) {
    bool platform = channel.type == ChannelConfig::Type::DingTalk || channel.type == ChannelConfig::Type::Feishu;
    return platform && channel.app.empty();
}

std::string keyOf(const std::string& name) {
    return "calls." + name;
}

}  // namespace

void CallBudgets::follow(const Config& config) {
    for (auto& [name, account] : std::exchange(accounts_, {})) gone_.insert_or_assign(name, std::move(account));
    for (const auto& app : config.apps) open(app.name, ratesOf(app.type), app.callsPerMonth);
    for (const auto& channel : config.channels)
        if (isMetered(channel)) open(channel.name, {}, channel.callsPerMonth);
}

void CallBudgets::open(const std::string& name, const std::vector<notifiers::CallBudget>& budgets,
                       std::optional<std::uint64_t> callsPerMonth) {
    auto known = gone_.extract(name);
    auto account = known ? std::move(known.mapped()) : nullptr;
    if (!account) {
        account = std::make_shared<notifiers::Account>(name, clock_, budgets);
        if (auto stored = stored_.find(keyOf(name)); stored != stored_.end()) account->restore(stored->second);
    }
    account->limitMonth(callsPerMonth);
    accounts_.emplace(name, std::move(account));
}

std::shared_ptr<notifiers::Account> CallBudgets::of(const std::string& name) const {
    auto found = accounts_.find(name);
    return found == accounts_.end() ? nullptr : found->second;
}

std::vector<storage::MetaEntry> CallBudgets::meta() const {
    std::vector<storage::MetaEntry> entries;
    for (const auto& [name, account] : accounts_) entries.push_back({keyOf(name), account->toText()});
    return entries;
}

std::vector<std::shared_ptr<const notifiers::Account>> CallBudgets::all() const {
    std::vector<std::shared_ptr<const notifiers::Account>> accounts;
    for (const auto& [name, account] : accounts_) accounts.push_back(account);
    return accounts;
}

}  // namespace klaw::app
