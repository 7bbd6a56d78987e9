#include "base/net/backoff.hpp"

#include <algorithm>

namespace klaw::net {

Duration Backoff::next() {
    auto delay = std::min(next_, limits_.longest);
    next_ = delay >= limits_.longest / 2 ? limits_.longest : delay * 2;
    auto half = static_cast<double>(delay.count()) / 2;
    return Duration(static_cast<Duration::rep>(half + half * random_.fraction()));
}

void Backoff::lived(Duration time) {
    if (time >= limits_.healthyAfter) reset();
}

}  // namespace klaw::net
