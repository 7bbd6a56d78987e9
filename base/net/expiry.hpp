#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>

#include "base/net/byte_stream.hpp"
#include "base/time.hpp"

namespace klaw::net {

/// One deadline for several steps: when it passes, it runs the action of the step under way, which makes that step end.
/// In real (monotonic) time. Disarmed when destroyed.
class Expiry {
public:
    explicit Expiry(const boost::asio::any_io_executor& executor);
    ~Expiry();
    Expiry(const Expiry&) = delete;
    Expiry& operator=(const Expiry&) = delete;

    void arm(Duration after);
    void disarm();
    bool passed() const;
    Duration left() const;

    /// Replaces the action; runs it at once when the deadline has passed already.
    void setAction(std::function<void()> action);
    void guard(const std::shared_ptr<ByteStream>& stream);  ///< the action: abort that stream

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace klaw::net
