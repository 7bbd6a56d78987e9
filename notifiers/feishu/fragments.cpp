#include "notifiers/feishu/fragments.hpp"

namespace klaw::notifiers::feishu {

void Fragments::forgetOld(TimePoint now) {
    for (auto at = open_.begin(); at != open_.end();) {
        if (at->second.since + lifetime > now) {
            ++at;
            continue;
        }
        for (const auto& part : at->second.parts) bytes_ -= part ? part->size() : 0;
        ++expired_;
        at = open_.erase(at);
    }
}

Result<std::optional<std::string>> Fragments::add(const std::string& message, std::size_t count, std::size_t index,
                                                  std::string payload, TimePoint now) {
    if (count == 1 && index == 0) return std::optional(std::move(payload));
    forgetOld(now);
    if (message.empty() || count == 0 || count > maxParts || index >= count)
        return fail(ErrorCode::InvalidArgument, "a fragment that cannot be");
    auto known = open_.find(message);
    if (known == open_.end()) {
        if (open_.size() >= maxOpen) return fail(ErrorCode::ResourceExhausted, "too many unfinished messages");
        known = open_.emplace(message, Parts{std::vector<std::optional<std::string>>(count), count, now}).first;
    }
    auto& [parts, missing, since] = known->second;
    if (parts.size() != count) return fail(ErrorCode::InvalidArgument, "fragments that do not agree on their number");
    auto& part = parts[index];
    bytes_ += payload.size();
    if (part)
        bytes_ -= part->size();
    else
        --missing;
    part = std::move(payload);
    bool tooMuch = bytes_ > maxBytes;
    if (missing > 0 && !tooMuch) return std::optional<std::string>();
    std::string whole;
    for (const auto& each : parts) {
        bytes_ -= each ? each->size() : 0;
        if (!tooMuch) whole += *each;
    }
    open_.erase(known);
    if (tooMuch) return fail(ErrorCode::ResourceExhausted, "unfinished messages of too many bytes");
    return std::optional(std::move(whole));
}

}  // namespace klaw::notifiers::feishu
