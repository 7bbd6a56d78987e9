#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace klaw::notifiers::feishu {

/// Joins messages that come in several frames, in any order. What does not come together in time is dropped.
class Fragments {
public:
    static constexpr Duration lifetime = 10s;  ///< since the first of a message
    static constexpr std::size_t maxParts = 1000, maxOpen = 64, maxBytes = 8u << 20;

    /// The whole message once its last part is in. InvalidArgument for parts that cannot be; ResourceExhausted for too
    /// much at once, which drops the message.
    Result<std::optional<std::string>> add(const std::string& message, std::size_t count, std::size_t index,
                                           std::string payload, TimePoint now);
    std::size_t open() const { return open_.size(); }
    std::size_t expired() const { return expired_; }  ///< messages dropped so far

private:
    struct Parts {
        std::vector<std::optional<std::string>> parts;
        std::size_t missing = 0;
        TimePoint since{};
    };
    void forgetOld(TimePoint now);

    std::map<std::string, Parts> open_;
    std::size_t bytes_ = 0;
    std::size_t expired_ = 0;
};

}  // namespace klaw::notifiers::feishu
