#include "base/net/token_bucket.hpp"

#include <algorithm>

namespace klaw::net {

TokenBucket::TokenBucket(unsigned burst, Duration window) : burst_(burst), window_(window) {
    taken_.reserve(burst);
}

bool TokenBucket::tryTake(TimePoint now) {
    auto back = setBack(now);
    for (auto& time : taken_) time -= back;
    if (readyAt(now) > now) return false;
    if (taken_.size() < burst_) {
        taken_.push_back(now);
    } else {
        taken_[next_] = now;
        next_ = (next_ + 1) % burst_;
    }
    return true;
}

TimePoint TokenBucket::readyAt(TimePoint now) const {
    if (burst_ == 0) return TimePoint::max();
    if (taken_.size() < burst_) return now;
    return std::max(now, taken_[next_] - setBack(now) + window_);
}

unsigned TokenBucket::available(TimePoint now) const {
    auto back = setBack(now);
    auto counts = [&](TimePoint time) { return time - back + window_ > now; };
    return burst_ - static_cast<unsigned>(std::count_if(taken_.begin(), taken_.end(), counts));
}

Duration TokenBucket::setBack(TimePoint now) const {
    if (taken_.empty()) return Duration::zero();
    auto newest = taken_[(next_ + taken_.size() - 1) % taken_.size()];
    return std::max(newest - now, Duration::zero());
}

}  // namespace klaw::net
