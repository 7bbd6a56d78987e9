#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace klaw::notifiers::feishu {

/// What the long connection carries both ways: the protobuf message `pbbp2.Frame` (proto2) of the platform's official
/// clients, whose first four fields are required.
struct Frame {
    static constexpr std::int32_t control = 0, data = 1;  ///< methods

    std::uint64_t seqId = 0;
    std::uint64_t logId = 0;
    std::int32_t service = 0;
    std::int32_t method = control;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string payloadEncoding;  ///< this and the following: empty is absent
    std::string payloadType;
    std::string payload;
    std::string logIdNew;

    /// The first of that name; empty where there is none.
    std::string_view header(std::string_view name) const;
    friend bool operator==(const Frame&, const Frame&) = default;
};

std::string encodeFrame(const Frame& frame);
/// InvalidArgument for truncated or malformed bytes and missing required fields. Unknown fields are skipped.
Result<Frame> decodeFrame(std::string_view bytes);

}  // namespace klaw::notifiers::feishu
