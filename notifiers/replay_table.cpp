#include "notifiers/replay_table.hpp"

#include <utility>

namespace klaw::notifiers {

bool ReplayTable::isNew(std::string signature, TimePoint now) {
    for (; !order_.empty() && (order_.front().first + keep_ < now || order_.size() >= most_); order_.pop_front())
        known_.erase(order_.front().second);
    if (!known_.insert(signature).second) return false;
    order_.emplace_back(now, std::move(signature));
    return true;
}

}  // namespace klaw::notifiers
