#include "base/net/expiry.hpp"

#include <boost/asio/steady_timer.hpp>

namespace klaw::net {

struct Expiry::State {
    explicit State(const boost::asio::any_io_executor& executor) : timer(executor) {}

    void expire() {
        passed = true;
        auto run = std::move(action);
        action = nullptr;
        if (run) run();
    }

    boost::asio::steady_timer timer;
    std::function<void()> action;
    unsigned armings = 0;  ///< a timer's completion may be under way when it is cancelled
    bool passed = false;
};

Expiry::Expiry(const boost::asio::any_io_executor& executor) : state_(std::make_shared<State>(executor)) {}

Expiry::~Expiry() {
    state_->action = nullptr;
    disarm();
}

void Expiry::arm(Duration after) {
    state_->passed = false;
    state_->timer.expires_after(std::max(after, Duration::zero()));
    state_->timer.async_wait([state = state_, arming = ++state_->armings](boost::system::error_code) {
        if (state->armings == arming) state->expire();
    });
}

void Expiry::disarm() {
    ++state_->armings;
    state_->timer.cancel();
}

bool Expiry::passed() const {
    return state_->passed;
}

Duration Expiry::left() const {
    if (state_->passed) return Duration::zero();
    return std::max<Duration>(state_->timer.expiry() - std::chrono::steady_clock::now(), Duration::zero());
}

void Expiry::setAction(std::function<void()> action) {
    state_->action = std::move(action);
    if (state_->passed) state_->expire();
}

void Expiry::guard(const std::shared_ptr<ByteStream>& stream) {
    setAction([weak = std::weak_ptr(stream)] {
        if (auto alive = weak.lock()) alive->abort();
    });
}

}  // namespace klaw::net
